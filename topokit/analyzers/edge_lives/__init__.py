"""Parts of the analyzers of time: which edges were born, kept and dropped between networks, and by what degree."""
