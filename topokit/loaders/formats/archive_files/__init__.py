"""Checkpoints inside archives and compressed files."""
