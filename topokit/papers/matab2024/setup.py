"""Matab et al. 2024, set-up: methods, formulas of sparsity, numbers of parameters, laws of degrees."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import topokit as tk
from topokit.papers.experiment import Scale
from topokit.papers.matab2024.untrained import first_networks
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.distribution_curves import draw_cutoffs, draw_laws, measure_cutoffs, measure_laws
from topokit.papers.recipes.drop_and_grow import measure_updates
from topokit.papers.recipes.layer_densities import draw_densities, measure_densities
from topokit.papers.recipes.parameter_counts import measure_parameters
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, not_comparable

DENSITY = 0.05
EDGES = (129_918, 48_719, 5_120)
"""By calculation: 5 % of the 3,675,136 weights, in proportion to n_in + n_out, the output layer full."""

CONVNET = {"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "conv3": (128, 64, 3, 3), "fc": (10, 128)}
MLP = {"hidden1": (1024, 3072), "hidden2": (512, 1024), "output": (10, 512)}
CIFAR = {"input_shape": (3, 32, 32), "n_classes": 10}
MODELS = {
    "MLP": {"model": "mlp", "hidden": (1024, 512), **CIFAR},
    "ConvNet": {"model": "convnet", **CIFAR},
    "ResNet-50, 1000 classes": {"model": "resnet-50", "input_shape": (3, 224, 224), "n_classes": 1000},
    "ResNet-50, 10 classes": {"model": "resnet-50", **CIFAR},
    "ResNet-56": {"model": "cifar-resnet-56", **CIFAR},
}

EXACT: Mapping[Scale, str] = {"exact": "full size, no training"}


def judge_updates(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether each method drops and grows as Table 1 says."""
    found = []
    for method, edges in tables["edges"].groupby("method", sort=False):
        name = str(method)
        drop, grow = _DROPS[name.split(",")[0]], name.split(", ")[1]
        gone, free = edges[edges["dropped"]], edges[edges["weight"].isna() | edges["dropped"]]
        truth = set(gone["position"]) == _expected_drops(edges, drop)
        found.append(holds(f"{name}: what goes", drop, f"{len(gone)} edges", truth, source="Table 1"))
        found.append(_judge_growth(name, grow, free, tables["frequency"]))
    return tuple(found)


_DROPS = {"SET": "smallest positive and largest negative θ", "RigL": "smallest |θ|", "SNFS": "smallest |θ|"}


def _expected_drops(edges: pd.DataFrame, rule: str) -> set[int]:
    """By sorting whole columns, as one would by hand: a quarter of the edges, for SET of either sign."""
    weights = edges.dropna(subset=["weight"]).set_index("position")["weight"]
    parts = [weights] if "|" in rule else [weights[weights > 0], weights[weights < 0]]
    return {int(place) for part in parts for place in part.abs().sort_values().index[: len(part) // 4]}


def _judge_growth(name: str, grow: str, free: pd.DataFrame, frequency: pd.DataFrame) -> Verdict:
    grown = free[free["grown"]]
    if grow == "random":
        times = frequency[frequency["method"] == name]["times"].to_numpy(float)
        z = (times.std() ** 2 / times.mean()) ** 0.5
        words = f"each of {len(times)} free places {times.min():.0f} to {times.max():.0f} times in 2,000 updates"
        return holds(f"{name}: what comes", "random", words, bool(times.min() > 0 and z < 1.3), source="Table 1")
    best = set(free.set_index("position")[grow].abs().nlargest(len(grown)).index)
    return holds(
        f"{name}: what comes",
        f"largest |{grow}|",
        f"{len(grown)} edges",
        best == set(grown["position"]),
        source="Table 1",
    )


def judge_densities(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Edges by calculation, and how far the two formulas called ERK lie apart."""
    layers: Any = tables["layers"].set_index(["network", "formula", "layer"]).sort_index()
    mlp = layers.loc["MLP", "ERK as in the thesis"]["weights"]
    found = [
        equals(f"edges of {layer} of the MLP, 95 % sparse", edges, float(mlp[layer]), source="Table 2, by calculation")
        for layer, edges in zip(MLP, EDGES, strict=True)
    ]
    same = bool((layers.loc["MLP", "ERK as in the thesis"]["weights"] == layers.loc["MLP", "ER"]["weights"]).all())
    found.append(
        holds("ERK is ER without kernels", "MLP: the same", "the same" if same else "differs", same, source="Table 2")
    )
    pair = [layers.loc["ConvNet", f"ERK as in {where}"]["sparsity"] for where in ("the thesis", "RigL")]
    words = "; ".join(f"{layer} {a:.1%} or {b:.1%}" for layer, a, b in zip(CONVNET, *pair, strict=True))
    found.append(
        not_comparable(
            "sparsity of the ConvNet's layers by ERK",
            "(n_in + n_out) / (n_in n_out w h), 'as introduced in the original paper'",
            words,
            source="Table 2",
            why="the original (Evci et al. 2020) has w and h in the numerator too, and gives the second numbers; which "
            "of them was trained is not told, and the public code on which the runs seem to rest has the second",
        )
    )
    return tuple(found)


def judge_parameters(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Table 5, and the two numbers of section 5.1."""
    models: Any = tables["models"].set_index("model")
    found = []
    for name, dense, sparse in (("MLP", 3_676_682, 183_834), ("ConvNet", 94_538, 4_727)):
        row = models.loc[name]
        found.append(equals(f"parameters of the {name}", dense, float(row["parameters"]), source="Table 5"))
        found.append(
            equals(f"5 % of the parameters of the {name}", sparse, float(row["sparse_parameters"]), source="Table 5")
        )
        found.append(
            not_comparable(
                f"parameters of the sparse {name}",
                sparse,
                float(row["sparse_weights"]),
                source="Table 5",
                why="masks lie on weights alone: 5 % of these and every bias are trained, more than 5 % of everything",
            )
        )
    resnet = models.loc["ResNet-50, 1000 classes"]
    cifar = int(models.loc["ResNet-50, 10 classes", "parameters"])
    found.append(
        equals("weights of ResNet-50 for 1000 classes", 25_502_912, float(resnet["weights"]), source="section 5.1")
    )
    found.append(
        not_comparable(
            "parameters of ResNet-50 for 10 classes",
            25_502_912,
            float(cifar),
            source="section 5.1",
            why="the number is that of 'the original': it counts the weights of the network for ImageNet's 1000 "
            "classes, without biases and batch normalisation; on data of 10 classes it is smaller",
        )
    )
    resnet56 = float(models.loc["ResNet-56", "parameters"])
    return (*found, equals("parameters of ResNet-56", 855_770, resnet56, source="section 5.1"))


def judge_laws(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether the heavy tail is the power law's, and whether first degrees are nearly Poisson, as the text says."""
    laws = tables["laws"]
    far = laws[laws["degree"] == laws["degree"].max()].set_index("law")["probability"]
    heavy = next(value for law, value in far.items() if str(law).startswith("power"))
    light = next(value for law, value in far.items() if str(law).startswith("Poisson"))
    degrees = np.stack([tk.degrees(network).values(layer="hidden1") for network in first_networks()])
    ratio = float((degrees.var(axis=1) / degrees.mean(axis=1)).mean())
    words = f"P({laws['degree'].max()}) is {heavy:.1e} and {light:.1e}"
    return (
        holds("tail", "the power law's is heavy", words, bool(heavy > 1e3 * light), source="section 4.5, Fig. 1"),
        lies_within(
            "variance over mean of the first degrees of hidden 1", (0.9, 1.1), ratio, source="section 4.5: Poisson, 1"
        ),
    )


def judge_cutoffs(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Which cut-offs lead back to the exponent that the sample was drawn with."""
    fits: Any = tables["fits"].set_index("fit")
    alpha, sigma = fits["alpha"], float(fits.loc["x_min and x_max", "sigma"])
    return (
        equals(
            "exponent between both cut-offs, of a sample drawn with 2.5",
            2.5,
            float(alpha["x_min and x_max"]),
            tolerance=round(2 * sigma, 3),
            source="by construction",
        ),
        not_comparable(
            "x_max in the fits of the thesis",
            "drawn in Fig. 2, never told",
            ", ".join(f"{name}: α = {value:.2f}" for name, value in alpha.items()),
            source="Fig. 2, section 5.4 (x_min = 110)",
            why="what a cut-off does to the exponent: values above x_max may be left out only if the model ends there",
        ),
    )


ITEMS = [
    Item(
        name="table1",
        title="What goes and what comes in SET, RigL and SNFS",
        says="SET drops the smallest positive and the largest negative weights and grows at random; RigL and SNFS "
        "drop by magnitude and grow where gradient or momentum is largest.",
        measure=partial(
            measure_updates,
            methods={"set": "SET, random", "rigl": "RigL, gradient", "snfs": "SNFS, momentum"},
        ),
        judge=judge_updates,
        scales={"exact": "one update of a layer of 8 x 8 by each method, and 2,000 of them for random growth"},
        remarks=(
            "All runs of the thesis drop by magnitude, whatever grows (Appendix A); 'random' there is not SET in full.",
            "Equation 7 as printed also keeps no weight of exactly 0, so an edge just grown with weight 0 would go at "
            "once; the trainer drops a stated number of edges instead.",
        ),
    ),
    Item(
        name="table2",
        title="Uniform, Erdős-Rényi and Erdős-Rényi-kernel sparsities",
        says="Uniform: all layers as sparse. ER: sparsity scales with 1 - (n_in + n_out) / (n_in n_out). ERK, for "
        "convolutions: 1 - (n_in + n_out) / (n_in n_out w h).",
        measure=partial(measure_densities, networks={"MLP": MLP, "ConvNet": CONVNET}, density=DENSITY),
        draw=draw_densities,
        judge=judge_densities,
        scales=EXACT,
        remarks=(
            "Two formulas are called ERK: the one printed here adds neurons or channels alone, the one of its authors "
            "(Evci et al. 2020) adds width and height of the kernel as well. They differ in convolutions only.",
        ),
    ),
    Item(
        name="table5",
        title="The MLP and the ConvNet, and their numbers of parameters",
        says="3,676,682 parameters and 94,538; at 95 % sparsity 183,834 and 4,727. Section 5.1: ResNet-50 has "
        "25,502,912 parameters, ResNet-56 855,770.",
        measure=partial(measure_parameters, models=MODELS, density=DENSITY),
        judge=judge_parameters,
        scales=EXACT,
        remarks=(
            "The MLP is given with 3 x 32 x 32 inputs for all data sets: images of MNIST and Fashion-MNIST were "
            "probably padded and repeated to three channels. Here they keep their 28 x 28 pixels.",
            "The sparse numbers are 5 % of all parameters, biases among them, which masks leave alone.",
        ),
    ),
    Item(
        name="fig1",
        title="Poisson and power law",
        says="Degrees of a random network are binomial, nearly Poisson; those of many real ones have a heavy tail "
        "like a power law.",
        measure=partial(measure_laws, mean=10.0, exponent=2.5, largest=200),
        draw=draw_laws,
        judge=judge_laws,
        scales={"exact": "computed; the thesis does not give its parameters"},
    ),
    Item(
        name="fig2",
        title="The cut-offs x_min and x_max of a fit",
        says="A power law is fitted between x_min, where the tail begins, and x_max.",
        measure=partial(measure_cutoffs, n=4000, exponent=2.5, xmin=20, xmax=400, cut=100),
        draw=draw_cutoffs,
        judge=judge_cutoffs,
        scales={"exact": "a sample with a known tail"},
        remarks=("x_min is 110 in all fits of the thesis; its x_max is nowhere told.",),
    ),
]
"""Tables 1, 2 and 5, and the figures that explain the test."""
