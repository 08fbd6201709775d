from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from strategies import chains
from wiring import Mask, hidden_shuffled, least_distance, random_chain, rewired, set_distances

import topokit as tk
from topokit.analyzers import TopologyDistance
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import (
    IncompatibleNetworksError,
    InsufficientDataError,
    NotAChainError,
    ParameterError,
    TopokitError,
    UnknownNameError,
)

SIZES = (60, 50, 40, 10)


def chain(seed: int, density: float, sizes: tuple[int, ...] = SIZES) -> list[Mask]:
    return random_chain(np.random.default_rng(seed), sizes, density)


def first_layer(a: Mask, b: Mask) -> float:
    return tk.nnstd([a], [b], output="matched").total


# Closed forms


@pytest.mark.parametrize("density", [0.0, 0.1, 0.5])
def test_dense_against_random_is_the_share_of_missing_edges(density: float) -> None:
    dense, sparse_mask = np.ones((400, 50), bool), np.random.default_rng(0).random((400, 50)) < density
    assert first_layer(dense, sparse_mask) == pytest.approx(1 - sparse_mask.mean(), abs=1e-12)


def test_disjoint_inputs_are_at_distance_one() -> None:
    a, b = np.zeros((20, 8), bool), np.zeros((20, 8), bool)
    a[:10], b[10:] = True, True
    assert first_layer(a, b) == 1


def test_empty_neurons_are_alike_and_differ_from_all_others() -> None:
    empty, full = np.zeros((5, 4), bool), np.ones((5, 4), bool)
    assert first_layer(empty, empty) == 0
    assert first_layer(empty, full) == 1


@given(chains())
def test_a_network_is_at_distance_zero_from_itself(network: LayeredDAG) -> None:
    for options in ({}, {"output": "matched"}, {"ties": "scipy"}, {"preset": "authors"}):
        distance = tk.nnstd(network, network, **options)
        assert distance.total == 0
        assert (distance.layers == 0).all()


@given(chains(weights=True))
def test_weights_are_at_distance_zero_from_themselves_whatever_the_ties(network: LayeredDAG) -> None:
    for weights, ties in product(("magnitude", "signed"), ("canonical", "fast")):
        distance = tk.nnstd(network, network, weights=weights, ties=ties)
        assert distance.total == tk.nnstd_matrix([network, network], weights=weights, ties=ties).matrix[0, 1] == 0
        assert all(distance.certified)


def test_thousands_of_layers() -> None:
    deep = [np.ones((1, 1), bool)] * 4100
    assert tk.nnstd(deep, deep).total == 0


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_rewiring_a_share_of_each_neurons_inputs(fraction: float) -> None:
    # Each neuron keeps (1 - f) n of its n inputs, and (1 + f) n are in one set or the other.
    rng = np.random.default_rng(0)
    mask = np.zeros((1000, 200), bool)
    for column in mask.T:
        column[rng.choice(1000, 40, replace=False)] = True
    assert first_layer(mask, rewired(mask, fraction, rng)) == pytest.approx(2 * fraction / (1 + fraction), abs=1e-12)


def test_rewiring_random_neurons_within_a_hundredth() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((1000, 200)) < 0.04
    assert first_layer(mask, rewired(mask, 0.1, rng)) == pytest.approx(0.2 / 1.1, abs=0.01)


# Properties


@given(chains(max_layers=4), st.data())
def test_range_and_certificate(a: LayeredDAG, data: st.DataObject) -> None:
    seed, density = data.draw(st.integers(0, 999)), data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    b = random_chain(np.random.default_rng(seed), [layer.size for layer in a.layers], density)
    for output in ("labelled", "matched"):
        distance = tk.nnstd(a, b, output=output)
        assert ((distance.layers >= 0) & (distance.layers <= 1)).all()
        assert all(distance.certified)
        for size, pairing in zip(distance.sizes_a, distance.assignments, strict=True):
            assert sorted(pairing.tolist()) == list(range(size))


@given(st.integers(0, 999))
def test_unequal_widths_stay_in_range_and_symmetric_in_the_first_layer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_in, n_out, *widths = rng.integers(1, 6, 6)
    a = random_chain(rng, (n_in, widths[0], widths[1], n_out), rng.choice([0.1, 0.5]))
    b = random_chain(rng, (n_in, widths[2], widths[3], n_out), rng.choice([0.1, 0.5]))
    forward, backward = tk.nnstd(a, b), tk.nnstd(b, a)
    assert ((forward.layers >= 0) & (forward.layers <= 1)).all()
    assert forward.layers[0] == pytest.approx(backward.layers[0], abs=1e-12)
    width = max(widths[0], widths[2])
    expected = least_distance(*(np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in (a[0], b[0])))
    assert forward.layers[0] == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 999))
def test_one_layer_is_a_metric_on_multisets_of_input_sets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 6)
    a, b, c = (rng.random((4, n)) < rng.choice([0.2, 0.5]) for _ in range(3))
    ab, bc, ac = first_layer(a, b), first_layer(b, c), first_layer(a, c)
    assert ab == pytest.approx(least_distance(a, b), abs=1e-12)
    assert ab == pytest.approx(first_layer(b, a), abs=1e-12)
    assert ac <= ab + bc + 1e-12
    same = sorted(map(tuple, a.T)) == sorted(map(tuple, b.T))
    assert (ab < 1e-12) == same


def test_first_layer_does_not_depend_on_the_order_of_hidden_neurons() -> None:
    rng = np.random.default_rng(0)
    a, b = chain(1, 0.05), chain(2, 0.05)
    shuffled, _ = hidden_shuffled(b, rng)
    assert tk.nnstd(a, b).layers[0] == pytest.approx(tk.nnstd(a, shuffled).layers[0], abs=1e-12)
    assert tk.nnstd(a, b, layers=[0]).total <= np.diagonal(set_distances(a[0], b[0])).mean()


def test_a_shuffled_copy_is_found_out() -> None:
    a = chain(1, 0.3)
    shuffled, orders = hidden_shuffled(a, np.random.default_rng(0))
    distance = tk.nnstd(a, shuffled)
    assert distance.total == 0
    for order, pairing in zip(orders, distance.assignments, strict=False):
        np.testing.assert_array_equal(order[pairing], np.arange(len(order)))


def test_inputs_are_labelled() -> None:
    a = chain(1, 0.3)
    moved = [a[0][np.random.default_rng(0).permutation(SIZES[0])], *a[1:]]
    assert tk.nnstd(a, moved).layers[0] > 0.3


# Options


def test_outputs_labelled_matched_or_skipped() -> None:
    a = chain(1, 0.3)
    b = [*a[:-1], a[-1][:, ::-1]]
    labelled, matched, skipped = (tk.nnstd(a, b, output=output) for output in ("labelled", "matched", "skip"))
    assert labelled.layers[-1] == pytest.approx(np.diagonal(set_distances(a[-1], b[-1])).mean())
    assert labelled.matched == (True, True, False)
    np.testing.assert_array_equal(labelled.assignments[-1], np.arange(10))
    assert matched.total == 0
    np.testing.assert_array_equal(matched.assignments[-1], np.arange(10)[::-1])
    assert skipped.layer_names == ("hidden1", "hidden2")
    assert len(skipped.layers) == 2


def test_layers_by_position_and_name_are_those_of_the_whole() -> None:
    a, b = chain(1, 0.2), chain(2, 0.2)
    whole = tk.nnstd(a, b)
    for layers, picked in (
        ([0], [0]),
        ([1], [1]),
        (np.array([0, 1]), [0, 1]),
        (["output", 0], [0, 2]),
        (-1, [2]),
        ("hidden2", [1]),
    ):
        part = tk.nnstd(a, b, layers=layers)
        np.testing.assert_array_equal(part.layers, whole.layers[picked])
        assert part.layer_names == tuple(whole.layer_names[k] for k in picked)
        assert part.total == whole.layers[picked].mean()


def test_scipy_and_fast_agree_where_pairings_are_unique() -> None:
    a, b = chain(1, 0.3), chain(2, 0.3)
    fast, slow = tk.nnstd(a, b), tk.nnstd(a, b, ties="scipy")
    assert fast.layers == pytest.approx(slow.layers, abs=1e-12)
    assert fast.certified == (True, True, True)
    np.testing.assert_allclose(slow.gaps, 0, atol=50 / 2**40)


def test_normalisers_divide_the_same_cost() -> None:
    a, b = chain(1, 0.3, (30, 20)), chain(2, 0.3, (30, 25))
    by = {name: tk.nnstd(a, b, output="matched", normaliser=name).total for name in ("max", "n1", "n2")}
    assert by["max"] == by["n2"] == pytest.approx(by["n1"] * 20 / 25)


def test_neurons_without_a_partner() -> None:
    a, b = chain(1, 0.3, (30, 5, 4)), chain(2, 0.3, (30, 3, 4))
    wide, narrow = tk.nnstd(a, b), tk.nnstd(b, a)
    assert sorted(wide.assignments[0].tolist()) == [-1, -1, 0, 1, 2]
    assert len(narrow.assignments[0]) == 3
    assert narrow.sizes_a == (3, 4)
    assert narrow.sizes_b == (5, 4)


def test_the_next_layer_follows_the_pairing() -> None:
    # Hidden neuron 0 of b is neuron 1 of a and the other way round, so b's edges from 0 are a's edges from 1.
    a = [np.eye(2, dtype=bool), np.array([[1, 0], [0, 0]], bool)]
    b = [np.eye(2, dtype=bool)[::-1], np.array([[0, 0], [1, 0]], bool)]
    assert tk.nnstd(a, b).layers.tolist() == [0, 0]
    assert tk.nnstd(a, [b[0], a[1]]).layers.tolist() == [0, 0.5]


# The authors' code


def test_authors_pair_as_many_as_the_narrower_has() -> None:
    a, b = np.eye(6, 2, dtype=bool), np.eye(6, 3, dtype=bool)
    assert tk.nnstd([a], [b], preset="authors").total == 0
    assert tk.nnstd([b], [a], preset="authors").total == 0
    assert tk.nnstd([a], [b], output="matched").total == pytest.approx(1 / 3)


@given(st.integers(0, 9999))
def test_authors_misalign_what_follows_a_wider_hidden_layer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    narrow = rng.integers(1, 7, 3)
    a = random_chain(rng, (6, *(narrow + rng.integers(0, 4, 3))), rng.choice([0.2, 0.5]))
    b = random_chain(rng, (6, *narrow), rng.choice([0.2, 0.5]))
    found = tk.nnstd(a, b, preset="authors")
    rows: list[int] = list(range(6))
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        moved = np.zeros((max(len(x), len(y)), y.shape[1]), bool)
        moved[: len(rows)] = y[rows]
        costs = set_distances(np.pad(x, ((0, len(moved) - len(x)), (0, 0))), moved)
        paired, partners = linear_sum_assignment(costs)
        assert found.layers[k] == pytest.approx(costs[paired, partners].sum() / x.shape[1], abs=1e-12)
        assert found.gaps[k] == pytest.approx(0, abs=1e-10)
        # Row j of the next layer is taken from the partner of the j-th neuron that has one, not from that of neuron j.
        rows = partners.tolist()


def test_authors_count_nan_and_forget_stored_zeros() -> None:
    nan = np.array([[np.nan, 0], [0, 1.0]])
    assert tk.nnstd([nan], [nan != 0], preset="authors").total == 0
    stored = sparse.csr_array(np.eye(2))
    stored.data[0] = 0
    assert tk.nnstd([stored], [np.diag([False, True])], preset="authors").total == 0
    with pytest.raises(TopokitError, match="NaN"):
        tk.nnstd([nan], [nan])


def test_authors_fail_where_the_first_network_is_narrower() -> None:
    a, b = chain(1, 0.3, (30, 5, 4)), chain(2, 0.3, (30, 6, 4))
    with pytest.raises(IncompatibleNetworksError, match=r"5 neurons in layer 'hidden1' and the second 6 .*swap"):
        tk.nnstd(a, b, preset="authors")
    assert tk.nnstd(a, b, preset="authors", layers=[0]).total < 1
    assert tk.nnstd(b, a, preset="authors").total < 1


# Results and errors


def test_result() -> None:
    distance = tk.nnstd(chain(1, 0.3), chain(2, 0.3), layers=[0, 2])
    assert isinstance(distance, TopologyDistance)
    frame = distance.frame
    assert list(frame.columns) == ["layer", "distance", "size_a", "size_b", "matched", "gap", "lower_bound"]
    assert frame["layer"].tolist() == ["hidden1", "output"]
    assert frame["size_a"].tolist() == [50, 10]
    assert frame["matched"].tolist() == [True, False]
    assert distance.total == frame["distance"].mean()
    meta = json.loads(distance.to_json())["meta"]
    assert meta["parameters"]["layers"] == [0, 2]
    assert meta["parameters"]["ties"] == "canonical"
    authors = tk.nnstd(chain(1, 0.3), chain(2, 0.3), preset="authors").meta.parameters
    assert (authors["ties"], authors["output"], authors["normaliser"]) == ("scipy", "matched", "n1")
    assert "liu2020" in distance.meta.references


def test_backends_and_weights_do_not_matter() -> None:
    a, b = chain(1, 0.3), chain(2, 0.3)
    weighted = [mask * np.random.default_rng(0).normal(size=mask.shape) for mask in a]
    expected = tk.nnstd(a, b).layers
    network = LayeredDAG.from_adjacencies(weighted)
    for form in (weighted, [sparse.csr_array(mask) for mask in a], network, network.with_backend("bitmap")):
        np.testing.assert_array_equal(tk.nnstd(form, b).layers, expected)


def test_networks_that_cannot_be_compared() -> None:
    a = chain(1, 0.3)
    for b, message in (
        (chain(1, 0.3, (61, 50, 40, 10)), "60 neurons in layer 'input' and the second 61 .*bias row"),
        (chain(1, 0.3, (60, 50, 10)), "3 layers with inputs.*the other 2"),
        (chain(1, 0.3, (60, 50, 40, 12)), "10 neurons in layer 'output' and the second 12 .*output='matched'"),
    ):
        with pytest.raises(IncompatibleNetworksError, match=message):
            tk.nnstd(a, b)
    wider = chain(1, 0.3, (60, 50, 40, 12))
    assert tk.nnstd(a, wider, output="skip").total == tk.nnstd(a, wider, layers=[0, 1]).total == 0


def test_layers_beyond_the_limit_are_refused() -> None:
    too_wide = [sparse.csr_array((1, 2**21 + 1))]
    with pytest.raises(IncompatibleNetworksError, match="2,097,153 neurons"):
        tk.nnstd(too_wide, too_wide)


def test_networks_without_edges_or_that_are_no_chain_for_the_authors() -> None:
    layers = (Layer("a", 3), Layer("b", 3))
    joined = LayeredDAG(layers, (EdgeBlock.identity("a", "b", 3),))
    with pytest.raises(InsufficientDataError, match="no block of edges"):
        tk.nnstd(joined, joined)
    full = EdgeBlock.from_matrix("a", "b", np.ones((3, 3), bool))
    skipping = LayeredDAG(layers, (full, replace(full, name="again")))
    assert tk.nnstd(skipping, skipping).total == 0
    with pytest.raises(NotAChainError, match="preset"):
        tk.nnstd(skipping, skipping, preset="authors")


def test_a_series_is_not_a_network() -> None:
    network = LayeredDAG.from_adjacencies(chain(1, 0.3))
    with pytest.raises(IncompatibleNetworksError, match=r"series\[-1\]"):
        tk.nnstd(tk.Series.from_networks([network]), network)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"ties": "quick"}, ParameterError),
        ({"output": "sorted"}, ParameterError),
        ({"normaliser": "mean"}, ParameterError),
        ({"preset": "paper"}, ParameterError),
        ({"preset": "authors", "output": "skip"}, ParameterError),
        ({"output": "skip", "layers": [2]}, ParameterError),
        ({"layers": []}, ParameterError),
        ({"layers": [0.5]}, ParameterError),
        ({"ties": np.array(["fast", "scipy"])}, ParameterError),
        ({"refine": "no"}, ParameterError),
        ({"symmetric": 1}, ParameterError),
        ({"layers": [3]}, UnknownNameError),
        ({"layers": ["input"]}, UnknownNameError),
        ({"layers": "hiden1"}, UnknownNameError),
    ],
)
def test_bad_options(options: dict[str, object], error: type[TopokitError]) -> None:
    with pytest.raises(error) as caught:
        tk.nnstd(chain(1, 0.3), chain(2, 0.3), **options)
    assert "\n" not in str(caught.value)


def test_nothing_left_to_compare() -> None:
    with pytest.raises(InsufficientDataError, match="output='matched'"):
        tk.nnstd([np.eye(3)], [np.eye(3)], output="skip")


@pytest.mark.parametrize(("density", "other"), list(product([0.01, 0.3], repeat=2)))
def test_greedy_pairing_counted_by_hand(density: float, other: float) -> None:
    a, b = chain(3, density, (30, 25, 20, 5)), chain(4, other, (30, 25, 20, 5))
    distance = tk.nnstd(a, b)
    rows = np.arange(30)
    for k, pairing in enumerate(distance.assignments):
        costs = set_distances(a[k], b[k][rows])
        assert costs[np.arange(len(pairing)), pairing].mean() == pytest.approx(distance.layers[k], abs=1e-12)
        rows = pairing
