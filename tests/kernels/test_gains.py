from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from topokit.kernels import gains as module
from topokit.kernels.gains import add_gains, split_by_tap
from topokit.kernels.weighted_sets import WeightedSets

Values = NDArray[np.float64]


def weighted_sets_of(values: Values) -> WeightedSets:
    columns = sparse.csc_array(values)
    return WeightedSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data)


def layer(rng: np.random.Generator, n_sets: int, n_members: int, density: float, ones: bool) -> Values:
    values = rng.random((n_members, n_sets)) * (rng.random((n_members, n_sets)) < density)
    return np.ceil(values) if ones else values


def gains(
    a: WeightedSets, b: WeightedSets, partner: NDArray[np.int64], slopes: Values, shape: tuple[int, ...]
) -> Values:
    sums = np.ones(shape)
    add_gains(sums, a, b, partner, slopes)
    return sums - 1


def expected_gains(a: Values, b: Values, partner: NDArray[np.int64], slopes: Values) -> Values:
    return np.einsum("iju,u->ij", np.minimum(a[:, None, :], b[None, :, partner]), slopes)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.booleans(),
    st.tuples(st.integers(1, 12), st.integers(1, 8), st.integers(1, 8)),
)
def test_gains_are_sums_over_common_sets(seed: int, density: float, ones: bool, sizes: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    n_sets, shape = sizes[0], sizes[1:]
    a, b = (layer(rng, n_sets, n, density, ones) for n in shape)
    partner, slopes = rng.permutation(n_sets), rng.integers(0, 1 << 40, n_sets).astype(np.float64)
    found = gains(weighted_sets_of(a), weighted_sets_of(b), partner, slopes, shape)
    np.testing.assert_allclose(found, expected_gains(a, b, partner, slopes), rtol=1e-13, atol=1e-13 * slopes.sum())


def test_products_and_meetings_agree_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    a, b = (weighted_sets_of(layer(rng, 90, 60, 0.3, ones=True)) for _ in range(2))
    partner, slopes = rng.permutation(90), rng.integers(0, 1 << 40, 90).astype(np.float64)
    ways = []
    for steps in (0, 1 << 30):
        monkeypatch.setattr(module, "_STEPS", steps)
        monkeypatch.setattr(module, "_BLOCK", 60 * 7)
        ways.append(gains(a, b, partner, slopes, (60, 60)))
    np.testing.assert_array_equal(*ways)


@pytest.mark.parametrize("n_taps", [1, 3, 9])
@pytest.mark.parametrize("ones", [True, False])
def test_only_inputs_of_the_same_tap_meet(n_taps: int, ones: bool) -> None:
    rng = np.random.default_rng(n_taps)
    n_sets, n_sources, others = 10, 6, 5
    a, b = (layer(rng, n_sets, n_sources * n_taps + others, 0.4, ones) for _ in range(2))
    source = np.concatenate([np.repeat(np.arange(n_sources), n_taps), np.full(others, -1)])
    tap = np.concatenate([np.tile(np.arange(n_taps), n_sources), np.zeros(others, np.int64)])
    partner, slopes = rng.permutation(n_sets), rng.integers(0, 1 << 40, n_sets).astype(np.float64)
    split = [split_by_tap(weighted_sets_of(values), source, tap, n_taps) for values in (a, b)]
    parts = (partner[:, None] * n_taps + np.arange(n_taps)).ravel()
    found = gains(*split, parts, np.repeat(slopes, n_taps), (n_sources, n_sources))
    expected = sum(
        expected_gains(a[t : n_sources * n_taps : n_taps], b[t : n_sources * n_taps : n_taps], partner, slopes)
        for t in range(n_taps)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13 * slopes.sum())
