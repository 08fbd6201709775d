"""Sparse networks from scratch (Dettmers and Zettlemoyer 2019): SET that grows where the momentum is largest.

The momentum is gathered on all possible edges from the first step. Where it is gathered on edges alone, only those
that just went have any, and every update grows back what it dropped. Edges stay in their layer.
"""

from dataclasses import replace

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.grow import grow_by_momentum
from topokit.training.methods.set import SET

SNFS = replace(SET, name="snfs", drop=drop_smallest, grow=grow_by_momentum, dense_momentum=True)
