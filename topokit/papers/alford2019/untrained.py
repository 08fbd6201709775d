"""What of Alford et al. needs no training: how they prune, their data, and their networks."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np
import pandas as pd

from topokit import plots
from topokit.papers.alford2019.numbers import CODE, LENET_5, LENET_300
from topokit.papers.alford2019.training import BEGIN, PROTOCOL, PRUNING
from topokit.papers.experiment import Scale
from topokit.papers.paper import Figures, Item, Tables
from topokit.papers.recipes.data_sets import draw_samples, measure_samples
from topokit.papers.recipes.parameter_counts import measure_parameters
from topokit.papers.recipes.pruning_process import (
    cubic,
    draw_process,
    draw_timetable,
    measure_process,
    measure_timetable,
)
from topokit.papers.verdicts import Verdict, equals, holds, lies_within
from topokit.papers.workplace import Workplace

SMALL_SPARSITY = 0.75


def judge_process(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The three networks are what the paper says of them."""
    parts = {name: part.set_index(["layer", "source", "target"]) for name, part in tables["edges"].groupby("network")}
    dense, pruned, again = (parts[name]["weight"] for name in ("dense", "pruned", "retrained"))
    gone = dense[~dense.index.isin(pruned.index)].abs()
    kept = dense[dense.index.isin(pruned.index)].abs()
    smaller = all(gone.loc[layer].max() <= kept.loc[layer].min() for layer in kept.index.unique("layer"))
    source = "Fig. 1, section II-A"
    return (
        equals("share of the connections that is pruned", SMALL_SPARSITY, 1 - len(pruned) / len(dense), source=source),
        holds(
            "what goes in a layer",
            "the smallest weights",
            f"largest gone {gone.max():.3f}, smallest kept {kept.min():.3f} over all layers",
            smaller,
            source=source,
        ),
        holds(
            "the new network",
            "same structure, new weights",
            f"{again.index.isin(pruned.index).sum()} of {len(pruned)} connections, "
            f"{int((again == pruned.reindex(again.index)).sum())} weights in common",
            again.index.sort_values().equals(pruned.index.sort_values()) and not again.isin(pruned).any(),
            source=source,
        ),
    )


TIMETABLE = {**PROTOCOL, **PRUNING, "model": "lenet-300-100", "density": 0.05, "prune_begin": BEGIN}
SHAPES_300 = ((784, 300), (300, 100), (100, 10))


def judge_timetable(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The trainer's timetable against the law, and against the steps of the public code."""
    table, facts = tables["timetable"], tables["facts"].iloc[0]
    law = cubic(table["step"].to_numpy(), 3000, 10000, 0.95)
    off = np.abs(table["edges"] - table["possible"] * (1 - law))
    steps = np.sort(table["step"].unique())
    code = "train.py of the authors' repository"
    falling = all(part["edges"].is_monotonic_decreasing for _, part in table.groupby("layer"))
    return (
        equals("first pruning (step)", 3000, float(steps[0]), source=code),
        equals("last pruning (step)", 10000, float(steps[-1]), source=code),
        holds(
            "steps from one pruning to the next",
            "200",
            ", ".join(map(str, np.unique(np.diff(steps)))),
            bool((np.diff(steps) == 200).all()),
            source="Fig. 2",
        ),
        lies_within(
            "largest distance of a layer from the cubic (edges; rounding is half an edge)",
            (0, 0.5 + 1e-9),
            float(off.max()),
            source="Zhu and Gupta 2017, Eq. 1",
        ),
        holds(
            "s(t)",
            "monotonically increasing",
            f"from 0 to {table['sparsity'].max():g} in {len(steps)} prunings",
            falling,
            source="section II-A",
        ),
        equals("sparsity at the end", 0.95, float(facts["target"]), source="section II-A", tolerance=1e-9),
    )


def measure_data(place: Workplace) -> Tables:
    """Samples of both data sets, and how large they are."""
    from topokit.registry import DATASETS

    digits = measure_samples(place, dataset="mnist", names=[str(k) for k in range(10)], each=1)
    names = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    objects = measure_samples(place, dataset="cifar-10", names=names, each=1)
    rows = []
    for name in ("mnist", "cifar-10"):
        data = DATASETS.load(name).load()
        rows.append((name, "x".join(map(str, data.shape)), data.n_classes, len(data.train_x), len(data.test_x)))
    sizes = pd.DataFrame(rows, columns=["dataset", "shape", "classes", "training", "test"])
    return {
        "sizes": sizes,
        **{f"mnist_{key}": table for key, table in digits.items()},
        **{f"cifar_{key}": table for key, table in objects.items()},
    }


def draw_data(tables: Tables) -> Figures:
    """One sample of each class."""
    return {
        name: draw_samples({key: tables[f"{name}_{key}"] for key in ("samples", "shape")})["samples"]
        for name in ("mnist", "cifar")
    }


def judge_data(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The data sets are those of their authors."""
    told = {"mnist": ("28x28", 10, 60000, 10000), "cifar-10": ("3x32x32", 10, 50000, 10000)}
    sources = {"mnist": "LeCun et al. 1998", "cifar-10": "Krizhevsky 2009"}
    return tuple(
        holds(
            f"{dataset}: shape, classes, training and test images",
            ", ".join(map(str, told[dataset])),
            ", ".join(map(str, found)),
            tuple(found) == told[dataset],
            source=f"Fig. 3; {sources[dataset]}",
        )
        for dataset, *found in tables["sizes"].itertuples(index=False)
    )


MODELS = {
    LENET_300: {"model": "lenet-300-100-rectified", "input_shape": (28, 28), "n_classes": 10},
    LENET_5: {"model": "lenet-5-rectified", "input_shape": (28, 28), "n_classes": 10},
    "LeNet-5, CIFAR-10": {"model": "lenet-5-rectified", "input_shape": (3, 32, 32), "n_classes": 10},
}

LAYERS = {
    LENET_300: ((784, 300), (300, 100), (100, 10)),
    LENET_5: ((25, 20), (25 * 20, 50), (7 * 7 * 50, 384), (384, 10)),
    "LeNet-5, CIFAR-10": ((75, 20), (25 * 20, 50), (8 * 8 * 50, 384), (384, 10)),
}
"""Inputs and outputs of each layer of weights; a kernel of 5 x 5 has 25 inputs a map."""


def draw_networks(tables: Tables) -> Figures:
    """Weights of each layer."""
    weights = tables["tensors"][tables["tensors"]["is_weight"]]
    frame = weights.assign(layer="layer " + (weights.groupby("model", sort=False).cumcount() + 1).astype(str))
    thousands = frame.assign(thousands=frame["numbers"] / 1000)
    return {
        "weights": plots.bar_grid(thousands, x="layer", y="thousands", panel="model", y_label="Weights (thousands)")
    }


def judge_networks(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Layer by layer, weights and biases."""
    verdicts = []
    for model, layers in LAYERS.items():
        tensors = tables["tensors"][tables["tensors"]["model"] == model]
        weights = tensors[tensors["is_weight"]]["numbers"].tolist()
        expected = [prod(layer) for layer in layers]
        verdicts.append(
            holds(
                f"{model}: weights of each layer",
                ", ".join(f"{number:,}" for number in expected),
                ", ".join(f"{number:,}" for number in weights),
                weights == expected,
                source="Fig. 4, section II; sizes from inference.py of the authors' repository",
            )
        )
        whole = sum(expected) + sum(n_out for _, n_out in layers)
        verdicts.append(
            equals(
                f"{model}: parameters", whole, float(tensors["numbers"].sum()), source="Fig. 4, with a bias a neuron"
            )
        )
    return tuple(verdicts)


ITEMS = [
    Item(
        name="fig1",
        title="Pruning and retraining",
        says="A dense network is trained and its smallest weights are pruned; the structure that is left is trained "
        "again from new weights.",
        measure=partial(measure_process, sizes=(8, 8, 6, 4), sparsity=SMALL_SPARSITY),
        draw=draw_process,
        judge=judge_process,
        scales={"exact": "a small network with random weights in place of trained ones, no training"},
    ),
    Item(
        name="fig2",
        title="Sparsity over the steps of gradual pruning",
        says="After an initial training period the network is pruned every 200 steps such that its sparsity matches "
        "s(t), which starts at zero, increases monotonically and ends at the desired sparsity (here 95 %).",
        measure=partial(measure_timetable, config=TIMETABLE, shapes=SHAPES_300),
        draw=draw_timetable,
        judge=judge_timetable,
        scales={"exact": "the trainer's own timetable and rule on the layers of LeNet-300-100, no training"},
        remarks=[
            "The paper gives no formula: the TensorFlow code that it uses has the cubic of Zhu and Gupta (2017).",
            CODE[0],
        ],
    ),
    Item(
        name="fig3",
        title="Samples of MNIST and CIFAR-10",
        says="Experiments are done on MNIST and CIFAR-10.",
        measure=measure_data,
        draw=draw_data,
        judge=judge_data,
        scales={"exact": "the first training image of each class"},
        remarks=[
            "The code crops CIFAR-10 to 24 x 24 pixels, as TensorFlow's tutorial does; here the images keep their size."
        ],
    ),
    Item(
        name="fig4",
        title="LeNet-5 and LeNet-300-100",
        says="LeNet-5 has two convolutional and two fully connected layers, LeNet-300-100 three fully connected ones.",
        measure=partial(measure_parameters, models=MODELS, density=0.05),
        draw=draw_networks,
        judge=judge_networks,
        scales={"exact": "the trainer's own models, no training"},
        remarks=[
            "The paper gives no sizes. Its LeNet-5 (20 and 50 maps, 384 units, padded convolutions) is neither LeCun's "
            "nor Caffe's (431,080 parameters), with which papers on pruning work.",
        ],
    ),
]
