"""Hostile files, read by a process of their own that has little memory and little time.

The parsers of some formats are native code, whose own faults no check of ours can rule out. What the process found
comes back as JSON and as plain arrays of NumPy, never as a pickle; if it crashes, that is one error here.
"""

from topokit.loaders.isolation.parent import inspect_isolated, load_isolated, open_isolated

__all__ = ["inspect_isolated", "load_isolated", "open_isolated"]
