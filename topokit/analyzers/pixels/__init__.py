"""Parts of the input maps: what is asked of every input, against chance, and results that are images."""
