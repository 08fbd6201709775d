"""Fig. 9 of Alford et al.: networks that are sparse from the start."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from topokit.papers.alford2019.numbers import (
    CHANCE,
    CIFAR_5,
    CONSTANT_CONNECTIONS,
    CONSTANT_NEURONS,
    FIRST_LAST,
    MNIST_5,
    MNIST_300,
    RADIX,
    RANDOM,
    RATES,
    SHEET,
    SHORT,
    TRAINED,
    margin_of_difference,
    published_sparse,
)
from topokit.papers.alford2019.training import (
    DENSE_5,
    DENSE_CIFAR,
    LARGE_5,
    PLAIN_300,
    RADIX_300,
    SPARSE_5,
    SPARSE_300,
    SPARSE_CIFAR,
)
from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.sparse_sizes import SizedRuns, draw_sizes, measure_sizes
from topokit.papers.verdicts import Verdict, holds, not_comparable, one_more_run, reduced

_DENSITIES = {(0.5,): "1/2", (0.1,): "1/10", (0.05,): "1/20", (0.01,): "1/100"}
_MAPS = {
    **{(model, *key): size for model in ("lenet-5", "lenet-5-rectified") for key, size in _DENSITIES.items()},
    **{(f"lenet-5-rectified-x{times}", 1 / times): f"x{times}" for times in (2, 10, 100)},
}
_UNITS = {
    **{((300, 100), *key): size for key, size in _DENSITIES.items()},
    **{((300 * times, 100), 1 / times): f"x{times}" for times in (2, 10, 100)},
}
_DENSE = {(): "dense"}

SIZED = (
    SizedRuns(MNIST_300, RANDOM, PLAIN_300, (), _DENSE),
    SizedRuns(MNIST_300, RANDOM, SPARSE_300, ("hidden", "density"), _UNITS),
    SizedRuns(MNIST_300, RADIX, RADIX_300, ("hidden",), {((300, 100),): "1/10", ((3000, 100),): "x10"}),
    SizedRuns(MNIST_5, RANDOM, DENSE_5, (), _DENSE),
    SizedRuns(MNIST_5, RANDOM, SPARSE_5, ("model", "density"), _MAPS),
    SizedRuns(CIFAR_5, RANDOM, DENSE_CIFAR, (), _DENSE),
    SizedRuns(CIFAR_5, RANDOM, SPARSE_CIFAR, ("model", "density"), _MAPS),
)

LARGE = (
    SizedRuns(MNIST_5, RANDOM, DENSE_5, (), _DENSE),
    SizedRuns(MNIST_5, RANDOM, LARGE_5, ("model", "density"), _MAPS),
)


def judge_sizes(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Orders of section III, RadiX-Nets beside random twins, what x100 costs, then each number.

    A short training tells the first order alone: wide sparse networks take longer to begin to learn.
    """
    first, *others = _size_sentences(tables)
    numbers = [*others, *_size_numbers(tables)]
    return (first, *(reduced(numbers, SHORT) if scale == "quick" else numbers))


def _sized(tables: Tables, network: str, size: str, wiring: str = RANDOM) -> np.ndarray:
    table = tables["sizes"]
    rows = table[(table["network"] == network) & (table["size"] == size) & (table["wiring"] == wiring)]
    values: np.ndarray = rows["accuracy"].to_numpy(float)
    return values


def _size_sentences(tables: Tables) -> Iterator[Verdict]:
    falls = [
        (size, values.mean()) for size in reversed(CONSTANT_NEURONS) if len(values := _sized(tables, MNIST_300, size))
    ]
    yield holds(
        "LeNet-300-100: best dense, falling with sparsity at constant neurons",
        "falling",
        ", ".join(f"{value:.2f} ({size})" for size, value in falls),
        all(one >= other for (_, one), (_, other) in pairwise(falls)),
        source="section III",
    )
    grows = [(size, values.mean()) for size in CONSTANT_CONNECTIONS if len(values := _sized(tables, MNIST_300, size))]
    yield holds(
        "LeNet-300-100: falling with sparsity at constant connections too",
        "falling",
        ", ".join(f"{value:.2f} ({size})" for size, value in grows),
        all(one >= other for (_, one), (_, other) in pairwise(grows)),
        source="section III",
        why="weights drawn with the same 0.04 whatever the number of inputs make sparse layers pass little on",
    )
    for size in ("1/10", "x10"):
        ours, twins = _sized(tables, MNIST_300, size, RADIX), _sized(tables, MNIST_300, size)
        gap, margin = ours.mean() - twins.mean(), margin_of_difference(ours, twins)
        yield holds(
            f"LeNet-300-100 {size}: RadiX-Net and random sparse network",
            "equal",
            f"{ours.mean():.2f} and {twins.mean():.2f}: {gap:+.2f} ± {margin:.2f} points (95 % interval)",
            bool(abs(gap) <= margin),
            source="section II-B",
        )
    yield from _loss_of_lenet_5(tables)
    yield from _cost(tables)


def _loss_of_lenet_5(tables: Tables) -> Iterator[Verdict]:
    dense, sparse = _sized(tables, MNIST_5, "dense"), _sized(tables, MNIST_5, "1/20")
    if len(sparse):
        loss, margin = dense.mean() - sparse.mean(), margin_of_difference(dense, sparse)
        yield holds(
            "LeNet-5 on MNIST: loss through 95 %",
            "only one percent",
            f"{loss:.2f} ± {margin:.2f} points (95 % interval)",
            bool(loss <= 1 + margin),
            source="section III",
        )


def _cost(tables: Tables) -> Iterator[Verdict]:
    table = tables["sizes"]
    large = table[(table["network"] == MNIST_300) & (table["size"] == "x100")]
    if len(large):
        yield not_comparable(
            "LeNet-300-100 with 30,000 hidden neurons: training (seconds)",
            "about 4 steps a second, an hour for 15,000 (their logs, dense tensors)",
            f"{large['seconds'].mean():.0f}, on {int(large['edges'].mean()):,} edges alone",
            source="aug20/rand31_100_train in the authors' repository",
            why="another machine, and the number of steps here is that of the scale",
        )


def _size_numbers(tables: Tables) -> Iterator[Verdict]:
    for row in tables["published"].to_dict("records"):
        values, published = _sized(tables, row["network"], row["size"], row["wiring"]), row["accuracy"]
        quantity = f"{row['network']}, {row['wiring']}, {row['size']}: test accuracy (%)"
        if not len(values):
            yield not_comparable(quantity, published, source=SHEET, why="not trained at this scale")
        elif row["network"] == CIFAR_5:
            why = "the code trains on crops of 24 x 24 pixels with other brightness and contrast, and for longer"
            yield not_comparable(quantity, published, float(values.mean()), source=SHEET, why=why)
        else:
            yield one_more_run(quantity, published, values, source=SHEET, least=CHANCE, why=RATES)


def judge_large(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The network that the authors could not train."""
    dense, large = _sized(tables, MNIST_5, "dense"), _sized(tables, MNIST_5, "x100")
    return (
        holds(
            "LeNet-5 x100 on MNIST",
            "not feasible due to memory constraints",
            f"{large.mean():.2f} %, dense {dense.mean():.2f} %",
            not len(large),
            source="section III",
            why="2 GB for its weights, their gradients and masks are there today",
        ),
    )


ITEMS = [
    Item(
        name="fig9",
        title="Accuracy of networks that are sparse from the start",
        says="Random sparse networks with 2, 10 and 100 times the neurons and as many connections, or with 1/2, 1/10, "
        "1/20 and 1/100 of the connections, and RadiX-Nets of two sizes. LeNet-300-100 falls with sparsity, LeNet-5 on "
        "MNIST loses one percent through 95 %. LeNet-5 x100 was not feasible.",
        measure=partial(measure_sizes, runs=SIZED, published=published_sparse()),
        draw=partial(draw_sizes, order={"Neurons": CONSTANT_CONNECTIONS, "Connections": CONSTANT_NEURONS}),
        judge=judge_sizes,
        scales={
            "quick": "few steps and images, one seed; sparse LeNet-5 without rectified class scores, at two sizes on "
            "MNIST and one on CIFAR-10",
            "paper": "15,000 steps on MNIST and 30,000 on CIFAR-10, three seeds",
        },
        experiments=[PLAIN_300, SPARSE_300, RADIX_300, DENSE_5, SPARSE_5, DENSE_CIFAR, SPARSE_CIFAR],
        remarks=[
            *TRAINED,
            FIRST_LAST,
            "More neurons means more units in the first hidden layer, or more maps in the second convolution, alone.",
            "LeNet-300-100 trains on its edges alone here, with plain class scores: 30,000 hidden neurons cost no more "
            "than their 265,200 edges.",
            "The spreadsheet has two numbers for LeNet-300-100 with 1/100, 1/20, 1/10 and 1/2 of the connections; "
            "those of its last table are taken (the others are 50.71, 85.47, 94.92 and 96.79).",
            "The paper's random networks keep each edge with a chance; so do these.",
        ],
    ),
    Item(
        name="fig9-large",
        title="LeNet-5 with a hundred times the neurons",
        says="Training LeNet-5 100 times larger was not feasible due to memory constraints.",
        measure=partial(
            measure_sizes,
            runs=LARGE,
            published=published_sparse().query("network == @MNIST_5", local_dict={"MNIST_5": MNIST_5}),
        ),
        draw=partial(draw_sizes, order={"Neurons": CONSTANT_CONNECTIONS}),
        judge=judge_large,
        scales={"paper": "15,000 steps, one seed: hours on a GPU, weeks without"},
        experiments=[DENSE_5, LARGE_5],
        remarks=[*TRAINED],
    ),
]
