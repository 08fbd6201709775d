"""Regrowth that changes its way in the midst of training, for each ordered pair of random, gradient and momentum.

As in appendix E of Matab et al., Survival of the Most Connected, 2024. The smallest magnitudes go, and until
``switch_fraction`` of training new edges come in the first way, afterwards in the second. Where momentum takes part it
gathers on all possible edges from the first step, so that it is warm when its turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass

from topokit.training.methods.drop import drop_smallest
from topokit.training.methods.drop_and_grow import DropAndGrow
from topokit.training.methods.grow import grow_at_random, grow_by_gradient, grow_by_momentum
from topokit.training.methods.layer_view import Rewiring
from topokit.training.methods.method import Change, Layers, Method, Rule
from topokit.training.methods.timing import PERIODIC


@dataclass(frozen=True)
class Switching:
    """One rule up to ``switch_fraction`` of training, including that step, and another one after it."""

    first: Rule
    second: Rule

    def __call__(self, layers: Layers, change: Change) -> dict[str, Rewiring]:
        """Ask the rule whose turn it is."""
        rule = self.first if change.progress <= change.config.switch_fraction else self.second
        return rule(layers, change)


_WAYS = {
    "random": DropAndGrow(drop_smallest, grow_at_random),
    "gradient": DropAndGrow(drop_smallest, grow_by_gradient),
    "momentum": DropAndGrow(drop_smallest, grow_by_momentum),
}


def _mixed(first: str, second: str) -> Method:
    return Method(
        name=f"{first}-{second}",
        rule=Switching(_WAYS[first], _WAYS[second]),
        timing=PERIODIC,
        uses_gradient="gradient" in (first, second),
        uses_momentum="momentum" in (first, second),
        dense_momentum="momentum" in (first, second),
    )


RANDOM_GRADIENT = _mixed("random", "gradient")
"""Grows at random, then by gradient (Matab et al. 2024, appendix E)."""
RANDOM_MOMENTUM = _mixed("random", "momentum")
"""Grows at random, then by momentum (Matab et al. 2024, appendix E)."""
GRADIENT_RANDOM = _mixed("gradient", "random")
"""Grows by gradient, then at random (Matab et al. 2024, appendix E)."""
GRADIENT_MOMENTUM = _mixed("gradient", "momentum")
"""Grows by gradient, then by momentum (Matab et al. 2024, appendix E)."""
MOMENTUM_RANDOM = _mixed("momentum", "random")
"""Grows by momentum, then at random (Matab et al. 2024, appendix E)."""
MOMENTUM_GRADIENT = _mixed("momentum", "gradient")
"""Grows by momentum, then by gradient (Matab et al. 2024, appendix E)."""
