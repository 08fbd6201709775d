"""RigL (Evci et al., Rigging the Lottery, ICML 2020, Algorithm 1): SET that grows where the gradient is largest."""

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_by_gradient
from topokit.training.methods.method import Method
from topokit.training.methods.timing import PERIODIC

RIGL = Method(name="rigl", rule=DropAndGrow(drop_smallest, grow_by_gradient), timing=PERIODIC, uses_gradient=True)
