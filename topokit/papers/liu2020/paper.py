"""Liu et al. 2020, Topological Insights into Sparse Neural Networks: the topological distance between networks."""

from __future__ import annotations

from topokit.papers.experiment import Scale
from topokit.papers.liu2020.accuracies import FIGURES, RETRAINING, TABLES
from topokit.papers.liu2020.definitions import DEFINITIONS
from topokit.papers.liu2020.distances import AFTER_TRAINING
from topokit.papers.liu2020.drift import DURING_TRAINING, MANY
from topokit.papers.liu2020.initial import BEFORE_TRAINING, WIDTHS
from topokit.papers.liu2020.training import CIFAR_DENSITIES, FASHION_DENSITIES
from topokit.papers.paper import Item, Paper, Tables
from topokit.papers.recipes.edit_distance import draw_example, measure_example
from topokit.papers.recipes.er_epsilon import draw_edges, measure_edges
from topokit.papers.verdicts import Verdict, equals, holds, lies_within
from topokit.papers.workplace import Workplace

NETWORKS = {"Fashion-MNIST": WIDTHS, "CIFAR-10": (3072, 1000, 1000, 10)}
DENSITIES = {"Fashion-MNIST": FASHION_DENSITIES, "CIFAR-10": CIFAR_DENSITIES}

N_INPUTS = 5
FIRST, SECOND = [[0], [1, 2], [2, 3, 4]], [[0, 1], [2, 3], [1, 2]]
PAIRED = 5 / 18
"""Distance of the two layers by hand: {0} goes with {0, 1}, {1, 2} with {1, 2}, {2, 3, 4} with {2, 3}."""

CASES = {
    "one input of two is shared": ([0], [0, 1]),
    "the same inputs": ([1, 2], [1, 2]),
    "no input in common": ([0, 1], [2, 3]),
    "one neuron without inputs": ([], [1, 2]),
    "both neurons without inputs": ([], []),
}


def measure_epsilons(place: Workplace) -> Tables:
    """The networks of section 4.2."""
    return measure_edges(NETWORKS, DENSITIES)


def judge_epsilons(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The formula beside the networks that are drawn."""
    layers = tables["layers"]
    pairs = layers["n_in"] * layers["n_out"]
    clipped = layers["chance"] == 1
    free, full = layers[~clipped], layers[clipped]
    apart = (free["drawn"] - free["formula"]).abs().max()
    deviation = (pairs * layers["chance"] * (1 - layers["chance"]))[~clipped] ** 0.5
    z = ((free["mean"] - free["formula"]) / (deviation / 20**0.5)).abs().max()
    return (
        lies_within(
            "edges of a layer beside epsilon (n_k + n_k-1): largest difference, rounding allowed",
            (0, 0.5),
            float(apart),
            source="Eq. 1",
        ),
        equals(
            f"layers with a chance above 1 that are dense, of {len(full)}",
            len(full),
            int((full["drawn"] == pairs[clipped]).sum()),
            source="Eq. 1: min(..., 1)",
        ),
        lies_within(
            f"edges drawn one by one, mean of 20 networks in standard errors: largest of {len(free)} layers",
            (0, 4),
            round(float(z), 2),
            source="Eq. 1",
        ),
        holds(
            "edges of a layer",
            "n_W = epsilon (n_k + n_k-1)",
            f"{len(full)} of {len(layers)} layers would have more edges than pairs of neurons, of "
            f"{(layers['n_out'] == layers['n_out'].min()).sum()} output layers",
            not len(full),
            source="section 2.2",
            why="the number of edges and the sparsity level are given without the limit of 1 that the chance has",
        ),
    )


def measure_illustration(place: Workplace) -> Tables:
    """Two layers of three neurons; the first neurons are those of the worked example."""
    return measure_example({"N1": FIRST, "N2": SECOND}, CASES, N_INPUTS)


def judge_illustration(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The worked example and the corner cases."""
    found = tables["cases"].set_index("what")["distance"]
    told = {
        "one input of two is shared": (0.5, "section 3: NED(N1:H1, N2:H1) = 0.5"),
        "the same inputs": (0.0, "section 3"),
        "no input in common": (1.0, "section 3"),
        "one neuron without inputs": (1.0, "Algorithm 1"),
        "both neurons without inputs": (0.0, "the authors' code; 0 / 0 in Algorithm 1"),
    }
    return (
        *(equals(f"NED, {what}", value, float(found[what]), source=source) for what, (value, source) in told.items()),
        equals(
            "distance of the layers: mean over the pairs of least sum, (1/2 + 1/3 + 0) / 3 by hand",
            PAIRED,
            float(found["the two layers"]),
            tolerance=1e-12,
            source="Algorithm 1",
        ),
    )


PAPER = Paper(
    key="liu2020",
    label="Liu et al. 2020",
    title="Topological Insights into Sparse Neural Networks",
    items=[
        Item(
            name="eq1",
            title="Edges of an Erdős-Rényi layer",
            says="Two neurons of neighbouring layers are joined with probability min(epsilon (n_k + n_k-1) / (n_k "
            "n_k-1), 1), so that a layer has epsilon (n_k + n_k-1) connections.",
            measure=measure_epsilons,
            draw=draw_edges,
            judge=judge_epsilons,
            scales={"exact": "all widths and densities of the paper"},
            remarks=(
                "The number of edges and the sparsity are stated without the limit of 1; they hold where it is not "
                "reached. Output layers of ten neurons reach it from an epsilon of 9.9 on.",
                "In the networks that the authors published the output layer is dense at any epsilon, as it is in all "
                "trainings here.",
            ),
        ),
        *DEFINITIONS,
        Item(
            name="fig1",
            title="The distance of two neurons, and of two layers",
            says="One input neuron is shared out of two: the normalized edit distance of the neurons is 0.5. It is 0 "
            "for the same inputs and 1 for none in common; the Hungarian method pairs the neurons of two layers.",
            measure=measure_illustration,
            draw=draw_example,
            judge=judge_illustration,
            scales={"exact": "the worked example and the corner cases"},
            remarks=(
                "The text gives one pair of neurons; the others are chosen here.",
                "For two neurons without inputs the formula is 0 / 0; the authors' code says 0, and so do we.",
                "Section 3 calls output neurons labelled, Algorithm 1 matches them like hidden ones: topokit takes "
                "them as labelled unless told otherwise.",
            ),
        ),
        *FIGURES,
        *BEFORE_TRAINING,
        *DURING_TRAINING,
        *TABLES,
        MANY,
        *AFTER_TRAINING,
        RETRAINING,
    ],
)
