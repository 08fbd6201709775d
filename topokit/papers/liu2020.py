"""Liu et al. 2020, Topological Insights into Sparse Neural Networks: the topological distance between networks."""

from __future__ import annotations

from topokit.generators import erdos_renyi
from topokit.generators.rewiring import rewiring_chain
from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Paper, Tables
from topokit.papers.recipes.distance_matrices import draw_distances, first_layer_distances
from topokit.papers.verdicts import Verdict, lies_within
from topokit.papers.workplace import Workplace

WIDTHS = (784, 784, 784, 784, 10)
GENERATIONS = 9


def measure_generations(place: Workplace) -> Tables:
    """A chain of ten networks, each with 1 % of the edges of the one before moved."""
    root = erdos_renyi(WIDTHS, density=0.006, rng=0)
    return {"distances": first_layer_distances(rewiring_chain(root, 0.01, rng=0, generations=GENERATIONS))}


def judge_generations(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The largest distance, which the paper gives in words."""
    largest = float(tables["distances"]["distance"].max())
    return (lies_within("largest distance", (0.1, 0.2), largest, source="section 4.3: 'around 0.2'"),)


PAPER = Paper(
    key="liu2020",
    label="Liu et al. 2020",
    title="Topological Insights into Sparse Neural Networks",
    items=[
        Item(
            name="fig3a",
            title="Distances between ten generations of one network",
            says="Ten networks of density 0.6 %, each with 1 % of the connections of the one before changed: the "
            "distance from the first grows with the generation and stays small, around 0.2.",
            measure=measure_generations,
            draw=draw_distances,
            judge=judge_generations,
            scales={"exact": "full size, no training"},
        ),
    ],
)
