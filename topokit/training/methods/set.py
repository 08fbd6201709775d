"""Sparse evolutionary training (Mocanu et al., Nature Communications 9, 2018, Algorithm 1).

The smallest positive and the largest negative weights go; as many edges come anywhere, at random.
"""

from topokit.training.methods.drop import drop_signed
from topokit.training.methods.grow import grow_at_random
from topokit.training.methods.method import Method

SET = Method(name="set", drop=drop_signed, grow=grow_at_random)
