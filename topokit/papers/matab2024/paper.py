"""Matab et al. 2024, Survival of the Most Connected: how sparse networks grow at random, by gradient or by momentum."""

from __future__ import annotations

from topokit.papers.matab2024.accuracies import ITEMS as ACCURACIES
from topokit.papers.matab2024.equations import EQUATIONS
from topokit.papers.matab2024.setup import ITEMS as SETUP
from topokit.papers.matab2024.untrained import EXAMPLE, FIRST_DEGREES, FIRST_SHELLS, RULE, THRESHOLD
from topokit.papers.matab2024.wiring import both
from topokit.papers.paper import Item, Paper

_ITEMS = [
    *SETUP,
    EQUATIONS,
    *ACCURACIES,
    FIRST_DEGREES,
    EXAMPLE,
    FIRST_SHELLS,
    *(item for name in ("fig5", "fig6", "fig7", "fig8", "fig9a", "fig9b") for item in both(name)),
    *(item for name in ("fig12", "fig18", "fig19", "fig20") for item in both(name)),
    RULE,
    THRESHOLD,
    *(item for name in ("attachment", "alternatives") for item in both(name)),
]

_ORDER = (
    *("table1", "table2", "equations", "fig1", "fig2", "table3", "table4"),
    *("fig3", "fig4", "fig5", "fig6", "fig7", "rule"),
    *("threshold", "attachment", "alternatives", "fig8", "fig9a", "fig9b", "fig10", "fig11", "fig12", "fig13"),
    *("table5", "table6", "table7", "fig14", "fig15", "fig16", "table8", "fig17", "fig18", "fig19", "fig20"),
)
"""As they stand in the thesis; what tests its hypothesis follows the figure about it."""


def _place(item: Item) -> int:
    return _ORDER.index(item.name.partition("-")[0])


PAPER = Paper(
    key="matab2024",
    label="Matab et al. 2024",
    title="Survival of the Most Connected: An Understanding of How Sparse Neural Networks Grow",
    items=sorted(_ITEMS, key=_place),
)
