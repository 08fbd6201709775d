"""Layers and matrices that follow each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from topokit.dag.layer import Layer, LayerKind
from topokit.errors import InvalidNetworkError


def chain_layers(
    sizes: Sequence[int], *, names: Sequence[str] | None = None, input_shape: tuple[int, ...] | None = None
) -> tuple[Layer, ...]:
    """Layers of these sizes; the first is the input, the last the output.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first; two or more.
    names : sequence of str, optional
        One per layer; ``input, hidden1, ..., output`` unless given.
    input_shape : tuple of int, optional
        How the input neurons lie, such as ``(28, 28)``.

    Raises
    ------
    InvalidNetworkError
        Fewer than two sizes, another number of names, or a shape of another size.
    """
    if len(sizes) < 2:
        raise InvalidNetworkError(f"sizes {tuple(sizes)} make no chain: give at least two layers")
    hidden = len(sizes) - 2
    labels = ["input", *(f"hidden{k + 1}" for k in range(hidden)), "output"] if names is None else list(names)
    if len(labels) != len(sizes):
        raise InvalidNetworkError(f"{len(labels)} names were given for {len(sizes)} layers: give one each")
    units: list[LayerKind] = ["unit"] * hidden
    kinds: list[LayerKind] = ["input", *units, "output"]
    shapes = [input_shape, *[None] * (hidden + 1)]
    return tuple(Layer(*parts) for parts in zip(labels, sizes, kinds, shapes, strict=True))


def chain_matrices(matrices: Iterable[Any]) -> list[Any]:
    """The matrices as arrays or SciPy containers.

    Raises
    ------
    InvalidNetworkError
        None was given, one is not a matrix, or two neighbours do not chain.
    """
    arrays = [_as_matrix(k, matrix) for k, matrix in enumerate(listed(matrices))]
    if not arrays:
        raise InvalidNetworkError("no matrix was given: a network has at least one block")
    for k, (left, right) in enumerate(pairwise(arrays)):
        if left.shape[1] != right.shape[0]:
            raise InvalidNetworkError(
                f"matrix {k} has {left.shape[1]} targets but matrix {k + 1} has {right.shape[0]} sources: "
                "matrices are (n_source, n_target), transpose or reorder them"
            )
    return arrays


def listed(matrices: Any) -> list[Any]:
    """The items of a list or another iterable.

    Raises
    ------
    InvalidNetworkError
        A path, a lone sparse matrix, or nothing to iterate over.
    """
    if isinstance(matrices, str | bytes) or sparse.issparse(matrices) or not isinstance(matrices, Iterable):
        raise InvalidNetworkError(
            f"a list of matrices (n_source, n_target) is needed, not {type(matrices).__name__}: "
            "put one matrix in a list, and read a file with topokit.load"
        )
    return list(matrices)


def _as_matrix(k: int, matrix: Any) -> Any:
    try:
        array: Any = matrix if sparse.issparse(matrix) else np.asarray(matrix)
    except ValueError as error:
        raise InvalidNetworkError(f"matrix {k} has rows of several lengths: {error}") from error
    if array.ndim != 2:
        raise InvalidNetworkError(
            f"matrix {k} has shape {array.shape}: give a list of matrices, each (n_source, n_target)"
        )
    return array
