"""Training methods: how the wiring of a network changes while it learns.

A method is a drop rule, a grow rule and what happens to momentum; adding one is one file here and one line in
`topokit.registry`. The rules see plain NumPy arrays, so every engine shares them.
"""

from topokit.training.methods.drop import DROP_RULES, drop_signed, drop_smallest
from topokit.training.methods.grow import grow_at_random, grow_by_gradient, grow_by_momentum
from topokit.training.methods.method import LayerView, Method, Rewiring, rewire

__all__ = [
    "DROP_RULES",
    "LayerView",
    "Method",
    "Rewiring",
    "drop_signed",
    "drop_smallest",
    "grow_at_random",
    "grow_by_gradient",
    "grow_by_momentum",
    "rewire",
]
