"""What must hold for any correct distance: exhaustive optima, closed forms, and invariance under renumbering."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wiring import Mask, hidden_shuffled, random_chain, rewired_anywhere, set_distances

import topokit as tk

DENSITIES = st.sampled_from([0.1, 0.3, 0.5, 0.8])
SEEDS = st.integers(0, 2**32 - 1)
MODES = [{}, {"ties": "fast"}, {"ties": "scipy"}, {"refine": True}, {"symmetric": True}]


@st.composite
def pairs(draw: st.DrawFn, *, widths: tuple[int, int] = (1, 4)) -> tuple[list[Mask], list[Mask]]:
    """Two small chains with two hidden layers; the second unrelated, or the first with some of its edges moved."""
    rng = np.random.default_rng(draw(SEEDS))
    sizes = [*rng.integers(*widths, 4, endpoint=True)]
    a = random_chain(rng, sizes, draw(DENSITIES))
    b = random_chain(rng, sizes, draw(DENSITIES))
    if draw(st.booleans()):
        b = [np.where(rng.random(mask.shape) < 0.2, other, mask) for mask, other in zip(a, b, strict=True)]
    return a, hidden_shuffled(b, rng)[0]


def total_of(a: list[Mask], b: list[Mask], hidden: tuple[tuple[int, ...], ...]) -> float:
    """Mean over the layers of the mean distance of paired neurons; inputs and outputs are paired by position."""
    partners = [tuple(range(len(a[0]))), *hidden, tuple(range(a[-1].shape[1]))]
    found = [
        set_distances(x, y[list(before)])[range(x.shape[1]), list(after)].mean()
        for x, y, before, after in zip(a, b, partners, partners[1:], strict=False)
    ]
    return float(np.mean(found))


def least_total(a: list[Mask], b: list[Mask]) -> float:
    """The least total over all pairings of all hidden layers."""
    hidden = [permutations(range(mask.shape[1])) for mask in a[:-1]]
    return min(total_of(a, b, choice) for choice in product(*hidden))


# The exact optimum


@settings(max_examples=40)
@given(pairs())
def test_every_mode_is_between_the_lower_bound_and_one_and_never_below_the_optimum(
    pair: tuple[list[Mask], list[Mask]],
) -> None:
    a, b = pair
    least = least_total(a, b)
    for options in MODES:
        found = tk.nnstd(a, b, **options)
        assert found.lower_bound - 1e-12 <= least <= found.total + 1e-12 <= 1 + 2e-12
        hidden = tuple(map(tuple, found.assignments[:-1]))
        assert found.total == pytest.approx(total_of(a, b, hidden), abs=1e-12)


@settings(max_examples=40)
@given(pairs())
def test_refining_and_looking_both_ways_can_only_lower_the_total(pair: tuple[list[Mask], list[Mask]]) -> None:
    a, b = pair
    for ties in ("canonical", "fast"):
        greedy = tk.nnstd(a, b, ties=ties).total
        assert tk.nnstd(a, b, ties=ties, refine=True).total <= greedy
        assert tk.nnstd(a, b, ties=ties, symmetric=True).total <= greedy


@settings(max_examples=40)
@given(pairs())
def test_the_optimum_and_the_symmetric_variant_are_symmetric(pair: tuple[list[Mask], list[Mask]]) -> None:
    a, b = pair
    assert least_total(a, b) == pytest.approx(least_total(b, a), abs=1e-12)
    for refine in (False, True):
        there, back = (tk.nnstd(*both, symmetric=True, refine=refine) for both in ((a, b), (b, a)))
        assert there.total == pytest.approx(back.total, abs=1e-12)


def test_layer_by_layer_is_a_dissimilarity_and_no_metric() -> None:
    # Some small networks break symmetry, some the triangle inequality; the exact optimum never does.
    rng = np.random.default_rng(0)
    skew = broken = 0
    for _ in range(100):
        x = random_chain(rng, (3, 3, 3, 2), 0.5)
        y, z = ([np.where(rng.random(mask.shape) < 0.2, ~mask, mask) for mask in x] for _ in range(2))
        there, back, xz, yz = (tk.nnstd(*both).total for both in ((x, y), (y, x), (x, z), (y, z)))
        skew += abs(there - back) > 1e-9
        broken += xz > there + yz + 1e-9 or yz > back + xz + 1e-9
        assert least_total(x, z) <= least_total(x, y) + least_total(y, z) + 1e-12
    assert skew > 0
    assert broken > 0


# Renumbered networks


@pytest.mark.parametrize("density", [0.001, 0.003, 0.006])
@pytest.mark.parametrize("output", ["labelled", "matched", "skip"])
def test_a_renumbered_copy_of_a_network_full_of_ties_is_at_distance_zero(density: float, output: str) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        a = random_chain(rng, (784, 400, 300, 784, 10), density)
        b, _ = hidden_shuffled(a, rng)
        distance = tk.nnstd(a, b, output=output)
        assert distance.total == 0
        assert all(distance.certified)


@given(SEEDS, st.sampled_from([0.02, 0.05, 0.1, 0.3]), st.booleans())
def test_dead_and_twin_neurons_do_not_matter(seed: int, density: float, matched: bool) -> None:
    rng = np.random.default_rng(seed)
    a = random_chain(rng, (12, 15, 14, 13, 6), density)
    for mask, following in pairwise(a):
        one, other, dead = rng.choice(mask.shape[1], 3, replace=False)
        mask[:, one], following[one] = mask[:, other], following[other]
        mask[:, dead], following[dead] = False, False
    b, _ = hidden_shuffled(a, rng)
    output = "matched" if matched else "labelled"
    if matched:
        b[-1] = b[-1][:, rng.permutation(6)]
    assert tk.nnstd(a, b, output=output).total == 0
    assert tk.nnstd(b, a, output=output).total == 0


def test_what_colours_cannot_tell_apart_is_ordered_all_the_same() -> None:
    # A ring of 12 edges, and rings of 4 and 8: all neurons have the same colours, and not all are alike.
    ring = np.zeros((12, 12), bool)
    for start, length in ((0, 4), (4, 8)):
        for k in range(length):
            ring[start + k, [start + k, start + (k + 1) % length]] = True
    a = [np.ones((3, 12), bool), ring, np.ones((12, 2), bool)]
    for seed in range(20):
        b, _ = hidden_shuffled(a, np.random.default_rng(seed))
        assert tk.nnstd(a, b).total == 0
        assert tk.nnstd(a, [a[0], np.roll(np.eye(12, dtype=bool), 1, axis=0) | np.eye(12, dtype=bool), a[2]]).total > 0


def test_weights_say_which_way_round_a_ring_goes() -> None:
    # Around the ring the weights alternate, so that all neurons have the same colours, and turned over it is another.
    ring = np.diag(np.full(12, 1.0)) + 2 * np.roll(np.eye(12), 1, axis=1)
    a = [np.full((3, 12), 1.0), ring, np.full((12, 2), 1.0)]
    for seed in range(20):
        b, _ = hidden_shuffled(a, np.random.default_rng(seed))
        assert tk.nnstd(a, b, weights="magnitude").total == 0


@settings(max_examples=50)
@given(SEEDS, st.sampled_from([0.05, 0.15, 0.4]), st.sampled_from(["none", "magnitude", "signed"]))
def test_canonical_distances_do_not_depend_on_how_hidden_neurons_are_numbered(
    seed: int, density: float, weights: str
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (
        [mask * rng.normal(size=mask.shape) for mask in random_chain(rng, (9, 12, 10, 8, 4), density)] for _ in "ab"
    )
    expected = tk.nnstd(a, b, weights=weights).layers
    shuffled = tk.nnstd(hidden_shuffled(a, rng)[0], hidden_shuffled(b, rng)[0], weights=weights).layers
    np.testing.assert_array_equal(shuffled, expected)


def test_pairing_follows_colours_where_one_in_a_hundred_edges_moved() -> None:
    rng = np.random.default_rng(0)
    a = random_chain(rng, (784, 784, 784, 784, 10), 0.003)
    b, _ = hidden_shuffled([rewired_anywhere(mask, 0.01, rng) for mask in a], rng)
    canonical, fast = tk.nnstd(a, b).total, tk.nnstd(a, b, ties="fast").total
    assert canonical < fast / 2
    assert tk.nnstd(a, b, refine=True).total < canonical


# Chains of small changes


def test_nine_generations_of_one_per_cent_are_ever_further_away() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        first = generation = random_chain(rng, (100, 80), 0.1)[0]
        totals = []
        for _ in range(9):
            generation = rewired_anywhere(generation, 0.01, rng)
            totals.append(tk.nnstd([first], [generation], output="matched").total)
        assert all(np.diff(totals) > 0)


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.1, 0.3, 0.5])
def test_rewiring_a_fraction_of_all_edges_of_a_wide_layer(fraction: float) -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((2000, 300)) < 0.05
    found = tk.nnstd([mask], [rewired_anywhere(mask, fraction, rng)], output="matched").total
    assert found == pytest.approx(2 * fraction / (1 + fraction), abs=0.02)


def test_layer_one_is_no_further_than_position_by_position() -> None:
    rng = np.random.default_rng(0)
    for density in (0.05, 0.3):
        a, b = (random_chain(rng, (50, 40), density)[0] for _ in range(2))
        by_position = np.diagonal(set_distances(a, b)).mean()
        assert tk.nnstd([a], [b], output="matched").total <= by_position
