"""Parts of the comparison with chance."""
