"""Following the neurons of a network through its computation.

Every value of the computation carries, along its axes, the numbers of the neurons that it holds (`flow`). Operations
without weights only move these numbers about, so that splits, concatenations, flattening in either layout, shuffled
channels and grouped heads need no rules of their own. Operations with weights make a new layer and the blocks that
lead to it (`wiring`).
"""

from topokit.loaders.assembly.tracing.trace import trace
from topokit.loaders.assembly.tracing.wiring import Join, Wired, WiredBlock

__all__ = ["Join", "Wired", "WiredBlock", "trace"]
