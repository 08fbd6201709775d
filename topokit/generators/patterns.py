"""Edges drawn at random, exactly as many as asked for.

No function here enumerates the n_source * n_target possible edges of a sparse block, so blocks of half a million by
half a million neurons can be drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.dag import CSRPattern, Pattern
from topokit.errors import ParameterError

Random = int | np.random.Generator | None
Keys = NDArray[np.int64]

_POSSIBLE_PER_EDGE_OF_A_MASK = 32


def random_pattern(shape: tuple[int, int], n_edges: int, rng: Random = None) -> CSRPattern:
    """A pattern with exactly `n_edges` edges, every such pattern equally likely.

    Parameters
    ----------
    shape : (int, int)
        (n_source, n_target).
    n_edges : int
        From 0 to n_source * n_target.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    ParameterError
        More edges than possible, or fewer than none.
    """
    return pattern_of_keys(random_keys(shape[0] * shape[1], n_edges, rng), shape)


def random_mask(shape: tuple[int, int], n_edges: int, rng: Random = None) -> NDArray[np.bool_]:
    """The same as `random_pattern`, as a boolean matrix (n_source, n_target)."""
    mask = np.zeros(shape[0] * shape[1], np.bool_)
    mask[random_keys(mask.size, n_edges, rng)] = True
    return mask.reshape(shape)


def random_keys(population: int, count: int, rng: Random = None) -> Keys:
    """`count` distinct numbers below `population`, ascending, every such set equally likely, (count,).

    Raises
    ------
    ParameterError
        More numbers than there are, or fewer than none.
    """
    if not 0 <= count <= population:
        raise ParameterError(f"{count} edges were asked for where 0 to {population} are possible")
    generator = np.random.default_rng(rng)
    if population <= count * _POSSIBLE_PER_EDGE_OF_A_MASK:
        return _keys_of_a_mask(population, count, generator)
    keys = np.empty(0, np.int64)
    while len(keys) < count:
        fresh = generator.integers(population, size=count - len(keys))
        keys = _distinct(np.concatenate([keys, fresh]))
    return keys


def unused_keys(used: Keys, ranks: Keys) -> Keys:
    """The numbers that stand at `ranks` (from 0) among those not in `used`; both ascending, (len(ranks),)."""
    unused_before = used - np.arange(len(used))
    keys: Keys = ranks + np.searchsorted(unused_before, ranks, side="right")
    return keys


def pattern_of_keys(keys: Keys, shape: tuple[int, int]) -> CSRPattern:
    """The pattern whose edges are ``source * n_target + target`` for the ascending, distinct `keys`."""
    n_source, n_target = shape
    index_type = np.int32 if max(len(keys), n_target) < 2**31 else np.int64
    indptr = np.searchsorted(keys, np.arange(n_source + 1, dtype=np.int64) * n_target)
    return CSRPattern(indptr.astype(index_type), (keys % n_target).astype(index_type), shape)


def keys_of_pattern(pattern: Pattern) -> Keys:
    """The inverse of `pattern_of_keys`, ascending, (nnz,)."""
    indptr, indices = pattern.csr()
    n_source, n_target = pattern.shape
    keys: Keys = np.repeat(np.arange(n_source, dtype=np.int64) * n_target, np.diff(indptr)) + indices
    return keys


def _distinct(keys: Keys) -> Keys:
    # np.unique hashes since NumPy 2.3, which takes ten times as long as sorting.
    ascending: Keys = np.sort(keys)
    distinct: Keys = ascending[np.concatenate([[True], ascending[1:] != ascending[:-1]])]
    return distinct


def _keys_of_a_mask(population: int, count: int, generator: np.random.Generator) -> Keys:
    chosen = np.zeros(population, np.bool_)
    rarer = min(count, population - count)
    missing = rarer
    while missing:
        chosen[generator.integers(population, size=missing)] = True
        missing = rarer - int(np.count_nonzero(chosen))
    return np.flatnonzero(chosen if rarer == count else ~chosen).astype(np.int64, copy=False)
