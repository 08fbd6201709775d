"""Masks of chains, changes to them, and their distances counted with Python sets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def random_chain(rng: np.random.Generator, sizes: Sequence[int], density: float) -> list[Mask]:
    """Erdos-Renyi masks (n_source, n_target) of a chain."""
    return [rng.random(shape) < density for shape in pairwise(sizes)]


def rewired(mask: Mask, fraction: float, rng: np.random.Generator) -> Mask:
    """Move that fraction of each neuron's inputs to inputs that it had not."""
    moved = mask.copy()
    for old, new in zip(mask.T, moved.T, strict=True):
        count = round(fraction * old.sum())
        new[rng.choice(np.flatnonzero(old), count, replace=False)] = False
        new[rng.choice(np.flatnonzero(~old), count, replace=False)] = True
    return moved


def rewired_anywhere(mask: Mask, fraction: float, rng: np.random.Generator) -> Mask:
    """Move that fraction of all edges to anywhere in the block."""
    moved = mask.copy()
    count = round(fraction * mask.sum())
    moved.flat[rng.choice(np.flatnonzero(mask), count, replace=False)] = False
    moved.flat[rng.choice(np.flatnonzero(~mask), count, replace=False)] = True
    return moved


def hidden_shuffled(masks: Sequence[Mask], rng: np.random.Generator) -> tuple[list[Mask], list[NDArray[np.int64]]]:
    """The same chain with its hidden neurons in another order, and where each of them was."""
    orders = [rng.permutation(mask.shape[1]) for mask in masks[:-1]]
    rows = [np.arange(masks[0].shape[0]), *orders]
    columns = [*orders, np.arange(masks[-1].shape[1])]
    return [mask[np.ix_(r, c)] for mask, r, c in zip(masks, rows, columns, strict=True)], orders


def set_distance(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """|A \\ B| + |B \\ A| over |A u B|, 0 for two empty sets; `a` and `b` say which inputs each neuron has."""
    inputs_a, inputs_b = set(np.flatnonzero(a).tolist()), set(np.flatnonzero(b).tolist())
    either = inputs_a | inputs_b
    return len(inputs_a ^ inputs_b) / len(either) if either else 0.0


def set_distances(a: Mask, b: Mask) -> NDArray[np.float64]:
    """`set_distance` of each column of `a` and each of `b`."""
    return np.array([[set_distance(x, y) for y in b.T] for x in a.T]).reshape(a.shape[1], b.shape[1])


def least_distance(a: Mask, b: Mask) -> float:
    """Least mean distance over all pairings of the columns of two masks of one shape."""
    costs = set_distances(a, b)
    return min(float(np.mean([costs[i, j] for i, j in enumerate(order)])) for order in permutations(range(len(costs))))
