"""Parts of the dormancy analyzers: paths from input to output, and degree against activity."""
