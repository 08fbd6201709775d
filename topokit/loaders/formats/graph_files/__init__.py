"""Files that hold a graph or a matrix as text."""
