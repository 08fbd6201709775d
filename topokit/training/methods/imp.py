"""Iterative magnitude pruning: lottery tickets (Frankle and Carbin, ICLR 2019, section 1; Frankle et al., ICML 2020).

A dense network is trained for ``epochs``. Then, ``rounds`` times, its smallest weights go, what is left returns to its
value at the start or, with rewinding, at the end of ``rewind_epoch``, and training begins anew from there, with no
momentum and the learning rates of those epochs. The wiring only shrinks.
"""

from math import ceil

from topokit.training.methods.method import Change, Method
from topokit.training.methods.pruning import Extent, Prune
from topokit.training.methods.timing import ROUNDS


def remaining_after_round(extent: Extent, change: Change) -> int:
    """n - ceil(p n) of n edges, with p the ``prune_fraction`` (Frankle and Carbin 2019, section 1).

    Where p is 0, N (n_f / N)^x of N possible edges: the same share in each round, such that n_f are left after the
    last; x is the share of the rounds that are done.
    """
    fraction = change.config.prune_fraction
    if fraction:
        return extent.n_edges - ceil(fraction * extent.n_edges)
    density: float = (extent.n_target / extent.n_possible) ** change.stage
    return round(density * extent.n_possible)


IMP = Method(name="imp", sparse=False, rule=Prune(remaining_after_round), timing=ROUNDS)
