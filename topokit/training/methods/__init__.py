"""Training methods: how the wiring of a network changes while it learns.

A method is a rule that says which edges go and come, when it is asked, and what happens to momentum; adding one is one
file here and one line in `topokit.registry`. The rules see plain NumPy arrays, so every engine shares them. Methods
that score the edges before training see the network in PyTorch, and every engine starts from what they choose.

AccSET (Lapshyna 2020) is no method here: all that was found of it is that it "dynamically adds edges during training
based on accuracy", which does not say which edges come, when, or how many.
"""

from topokit.training.methods.drop import DROP_RULES, drop_signed, drop_smallest
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_at_random, grow_by_gradient, grow_by_momentum
from topokit.training.methods.layer_view import DenseScores, LayerView, Rewiring, Scores
from topokit.training.methods.method import Change, Method
from topokit.training.methods.start import Start, StartRule, best_overall
from topokit.training.methods.timing import GRADUAL, NEVER, PERIODIC, Timing

__all__ = [
    "DROP_RULES",
    "GRADUAL",
    "NEVER",
    "PERIODIC",
    "Change",
    "DenseScores",
    "DropAndGrow",
    "LayerView",
    "Method",
    "Rewiring",
    "Scores",
    "Start",
    "StartRule",
    "Timing",
    "best_overall",
    "drop_signed",
    "drop_smallest",
    "grow_at_random",
    "grow_by_gradient",
    "grow_by_momentum",
]
