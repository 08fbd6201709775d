"""Refined pairings against the best of all pairings, on networks small enough to try them all."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from wiring import hidden_shuffled, random_chain, rewired

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Taps, capacity
from topokit.dag.patterns import csr_from_mask
from topokit.errors import TooLargeError

Orders = dict[str, NDArray[np.int64]]

# Blocks as source, target, taps; a residual connection joins h to r, and p is fed from its own group.
ARCHITECTURES = {
    "chain": [("in", "h", 1), ("h", "m", 1), ("m", "out", 1)],
    "taps": [("in", "h", 2), ("h", "m", 3), ("m", "out", 2)],
    "skip": [("in", "h", 1), ("h", "m", 2), ("h", "out", 1), ("m", "out", 3)],
    "residual": [("in", "h", 1), ("h", "m", 2), ("m", "r", 1), ("r", "out", 1)],
    "own group": [("in", "h", 1), ("h", "r", 2), ("r", "m", 1), ("m", "out", 1)],
}
WEIGHTS = ("none", "magnitude", "signed")


def network(name: str, widths: dict[str, int], density: float, rng: np.random.Generator) -> LayeredDAG:
    blocks = [block(*ends, widths, density, rng) for ends in ARCHITECTURES[name]]
    names = [layer for layer in ("in", "h", "r", "m", "out") if any(layer in ends for ends in ARCHITECTURES[name])]
    if name == "residual":
        names = ["in", "h", "m", "r", "out"]
    if "r" in names:
        blocks.append(EdgeBlock.identity("h", "r", widths["h"], name="skip"))
    return LayeredDAG(tuple(Layer(layer, widths[layer]) for layer in names), tuple(blocks))


def block(
    source: str, target: str, taps: int, widths: dict[str, int], density: float, rng: np.random.Generator
) -> EdgeBlock:
    shape = (widths[source], taps, widths[target])
    weights = rng.choice([-3.0, -1.0, 0.5, 1.0, 2.0], shape) * (rng.random(shape) < density)
    coordinates = np.nonzero(weights)
    values = weights[coordinates].astype(np.float32)
    held = Taps.from_coordinates(coordinates, (shape[0], shape[2]), taps, weights=values)
    return EdgeBlock(source, target, held.edges[0], taps=held)


def features(
    net: LayeredDAG, layer: str, widths: dict[str, int], weights: str, orders: Orders | None = None
) -> NDArray[np.float64]:
    """What each neuron of a padded layer holds of each feature, its sources and itself in the given orders."""
    parts = []
    for one in net.incoming(layer):
        if one.kind == "identity":
            continue
        n_source, n_target = one.shape
        matrix = np.zeros((widths[one.source], one.tap_count, widths[layer]))
        matrix[:n_source, :, :n_target] = one.tap_matrix(weights=True).toarray().reshape(n_source, -1, n_target)
        if orders is not None:
            matrix = matrix[orders[one.source]][:, :, orders[layer]]
        values = {"none": [matrix != 0], "magnitude": [abs(matrix)], "signed": [matrix.clip(0), (-matrix).clip(0)]}
        parts += [part.reshape(-1, widths[layer]) for part in values[weights]]
    return np.vstack(parts).astype(float)


def total(a: LayeredDAG, b: LayeredDAG, orders: Orders, widths: dict[str, int], weights: str) -> float:
    """Mean over layers of the mean Ruzicka distance of neuron i and neuron ``orders[layer][i]``."""
    distances = []
    for layer in a.layers[1:]:
        ours, theirs = (
            features(a, layer.name, widths, weights),
            features(b, layer.name, widths, weights, orders),
        )
        least, most = np.minimum(ours, theirs).sum(axis=0), np.maximum(ours, theirs).sum(axis=0)
        distances.append(np.mean(1 - np.divide(least, most, out=np.ones_like(most), where=most > 0)))
    return float(np.mean(distances))


def every_pairing(a: LayeredDAG, widths: dict[str, int]) -> list[Orders]:
    """All pairings of the hidden neurons; r goes with h."""
    fixed = {"in": np.arange(widths["in"]), "out": np.arange(widths["out"])}
    hidden = [name for name in ("h", "m") if name in a.index]
    return [
        fixed | dict(zip(hidden, orders, strict=True)) | {"r": orders[0]}
        for orders in product(*(map(np.array, permutations(range(widths[name]))) for name in hidden))
    ]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@settings(max_examples=12)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 0.3, 0.6]),
    st.integers(2, 4),
    st.sampled_from(["canonical", "fast"]),
)
def test_refined_lies_between_the_best_and_the_greedy(
    architecture: str, weights: str, seed: int, density: float, width: int, ties: str
) -> None:
    rng = np.random.default_rng(seed)
    sizes = {"in": 4, "h": 3, "r": 3, "m": 3, "out": 3}
    a, b = (network(architecture, sizes | {"m": m}, density, rng) for m in (3, width))
    padded = sizes | {"m": max(3, width)}
    greedy = tk.nnstd(a, b, ties=ties, weights=weights)
    refined = tk.nnstd(a, b, ties=ties, weights=weights, refine=True)
    best = min(total(a, b, orders, padded, weights) for orders in every_pairing(a, padded))
    assert best - 1e-12 <= refined.total <= greedy.total
    assert refined.lower_bound <= best + 1e-12


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_pairing_costs_what_is_said(architecture: str, weights: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sizes = {"in": 9, "h": 12, "r": 12, "m": 10, "out": 4}
        a, b = (network(architecture, sizes, 0.2, rng) for _ in range(2))
        refined = tk.nnstd(a, b, weights=weights, refine=True)
        orders = {"in": np.arange(9)} | dict(zip(refined.layer_names, refined.assignments, strict=True))
        assert refined.total == pytest.approx(total(a, b, orders, sizes, weights), abs=1e-12)


def test_refinement_often_finds_the_best_where_greedy_does_not() -> None:
    rng = np.random.default_rng(0)
    sizes = {"in": 8, "h": 4, "m": 3, "out": 3}
    found = {"greedy": 0, "refined": 0}
    for _ in range(25):
        a, b = (network("chain", sizes, 0.3, rng) for _ in range(2))
        best = min(total(a, b, orders, sizes, "none") for orders in every_pairing(a, sizes))
        found["greedy"] += tk.nnstd(a, b).total < best + 1e-12
        found["refined"] += tk.nnstd(a, b, refine=True).total < best + 1e-12
    assert found["refined"] > 1.5 * found["greedy"]


@pytest.mark.parametrize("options", [{}, {"layers": [1]}, {"output": "matched"}, {"output": "skip"}, {"ties": "scipy"}])
@pytest.mark.parametrize("average", ["layers", "edges", "neurons"])
@pytest.mark.parametrize("normaliser", ["max", "n1", "n2"])
def test_every_definition_is_refined(options: dict[str, object], average: str, normaliser: str) -> None:
    rng = np.random.default_rng(1)
    a, b = random_chain(rng, (30, 25, 20, 5), 0.1), random_chain(rng, (30, 22, 24, 5), 0.15)
    every = options | {"average": average, "normaliser": normaliser}
    assert tk.nnstd(a, b, **every, refine=True).total < tk.nnstd(a, b, **every).total - 1e-3


def test_a_network_that_kept_its_neurons_is_compared_in_place_too() -> None:
    # Half of each neuron's few inputs changed: pairing by similarity leads away from what the numbers tell.
    rng = np.random.default_rng(2)
    a = random_chain(rng, (60, 60, 60, 60), 0.05)
    b = [rewired(mask, 0.5, rng) for mask in a]
    in_place = tk.nnstd(a, b, refine=True).total
    moved = tk.nnstd(a, hidden_shuffled(b, rng)[0], refine=True).total
    assert in_place < moved


def test_the_symmetric_variant_is_refined_both_ways() -> None:
    rng = np.random.default_rng(1)
    a, b = random_chain(rng, (30, 25, 20, 5), 0.1), random_chain(rng, (30, 22, 24, 5), 0.15)
    both_ways = tk.nnstd(a, b, refine=True, symmetric=True).total
    assert both_ways == min(tk.nnstd(a, b, refine=True).total, tk.nnstd(b, a, refine=True).total)
    assert both_ways == tk.nnstd(b, a, refine=True, symmetric=True).total


def concatenated(n_first: int, rng: np.random.Generator) -> tuple[LayeredDAG, list[NDArray[np.float64]]]:
    """Two layers, first and second, side by side in a third that feeds the output; and the same chain's matrices."""
    into = [rng.random((9, n)) * (rng.random((9, n)) < 0.3) for n in (n_first, 7)]
    both, out = np.eye(n_first + 7, dtype=bool), rng.random((n_first + 7, 4)) * (rng.random((n_first + 7, 4)) < 0.4)
    sizes = {"in": 9, "first": n_first, "second": 7, "both": n_first + 7, "out": 4}
    passed = [
        EdgeBlock(name, "both", csr_from_mask(rows), kind="identity")
        for name, rows in (("first", both[:n_first]), ("second", both[n_first:]))
    ]
    blocks = [
        EdgeBlock.from_matrix("in", "first", into[0]),
        EdgeBlock.from_matrix("in", "second", into[1]),
        *passed,
        EdgeBlock.from_matrix("both", "out", out),
    ]
    return LayeredDAG(tuple(Layer(*item) for item in sizes.items()), tuple(blocks)), [*into, out]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("n_first", [6, 8])
def test_concatenated_layers_stay_with_what_they_are_made_of(n_first: int, weights: str) -> None:
    rng = np.random.default_rng(5)
    (a, (*_, out_a)), (b, (*_, out_b)) = concatenated(6, rng), concatenated(n_first, rng)
    greedy, refined = (tk.nnstd(a, b, weights=weights, refine=refine) for refine in (False, True))
    assert refined.total < greedy.total - 1e-3
    # What the output is fed from, as it was in the first network, -1 for nothing.
    first, second, _ = refined.assignments
    rows = np.concatenate([first, np.where(second < 0, -1, n_first + second)])
    moved = np.where(rows[:, None] < 0, 0, out_b[rows])
    left = np.setdiff1d(np.arange(n_first + 7), rows)
    ours, theirs = np.vstack([out_a, np.zeros((len(left), 4))]), np.vstack([moved, out_b[left]])
    if weights == "none":
        ours, theirs = (ours > 0).astype(float), (theirs > 0).astype(float)
    expected = np.mean(1 - np.minimum(ours, theirs).sum(axis=0) / np.maximum(ours, theirs).sum(axis=0))
    assert refined.layers[2] == pytest.approx(expected, abs=1e-6)


def test_a_relabelled_copy_stays_at_0() -> None:
    rng = np.random.default_rng(3)
    a = random_chain(rng, (40, 40, 40, 5), 0.05)
    assert tk.nnstd(a, hidden_shuffled(a, rng)[0], refine=True).total == 0
    assert tk.nnstd(a, a, refine=True).total == 0


def test_too_wide_for_all_pairs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_physical_memory", lambda: 10**5)
    rng = np.random.default_rng(4)
    a, b = random_chain(rng, (10, 90, 4), 0.1), random_chain(rng, (10, 90, 4), 0.1)
    tk.nnstd(a, b)
    for options in ({"refine": True}, {"ties": "scipy"}, {"preset": "authors"}):
        with pytest.raises(
            TooLargeError, match=r"all pairs of 90 neurons take 0\.0 GiB .*; (leave refine out|use ties=)"
        ):
            tk.nnstd(a, b, **options)
        with pytest.raises(TooLargeError, match="all pairs of 90 neurons"):
            tk.nnstd_matrix([a, b], **options)
