"""Sparse evolutionary training (Mocanu et al., Nature Communications 9, 2018, Algorithm 1).

The smallest positive and the largest negative weights go; as many edges come anywhere, at random.
"""

from topokit.training.methods.drop import drop_signed
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_at_random
from topokit.training.methods.method import Method
from topokit.training.methods.timing import PERIODIC

SET = Method(name="set", rule=DropAndGrow(drop_signed, grow_at_random), timing=PERIODIC)
