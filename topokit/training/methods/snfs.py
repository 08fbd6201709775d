"""Sparse networks from scratch (Dettmers and Zettlemoyer 2019): SET that grows where the momentum is largest.

The momentum is gathered on all possible edges from the first step. Where it is gathered on edges alone, only those
that just went have any, and every update grows back what it dropped. Edges stay in their layer.
"""

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_by_momentum
from topokit.training.methods.method import Method
from topokit.training.methods.timing import PERIODIC

SNFS = Method(name="snfs", rule=DropAndGrow(drop_smallest, grow_by_momentum), timing=PERIODIC, dense_momentum=True)
