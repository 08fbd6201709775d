"""Gradual magnitude pruning (Zhu and Gupta, To Prune, or Not to Prune, 2017, Eq. 1).

The network starts dense. From ``prune_begin`` to ``prune_end`` its sparsity rises every ``update_every`` steps from 0
to the configured one along a cubic, fast at first; a pruned edge never comes back. Counts are exact where the public
code reads its threshold off a histogram.
"""

from topokit.training.methods.method import Change, Method
from topokit.training.methods.pruning import Extent, Prune
from topokit.training.methods.timing import GRADUAL


def remaining_on_cubic(extent: Extent, change: Change) -> int:
    """N - round(s N) of N possible edges, with s = s_f + (0 - s_f) (1 - x)^3 at the share x of the way.

    s_f is the sparsity at the end. Zhu and Gupta 2017, Eq. 1, with initial sparsity 0.
    """
    pruned = (extent.n_possible - extent.n_target) * (1 - (1 - change.stage) ** 3)
    return extent.n_possible - round(pruned)


GRADUAL_MAGNITUDE = Method(name="gradual", sparse=False, rule=Prune(remaining_on_cubic), timing=GRADUAL)
