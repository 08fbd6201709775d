"""The accuracies behind Figs 7 and 9 of Alford et al., which the paper shows as curves, and what their code tells.

They stand in the authors' spreadsheet ``pruning_data.csv`` in their repository simonalford42/Kepner-sparse-nn, one run
each. Two of them are in the text of the paper: 98.32 and 98.54. The logs there (``pruning/simon/aug22``) end at step
15,000 with just these numbers, so they are accuracies on the test data after the last step.
"""

from __future__ import annotations

from math import inf

import numpy as np
import pandas as pd

from topokit.papers.margins import margin_of_means

SHEET = "the authors' spreadsheet (pruning_data.csv in their repository)"

LENET_5, LENET_300 = "LeNet-5", "LeNet-300-100"
ITERATIVE, ONE_TIME = "iterative", "one-time"
BEFORE, AFTER = "before retraining", "retrained"

ORIGINAL = {LENET_5: 99.25, LENET_300: 97.03}
"""Test accuracy (%) of the dense networks that were pruned."""

SPARSITIES = (50, 75, 90, 95, 99)
"""In percent."""

_PRUNED = {
    (LENET_5, ONE_TIME, AFTER): (98.95, 79.94, 89.92, 98.32, 11.35),
    (LENET_5, ITERATIVE, BEFORE): (99.17, 98.91, 98.84, 98.8, 98.48),
    (LENET_5, ITERATIVE, AFTER): (98.78, 69.92, 88.67, 98.54, 77.96),
    (LENET_300, ONE_TIME, AFTER): (96.88, 96.82, 96.19, 95.65, 56.08),
    (LENET_300, ITERATIVE, BEFORE): (97.5, 97.44, 97.4, 97.3, 96.83),
    (LENET_300, ITERATIVE, AFTER): (97.03, 97.05, 97.02, 96.34, 96.08),
}

MNIST_5, CIFAR_5, MNIST_300 = "LeNet-5, MNIST", "LeNet-5, CIFAR-10", "LeNet-300-100, MNIST"

SIZES = {"1/100": 0.01, "1/20": 0.05, "1/10": 0.1, "1/2": 0.5, "dense": 1.0, "x2": 0.5, "x10": 0.1, "x100": 0.01}
"""Share of the connections that is left, or how many times as many neurons, to the density of the sparse layers."""

CONSTANT_NEURONS = ("1/100", "1/20", "1/10", "1/2", "dense")
CONSTANT_CONNECTIONS = ("dense", "x2", "x10", "x100")

RANDOM, RADIX = "random", "RadiX-Net"

_SPARSE = {
    (MNIST_5, RANDOM): {
        "1/100": 49.36,
        "1/20": 98.38,
        "1/10": 98.77,
        "1/2": 99.2,
        "dense": 99.2,
        "x2": 99.14,
        "x10": 98.91,
    },
    (CIFAR_5, RANDOM): {
        "1/100": 9.99,
        "1/20": 71.34,
        "1/10": 74.61,
        "1/2": 79.22,
        "dense": 80.14,
        "x2": 80.4,
        "x10": 79.35,
    },
    (MNIST_300, RANDOM): {
        "1/100": 74.1,
        "1/20": 91.49,
        "1/10": 93.42,
        "1/2": 96.28,
        "dense": 97.03,
        "x2": 96.65,
        "x10": 94.45,
        "x100": 94.3,
    },
    (MNIST_300, RADIX): {"1/10": 93.57, "x10": 93.98},
}


def published_pruned() -> pd.DataFrame:
    """Columns network, pruning, stage, sparsity (in percent), accuracy (in percent): a row a point of Fig. 7."""
    rows = [
        (*key, sparsity, accuracy)
        for key, accuracies in _PRUNED.items()
        for sparsity, accuracy in zip(SPARSITIES, accuracies, strict=True)
    ]
    return pd.DataFrame(rows, columns=["network", "pruning", "stage", "sparsity", "accuracy"])


def published_sparse() -> pd.DataFrame:
    """Columns network, wiring, size, accuracy (in percent): a row a point of Fig. 9."""
    rows = [(*key, size, accuracy) for key, points in _SPARSE.items() for size, accuracy in points.items()]
    return pd.DataFrame(rows, columns=["network", "wiring", "size", "accuracy"])


DIGITS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
"""Test images of each class of MNIST (LeCun et al. 1998)."""

CODE = (
    "The public code (simonalford42/Kepner-sparse-nn, TensorFlow 1) tells what the paper leaves out: plain SGD, "
    "batches of 100 without shuffling, rates 0.2, 0.1 and 0.05 from steps 0, 10,000 and 20,000, weights from a "
    "truncated normal of 0.04 (0.05 in convolutions), biases 0.1 (0 in convolutions), L2 of 0.004 on fully connected "
    "weights, 55,000 training images (5,000 are set aside and not used), pruning from step 3,000 to 10,000 every 200 "
    "in all layers, the output layer too. Its logs show 15,000 steps.",
    "The networks of that code rectify their class scores (a ReLU on the logits), which the paper does not say. A "
    "class whose score is below 0 for every image gets no gradient of its own and is not predicted; it comes back only "
    "if the layers below happen to lift it, as in steps of some logs. The models whose names end in -rectified are "
    "built that way.",
    "Not followed here: all weights are drawn with 0.04 and all biases begin at 0.1, batches are shuffled, and numbers "
    "of edges are exact where the code reads its threshold off a histogram of 2,560 bins.",
)
"""Remarks on every item that trains."""

ACCURACY = (
    "The numbers behind the curves are those of the authors' spreadsheet, one run each, on the test data after the "
    "last step; the code has no validation data and says so."
)

PERCENT = "'0.75, 0.9, 0.95, and 0.99 percent sparsity' in the caption are shares: 75, 90, 95 and 99 %."

FIRST_LAST = (
    "First and last layer stay dense in the random sparse networks and RadiX-Nets alone; pruning goes through all "
    "layers, the first convolution (500 weights, 5 of them left at 99 %) and the output layer too."
)

SHORT = "trained with a fraction of the steps and images, so that accuracies are lower"

STUCK = 95.0
"""Below this test accuracy (%) a network on MNIST has lost a class, or has not learned."""

CHANCE = 0.17
"""Standard error (points) of an accuracy of 97 % on 10,000 images: the least spread of a published single run."""

RATES = (
    "the rate of these runs is not known: 0.1, 0.2 and 0.02 stand in versions of the code, and the authors say that "
    "higher ones were better on sparse networks"
)

TRAINED = (ACCURACY, *CODE)
"""Remarks on accuracies."""


def deviation_of(values: np.ndarray) -> float:
    """Standard deviation over runs (points), no less than that of counting right answers."""
    return max(float(values.std(ddof=1)) if len(values) > 1 else 0.0, CHANCE)


def margin_of_difference(values: np.ndarray, others: np.ndarray) -> float:
    """Half of the 95 % interval of the difference of two means (points); single runs vary by counting alone."""
    runs = len(values), len(others)
    deviations = deviation_of(values), deviation_of(others)
    return margin_of_means(deviations, runs, (runs[0] - 1 or inf, runs[1] - 1 or inf))
