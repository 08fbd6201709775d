from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from wiring import Mask, rewired, set_distances

from topokit.kernels import set_matching, tie_breaking
from topokit.kernels.assignment import matched
from topokit.kernels.assignment_state import Lists
from topokit.kernels.candidate_lists import heaviest_columns
from topokit.kernels.input_sets import InputSets, identical_partners
from topokit.kernels.set_matching import inverse, match_sets
from topokit.kernels.similar_sets import ONE
from topokit.kernels.tie_breaking import Colours, most_agreeing

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

shapes = st.tuples(st.integers(1, 70), st.integers(1, 6))
densities = st.sampled_from([0.02, 0.1, 0.3, 0.6])
seeds = st.integers(0, 2**32 - 1)


def sets_of(mask: Mask) -> InputSets:
    columns = sparse.csc_array(mask)
    return InputSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32))


def refining(rng: np.random.Generator, n: int, rounds: int) -> Words:
    """Random colours, each round splitting those of the one before in two."""
    splits = rng.integers(0, 2, (rounds, n))
    return np.cumsum(splits * 2 ** np.arange(rounds)[:, None], axis=0).astype(np.uint64)


def agreements(one: Words, other: Words) -> Numbers:
    return (one[:, :, None] == other[:, None, :]).sum(axis=0)


def total(matrix: Numbers, partner: Numbers) -> int:
    return int(matrix[np.arange(len(matrix)), partner].sum())


def similarities(a: Mask, b: Mask) -> Numbers:
    return np.rint((1 - set_distances(a, b)) * ONE).astype(np.int64)


def every_order(n: int) -> Numbers:
    return np.array(list(permutations(range(n))))


@settings(max_examples=300)
@given(shapes, densities, densities, st.integers(1, 3), st.sampled_from([1, 2, 64]), seeds)
def test_most_agreement_of_all_best_pairings(
    shape: tuple[int, int], density: float, other: float, rounds: int, length: int, seed: int
) -> None:
    n_inputs, n = shape
    rng = np.random.default_rng(seed)
    a, b = rng.random((n_inputs, n)) < density, rng.random((n_inputs, n)) < other
    colours = Colours(refining(rng, n, rounds), refining(rng, n, rounds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_matching, "_LIST_LENGTH", length)
        partner, gap = match_sets(sets_of(a), sets_of(b), n_inputs, colours)
    assert gap == 0
    similarity, agreement = similarities(a, b), agreements(*colours)
    equal = similarity == ONE
    held = np.flatnonzero(equal[np.arange(n), partner])
    assert len(held) == equal[linear_sum_assignment(equal, maximize=True)].sum()
    orders = every_order(n)
    orders = orders[(orders[:, held] == partner[held]).all(axis=1)]
    weights = similarity[np.arange(n), orders].sum(axis=1)
    assert total(similarity, partner) == weights.max()
    best = orders[weights == weights.max()]
    assert total(agreement, partner) == agreement[np.arange(n), best].sum(axis=1).max()


@settings(max_examples=300)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), seeds)
def test_most_agreement_of_all_heaviest_matchings(n: int, levels: int, rounds: int, length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, levels + 1, (n, n))
    colours = Colours(refining(rng, n, rounds), refining(rng, n, rounds))

    def lengthen(lists: Lists, rows: Numbers) -> Lists:
        return heaviest_columns(weights, int((lists.stop - lists.start).max()) + 1)

    matching, lists = matched(heaviest_columns(weights, length), n, lengthen)
    partner = most_agreeing(lists, matching, lengthen, colours)
    partner[partner < 0] = np.setdiff1d(np.arange(n), partner)
    orders = every_order(n)
    totals = weights[np.arange(n), orders].sum(axis=1)
    assert total(weights, partner) == totals.max()
    agreement = agreements(*colours)
    best = agreement[np.arange(n), orders[totals == totals.max()]].sum(axis=1).max()
    assert total(agreement, partner) == best


@given(shapes, densities, st.integers(1, 3), seeds)
def test_most_agreement_among_equal_sets(shape: tuple[int, int], density: float, rounds: int, seed: int) -> None:
    n_inputs, n = shape
    rng = np.random.default_rng(seed)
    kinds = rng.random((n_inputs, 2)) < density
    a, b = kinds[:, rng.integers(0, 2, n)], kinds[:, rng.integers(0, 2, n)]
    colours = Colours(refining(rng, n, rounds), refining(rng, n, rounds))
    partner = identical_partners(sets_of(a), sets_of(b), n_inputs, *colours)
    equal, agreement = set_distances(a, b) == 0, agreements(*colours)
    paired = np.flatnonzero(partner >= 0)
    assert equal[paired, partner[paired]].all()
    orders = every_order(n)
    counts = equal[np.arange(n), orders].sum(axis=1)
    assert len(paired) == counts.max()
    best = (agreement * equal)[np.arange(n), orders[counts == counts.max()]].sum(axis=1).max()
    assert agreement[paired, partner[paired]].sum() == best


@pytest.mark.parametrize("density", [0.003, 0.006, 0.02, 0.3])
def test_planted_colours_are_found(density: float) -> None:
    rng = np.random.default_rng(1)
    mask = rng.random((300, 300)) < density
    order = rng.permutation(300)
    colours = np.stack([mask.sum(axis=0), mask.sum(axis=0) * 1000 + np.arange(300)]).astype(np.uint64)
    partner, gap = match_sets(sets_of(mask), sets_of(mask[:, order]), 300, Colours(colours, colours[:, order]))
    np.testing.assert_array_equal(order[partner], np.arange(300))
    assert gap == 0


@pytest.mark.parametrize("density", [0.003, 0.01, 0.1])
def test_planted_colours_settle_ties_of_rewired_layers(density: float) -> None:
    rng = np.random.default_rng(2)
    mask = rng.random((300, 300)) < density
    changed, order = rewired(mask, 0.2, rng), rng.permutation(300)
    colours = np.arange(300, dtype=np.uint64)[None]
    a, b = sets_of(mask), sets_of(changed[:, order])
    plain, coloured = match_sets(a, b, 300), match_sets(a, b, 300, Colours(colours, colours[:, order]))
    similarity = similarities(mask, changed[:, order])
    assert total(similarity, coloured.partner) == total(similarity, plain.partner)
    assert np.count_nonzero(order[coloured.partner] == np.arange(300)) >= np.count_nonzero(
        order[plain.partner] == np.arange(300)
    )


@pytest.mark.parametrize("n", [65, 70, 200])
def test_ties_past_the_ends_of_lists_are_seen(n: int) -> None:
    # Each neuron shares one input with all others, so that every pairing is as good; lists hold the first 64.
    a, b = np.zeros((2 * n + 1, n), bool), np.zeros((2 * n + 1, n), bool)
    a[0] = b[0] = True
    a[1 + np.arange(n), np.arange(n)] = b[1 + n + np.arange(n), np.arange(n)] = True
    order = np.arange(n)[::-1]
    colours = np.arange(n, dtype=np.uint64)[None]
    partner, gap = match_sets(sets_of(a), sets_of(b), 2 * n + 1, Colours(colours, colours[:, order]))
    np.testing.assert_array_equal(order[partner], np.arange(n))
    assert gap == 0


def test_sets_that_share_nothing_are_paired_by_colour() -> None:
    n = 50
    a, b = np.zeros((2 * n, n), bool), np.zeros((2 * n, n), bool)
    a[np.arange(n), np.arange(n)] = b[n + np.arange(n), np.arange(n)] = True
    order = np.random.default_rng(0).permutation(n)
    colours = np.stack([np.arange(n) % 5, np.arange(n)]).astype(np.uint64)
    partner = match_sets(sets_of(a), sets_of(b), 2 * n, Colours(colours, colours[:, order])).partner
    np.testing.assert_array_equal(order[partner], np.arange(n))


def test_colours_in_which_nothing_agrees_change_nothing() -> None:
    rng = np.random.default_rng(3)
    a, b = (sets_of(rng.random((200, 200)) < 0.01) for _ in range(2))
    colours = Colours(np.zeros((2, 200), np.uint64), np.ones((2, 200), np.uint64))
    np.testing.assert_array_equal(match_sets(a, b, 200, colours).partner, match_sets(a, b, 200).partner)


def test_too_many_ties_are_settled_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tie_breaking, "_MOST_PAIRS", 100)
    rng = np.random.default_rng(4)
    a, b = (rng.random((200, 200)) < 0.005 for _ in range(2))
    colours = [refining(rng, 200, 6) for _ in range(2)]
    partner, gap = match_sets(sets_of(a), sets_of(b), 200, Colours(colours[0], colours[1]))
    plain = match_sets(sets_of(a), sets_of(b), 200).partner
    similarity, agreement = similarities(a, b), agreements(colours[0], colours[1])
    assert gap == 0
    assert sorted(partner.tolist()) == list(range(200))
    assert total(similarity, partner) == total(similarity, plain)
    assert total(agreement, partner) >= total(agreement, plain)


def test_layers_may_be_swapped() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.random((200, 200)) < 0.01, rng.random((200, 200)) < 0.011
    colours = Colours(refining(rng, 200, 3), refining(rng, 200, 3))
    forth = match_sets(sets_of(a), sets_of(b), 200, colours).partner
    back = match_sets(sets_of(b), sets_of(a), 200, Colours(*colours[::-1])).partner
    np.testing.assert_array_equal(inverse(forth), back)
