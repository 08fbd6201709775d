"""Sparse networks from scratch (Dettmers and Zettlemoyer 2019): SET that grows where the momentum is largest.

The momentum is gathered on all possible edges from the first step. With ``redistribute`` edges move to layers whose
edges have the larger mean momentum (their section 3.2), else they stay in their layer.

``snfs-masked`` gathers momentum on edges alone, as widely copied public code does. Only edges that just went have any
then, so every update grows back what it dropped and the wiring stays as it was drawn, but for edges from inputs that
never vary, which have none. It is here to tell results of such code from those of the method.
"""

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_by_momentum
from topokit.training.methods.method import Method
from topokit.training.methods.timing import PERIODIC

_RULE = DropAndGrow(drop_smallest, grow_by_momentum)

SNFS = Method(name="snfs", rule=_RULE, timing=PERIODIC, uses_momentum=True, dense_momentum=True)
"""Sparse networks from scratch (Dettmers and Zettlemoyer 2019): SET that grows where the momentum is largest."""

SNFS_MASKED = Method(name="snfs-masked", rule=_RULE, timing=PERIODIC, uses_momentum=True)
"""A defect of public code: momentum on edges alone, so that every update grows back what it dropped."""
