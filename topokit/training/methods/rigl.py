"""RigL (Evci et al., Rigging the Lottery, ICML 2020, Algorithm 1): SET that grows where the gradient is largest."""

from dataclasses import replace

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.grow import grow_by_gradient
from topokit.training.methods.set import SET

RIGL = replace(SET, name="rigl", drop=drop_smallest, grow=grow_by_gradient, uses_gradient=True)
