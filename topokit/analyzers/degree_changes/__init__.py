"""Degrees of the same neurons at two times: how far they go together, and how far they would by chance."""
