from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from wiring import Mask, random_chain, rewired

import topokit as tk
from topokit.analyzers import DistanceSeries
from topokit.dag import LayeredDAG, Moment, Series
from topokit.errors import (
    IncompatibleNetworksError,
    InsufficientDataError,
    InvalidNetworkError,
    ParameterError,
    UnknownNameError,
)
from topokit.execute import process_pool

SIZES = (40, 30, 30, 5)


def generations(count: int) -> list[list[Mask]]:
    rng = np.random.default_rng(0)
    found = [random_chain(rng, SIZES, 0.2)]
    for _ in range(count - 1):
        found.append([rewired(mask, 0.1, rng) for mask in found[-1]])
    return found


@pytest.fixture(scope="module")
def series() -> Series:
    networks = [LayeredDAG.from_adjacencies(masks) for masks in generations(5)]
    moments = [Moment(step=10 * k, epoch=float(k), label=f"e{k}") for k in range(5)]
    return Series(moments, networks.__getitem__, name="run")


def test_matrix_holds_the_pairs(series: Series) -> None:
    result = tk.nnstd_matrix(series)
    assert result.labels == ("e0", "e1", "e2", "e3", "e4")
    assert result.layer_names == ("hidden1", "hidden2", "output")
    for i in range(5):
        for j in range(5):
            pair = tk.nnstd(series[min(i, j)], series[max(i, j)])
            np.testing.assert_array_equal(result.layer_matrices[:, i, j], pair.layers)
            assert result.matrix[i, j] == pair.total
    assert (np.diagonal(result.matrix) == 0).all()
    np.testing.assert_array_equal(result.matrix, result.matrix.T)


def test_matrix_frame(series: Series) -> None:
    result = tk.nnstd_matrix(series, output="skip", layers=[1])
    frame = result.frame
    assert list(frame.columns) == ["a", "b", "layer", "distance"]
    assert len(frame) == 2 * 25
    one = frame[(frame["a"] == "e1") & (frame["b"] == "e3")].set_index("layer")["distance"]
    assert one["hidden2"] == result.layer_matrices[0, 1, 3]
    assert one["total"] == result.matrix[1, 3]


def test_tables_are_labelled_on_both_sides(series: Series) -> None:
    result = tk.nnstd_matrix(series)
    assert result.table.loc["e1", "e3"] == result.matrix[1, 3]
    assert result.layer_table("hidden2").loc["e1", "e3"] == result.layer_matrices[1, 1, 3]
    assert result.table.index.name == "a"
    with pytest.raises(UnknownNameError, match="unknown layer 'hiden1'"):
        result.layer_table("hiden1")


def test_two_groups(series: Series) -> None:
    result = tk.nnstd_between(series[:2], {"x": series[3], "y": series[2], "z": series[0]})
    assert result.labels_a == ("e0", "e1")
    assert result.labels_b == ("x", "y", "z")
    assert result.layer_matrices.shape == (3, 2, 3)
    for i, a in enumerate((0, 1)):
        for j, b in enumerate((3, 2, 0)):
            pair = tk.nnstd(series[a], series[b])
            np.testing.assert_array_equal(result.layer_matrices[:, i, j], pair.layers)
            assert result.table.iloc[i, j] == pair.total
    assert list(result.frame.columns) == ["a", "b", "layer", "distance"]
    assert len(result.frame) == 6 * 4
    one = result.frame[(result.frame["a"] == "e1") & (result.frame["b"] == "y")].set_index("layer")["distance"]
    assert one["total"] == result.matrix[1, 1]
    assert one["hidden1"] == result.layer_table("hidden1").loc["e1", "y"]


def test_totals_are_averaged_as_asked(series: Series) -> None:
    for average in ("edges", "neurons"):
        pair = tk.nnstd(series[0], series[2], average=average).total
        assert tk.nnstd_matrix(series, average=average).matrix[0, 2] == pair
        assert tk.nnstd_against(series, average=average).totals[2] == pair
        assert tk.nnstd_between(series[:1], series[2:3], average=average).matrix[0, 0] == pair


def test_generations_drift_away(series: Series) -> None:
    from_first = tk.nnstd_against(series)
    assert (np.diff(from_first.totals) > 0).all()
    assert from_first.totals[0] == 0
    np.testing.assert_array_equal(from_first.totals, tk.nnstd_matrix(series).matrix[0])


def test_against_any_reference(series: Series) -> None:
    last = tk.nnstd_against(series, -1, layers=[0])
    assert last.references == ("e4",) * 5
    np.testing.assert_array_equal(last.layers[:, 0], [tk.nnstd(series[-1], net, layers=[0]).total for net in series])
    other = tk.nnstd_against(series, generations(5)[-1], layers=[0])
    np.testing.assert_array_equal(other.layers, last.layers)
    assert other.references == ("reference",) * 5


def test_consecutive(series: Series) -> None:
    result = tk.nnstd_consecutive(series)
    assert result.labels == ("e1", "e2", "e3", "e4")
    assert result.references == ("e0", "e1", "e2", "e3")
    assert [moment.step for moment in result.moments] == [10, 20, 30, 40]
    for k, row in enumerate(result.layers):
        np.testing.assert_array_equal(row, tk.nnstd(series[k], series[k + 1]).layers)
    assert result.totals == pytest.approx(result.layers.mean(axis=1))


def test_series_frame(series: Series) -> None:
    result = tk.nnstd_consecutive(series)
    assert isinstance(result, DistanceSeries)
    frame = result.frame
    assert list(frame.columns) == ["step", "epoch", "label", "reference", "layer", "distance"]
    assert len(frame) == 4 * 4
    assert frame["layer"].unique().tolist() == ["hidden1", "hidden2", "output", "total"]
    total = frame[(frame["layer"] == "total") & (frame["label"] == "e2")].iloc[0]
    assert (total["step"], total["epoch"], total["reference"]) == (20, 2.0, "e1")
    assert total["distance"] == result.totals[1]


def test_lists_and_mappings_of_matrices(series: Series) -> None:
    expected = tk.nnstd_matrix(series).matrix
    listed = tk.nnstd_matrix(generations(5))
    named = tk.nnstd_matrix({f"w{k}": masks for k, masks in enumerate(generations(5))})
    np.testing.assert_array_equal(listed.matrix, expected)
    np.testing.assert_array_equal(named.matrix, expected)
    assert listed.labels == ("0", "1", "2", "3", "4")
    assert named.labels == ("w0", "w1", "w2", "w3", "w4")


def test_networks_of_several_widths() -> None:
    rng = np.random.default_rng(0)
    networks = [random_chain(rng, (20, width, 4), 0.3) for width in (5, 8, 11)]
    matrix = tk.nnstd_matrix(networks).matrix
    assert ((matrix >= 0) & (matrix <= 1)).all()


def test_the_reference_and_the_earlier_network_come_first() -> None:
    rng = np.random.default_rng(0)
    networks = [random_chain(rng, (20, width, 4), 0.3) for width in (5, 8, 11)]
    forward = [tk.nnstd(a, b, normaliser="n1").total for a, b in pairwise(networks)]
    assert forward != [tk.nnstd(b, a, normaliser="n1").total for a, b in pairwise(networks)]
    assert tk.nnstd_consecutive(networks, normaliser="n1").totals.tolist() == forward
    assert tk.nnstd_against(networks, 0, normaliser="n1").totals[1] == forward[0]
    assert tk.nnstd_matrix(networks, normaliser="n1").matrix[1, 0] == forward[0]


def test_each_network_is_read_once(series: Series) -> None:
    read: list[int] = []
    networks = list(series)

    def counted(k: int) -> LayeredDAG:
        read.append(k)
        return networks[k]

    for analysis in (tk.nnstd_matrix, tk.nnstd_against, tk.nnstd_consecutive):
        read.clear()
        analysis(Series(series.moments, counted))
        assert read == [0, 1, 2, 3, 4]


def test_executors_give_the_same_answers(series: Series) -> None:
    expected = tk.nnstd_matrix(series).layer_matrices
    with ThreadPoolExecutor(2) as threads, process_pool(1) as processes:
        for executor in (threads, processes):
            np.testing.assert_array_equal(tk.nnstd_matrix(series, executor=executor).layer_matrices, expected)


def test_the_authors_matrix(series: Series) -> None:
    result = tk.nnstd_matrix(series, preset="authors")
    np.testing.assert_array_equal(
        result.layer_matrices[:, 0, 1], tk.nnstd(series[0], series[1], preset="authors").layers
    )
    assert result.meta.parameters["ties"] == "scipy"


def test_a_lone_network(series: Series) -> None:
    assert tk.nnstd_matrix(series[0]).matrix.tolist() == [[0]]
    assert tk.nnstd_against(series[0]).totals.tolist() == [0]
    with pytest.raises(InsufficientDataError, match="at least two"):
        tk.nnstd_consecutive(series[0])


def test_errors(series: Series) -> None:
    with pytest.raises(ParameterError, match=r"reference=5 .* 5 networks"):
        tk.nnstd_against(series, 5)
    with pytest.raises(InvalidNetworkError):
        tk.nnstd_matrix([])
    with pytest.raises(InvalidNetworkError, match="not int"):
        tk.nnstd_matrix(5)
    with pytest.raises(ParameterError, match="ties"):
        tk.nnstd_matrix(series, ties="slow")
    for wrong in (3, "threads", ThreadPoolExecutor):
        with pytest.raises(ParameterError, match="runs nothing: give"):
            tk.nnstd_matrix(series, executor=wrong)
    with pytest.raises(UnknownNameError, match="unknown layer '3'"):
        tk.nnstd_matrix(series).layer_table(3)
    with pytest.raises(IncompatibleNetworksError, match="equal depth"):
        tk.nnstd_matrix([generations(1)[0], generations(1)[0][:2]])
