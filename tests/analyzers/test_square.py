"""Tables of distances, from wherever they come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from growing import grown

import topokit as tk
from topokit.analyzers.distances.square import square_distances
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError

DISTANCES = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]], float)


def test_results_tables_and_arrays_are_the_same_distances() -> None:
    result = tk.nnstd_matrix(grown(3))
    for source in (result, result.table, result.matrix):
        np.testing.assert_array_equal(square_distances(source).values, result.matrix)
    assert square_distances(result).labels == square_distances(result.table).labels == result.labels
    assert square_distances(result.matrix).labels == ("0", "1", "2")
    assert square_distances(result, ["x", "y", "z"]).labels == ("x", "y", "z")


def test_pairs_are_those_above_the_diagonal() -> None:
    assert square_distances(DISTANCES).condensed.tolist() == [1, 2, 3]


def test_distances_that_differ_by_rounding_are_symmetric() -> None:
    rounded = DISTANCES * (1 + np.tril(np.full((3, 3), 2e-16)))
    values = square_distances(rounded).values
    np.testing.assert_array_equal(values, values.T)


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ((0, 1), np.nan, "matrix of 'a' and 'b' is nan, which is no distance"),
        ((2, 0), np.inf, "matrix of 'c' and 'a' is inf, which is no distance"),
        ((0, 1), -1, "matrix of 'a' and 'b' is -1, which is negative"),
        ((1, 1), 0.5, "matrix of 'b' and 'b' is 0.5, which is not 0"),
        ((0, 1), 1.5, "matrix of 'a' and 'b' is 1.5, which is not the distance the other way round"),
    ],
)
def test_what_is_no_table_of_distances_says_where(place: tuple[int, int], value: float, problem: str) -> None:
    wrong = DISTANCES.copy()
    wrong[place] = value
    with pytest.raises(ParameterError, match=problem):
        square_distances(wrong, ["a", "b", "c"])


def test_other_shapes_and_labels_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"shape \(2, 3\)"):
        square_distances(DISTANCES[:2])
    with pytest.raises(ParameterError, match="2 labels were given for the 3 networks"):
        square_distances(DISTANCES, ["a", "b"])
    with pytest.raises(ParameterError, match="numbers"):
        square_distances([["a", "b"], ["b", "a"]])
    with pytest.raises(InsufficientDataError, match="1 networks: at least 2"):
        square_distances([[0]])
    with pytest.raises(IncompatibleNetworksError, match=r"rows of matrix are a, b, c and its columns b, c, a"):
        square_distances(pd.DataFrame(DISTANCES, index=list("abc"), columns=list("bca")))
