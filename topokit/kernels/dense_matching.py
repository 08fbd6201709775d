"""Pair the sets of inputs of two layers through the full matrix of their distances, as the papers' authors do."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.input_sets import InputSets


def jaccard_distances(a: InputSets, b: InputSets, n_inputs: int) -> NDArray[np.float64]:
    """Jaccard distance of each set of `a` to each set of `b`, (n_a, n_b).

    |A \\ B| + |B \\ A| over |A u B|: 0 for two empty sets, 1 for one empty set.
    """
    common = (_incidence(a, n_inputs).T @ _incidence(b, n_inputs)).astype(np.float64)
    sizes = np.diff(a.start)[:, None] + np.diff(b.start)[None, :]
    return np.divide(sizes - 2 * common, sizes - common, out=np.zeros(common.shape), where=sizes > 0)


def match_densely(a: InputSets, b: InputSets, n_inputs: int) -> Integers:
    """The pairing that `scipy.optimize.linear_sum_assignment` finds, (n_a,); -1 where `b` has too few sets.

    Among equally good pairings it is SciPy's choice, as in the code of Liu et al. (2020).
    """
    distances = jaccard_distances(a, b, n_inputs)
    rows, columns = scipy.optimize.linear_sum_assignment(distances)
    partner = np.full(len(distances), -1, np.int64)
    partner[rows] = columns
    return partner


def _incidence(sets: InputSets, n_inputs: int) -> NDArray[np.float32]:
    n_sets = len(sets.start) - 1
    incidence = np.zeros((n_inputs, n_sets), np.float32)
    incidence[sets.members, np.repeat(np.arange(n_sets), np.diff(sets.start))] = 1
    return incidence
