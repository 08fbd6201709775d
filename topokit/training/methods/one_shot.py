"""One-shot magnitude pruning: the smallest weights go all at once (Han et al., NeurIPS 2015, section 3, one iteration).

The network starts dense, loses edges down to the configured density at ``prune_begin`` and goes on training on the
others. With 1 it is pruned at the very end and not trained afterwards, with 0 by the magnitudes of its initial weights.
"""

from topokit.training.methods.method import Change, Method
from topokit.training.methods.pruning import Extent, Prune
from topokit.training.methods.timing import ONCE


def remaining_at_density(extent: Extent, change: Change) -> int:
    """The edges of the configured density."""
    return extent.n_target


ONE_SHOT = Method(name="one-shot", sparse=False, rule=Prune(remaining_at_density), timing=ONCE)
