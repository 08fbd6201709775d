"""van Engers 2021, what needs no training: drawings, the algorithm, and the hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from topokit.dag import LayeredDAG
from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.drawings import draw_networks, measure_drawings
from topokit.papers.recipes.signed_removal import measure_changes
from topokit.papers.vanengers2021.training import PROTOCOL
from topokit.papers.verdicts import Verdict, equals, holds
from topokit.papers.workplace import Workplace
from topokit.training.config import TrainConfig

NO_TRAINING: Mapping[Scale, str] = {"exact": "full size, no training"}

SAMPLES = (
    "The paper does not say how many images were used. The public code it cites takes 5,000 for training and 1,000 for "
    "testing, and that gives its plateau; the whole data set gives 0.88 and more. These numbers are an inference."
)
SWAPPED = "The text calls Table 1 'Table 2' and the reverse, twice, and says [0, 9] where it means [0, 0.9]."
NO_EPSILON_SHARE = "Section 4.1 has ε in [0, 1] as a percentage of sparsity; it is 13, a number of edges per neuron."

NEURON = LayeredDAG.from_adjacencies([np.ones((3, 1))])
MLP = LayeredDAG.from_adjacencies([np.ones((3, 4)), np.ones((4, 2))])
DENSE = LayeredDAG.from_adjacencies([np.ones((5, 4))])
SPARSE = LayeredDAG.from_adjacencies([np.add.outer(np.arange(5), 2 * np.arange(4)) % 3 == 0])

LAYERS = {"input to hidden": (784, 1000, 23_192), "hidden to hidden": (1000, 1000, 26_000)}
REMOVED = {"input to hidden": 6_960, "hidden to hidden": 7_802}
"""By the public code at its ζ of 0.3, for ε (n_in + n_out) edges."""


def judge_neuron(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """What is drawn is what the captions say."""
    inputs = len(tables["edges"][tables["edges"]["panel"] == "(a) Artificial neuron"])
    layers = tables["layers"]["panel"].value_counts()["(b) Multilayer perceptron"]
    return (
        equals("inputs of the neuron", 3, inputs, source="Fig. 1 (a)"),
        equals("layers of the perceptron", 3, int(layers), source="Fig. 1 (b): input, hidden and output layer"),
    )


def judge_layers(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """A sparse layer lacks at least one edge."""
    counts = tables["edges"]["panel"].value_counts()
    dense, sparse = (int(counts[name]) for name in ("(a) Fully connected layer", "(b) Sparsely connected layer"))
    possible = int(tables["layers"].groupby("panel")["size"].prod().iloc[0])
    return (
        equals("edges of the fully connected layers", possible, dense, source="Fig. 2 (a)"),
        holds(
            "edges of the sparse ones",
            "at least one missing",
            f"{sparse} of {possible}",
            sparse < possible,
            source="section 2.2",
        ),
    )


def measure_options(place: Workplace) -> Tables:
    """Hyper-parameters of the paper, of the script that it cites, and of what is trained here."""
    config = TrainConfig.from_dict(dict(PROTOCOL))
    rows = [
        ("learning rate", 0.05, 0.05, config.learning_rate),
        ("momentum", 0.9, 0.9, config.momentum),
        ("batch size", 40, 40, config.batch_size),
        ("ε", 13, 13, config.epsilon),
        ("dropout rate", 0.2, 0.2, config.dropout),
        ("neurons of each of three hidden layers", 1000, 1000, config.hidden[0]),
        ("weight decay", np.nan, 2e-4, config.weight_decay),
        ("training images", np.nan, 5000, config.train_samples),
        ("test images", np.nan, 1000, config.test_samples),
    ]
    return {"options": pd.DataFrame(rows, columns=["option", "paper", "script", "here"])}


def judge_options(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The paper's values, and the script's where the paper is silent."""
    numbers = tables["options"].set_index("option").astype(float)
    return tuple(
        equals(f"{option}, of the cited script", row["script"], row["here"], source="set_mlp.py, defaults")
        if np.isnan(row["paper"])
        else equals(str(option), row["paper"], row["here"], source="Table 2")
        for option, row in numbers.iterrows()
    )


def _number_removed(layer: str, rows: pd.DataFrame) -> Verdict:
    """How many weights are negative decides between two numbers."""
    counts = rows["removed"].value_counts().sort_index()
    return holds(
        f"edges that go at ζ = 0.3, of {LAYERS[layer][2]:,} ({layer})",
        f"{REMOVED[layer]:,}",
        ", ".join(f"{number:,} ({times} draws)" for number, times in counts.items()),
        REMOVED[layer] in counts.index and bool(np.ptp(counts.index) <= 1),
        source="the public code, run once; one more or less by how many weights are negative",
    )


def judge_changes(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """How many edges go, that as many come, each once, and that none comes after the last removal."""
    table = tables["changes"]
    found = [_number_removed(str(layer), rows) for layer, rows in table.groupby("layer", sort=False)]
    found.append(
        equals(
            "draws in which another number goes than between the thresholds by arithmetic",
            0,
            int((table["removed"] != table["counted"]).sum()),
            source="the public code",
        )
    )
    same, once = bool((table["removed"] == table["grown"]).all()), int(table["duplicates"].sum())
    return (
        *found,
        holds("as many edges come as go", "N", "all draws" if same else "not always", same, source="lines 7-19"),
        equals("new edges that come twice, or are there already", 0, once, source="lines 13 and 14"),
        holds(
            "what goes lies between two thresholds around 0",
            "bigger than V_neg, smaller than V_pos",
            f"{int(table['signed'].sum())} of {len(table)} draws",
            bool(table["signed"].all()),
            source="lines 3-5",
        ),
        equals("edges that come after the last epoch", 0, int(table["last_grown"].max()), source="section 2.3, step 5"),
    )


ITEMS = (
    Item(
        name="fig1",
        title="An artificial neuron and a multilayer perceptron",
        says="Drawings: a neuron with three weighted inputs; neurons in an input, a hidden and an output layer.",
        measure=partial(measure_drawings, networks={"(a) Artificial neuron": NEURON, "(b) Multilayer perceptron": MLP}),
        draw=draw_networks,
        judge=judge_neuron,
        scales=NO_TRAINING,
    ),
    Item(
        name="fig2",
        title="Fully and sparsely connected layers",
        says="Drawings: layers with all edges between them, and with some of them missing.",
        measure=partial(
            measure_drawings, networks={"(a) Fully connected layer": DENSE, "(b) Sparsely connected layer": SPARSE}
        ),
        draw=draw_networks,
        judge=judge_layers,
        scales=NO_TRAINING,
    ),
    Item(
        name="alg1",
        title="One change of the wiring, Implementation II of SET",
        says="Edges with weights between V_neg and V_pos go; as many come at random, none of them twice and none "
        "where one is; after the last epoch none come.",
        measure=partial(measure_changes, protocol=PROTOCOL, widths=LAYERS, share=0.3, draws=20),
        judge=judge_changes,
        scales=NO_TRAINING,
        remarks=[
            "As printed, V_neg is the largest negative and V_pos the smallest positive weight, and nothing lies "
            "between them (column 'literally'): the code takes the weights at the share ζ of either sign instead.",
            "As printed, N has been counted down to 0 before N values are appended, and the list that is unzipped "
            "last is never set.",
            "The code removes one to three edges more than the share ζ: its thresholds go too.",
        ],
    ),
    Item(
        name="table2",
        title="Hyper-parameters",
        says="Learning rate 0.05, SGD with momentum 0.9, batches of 40, ReLU, ε = 13, dropout 0.2.",
        measure=measure_options,
        judge=judge_options,
        scales=NO_TRAINING,
        remarks=[SAMPLES, NO_EPSILON_SHARE, SWAPPED],
    ),
)
