from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from growing import grown
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kendalltau, linregress, pearsonr, permutation_test, spearmanr

import topokit as tk
from topokit.analyzers.degree_changes.blind_moves import BlindMoves, Moved, moved_edges
from topokit.analyzers.degree_changes.within_layers import centred_ranks, exchange_p, tau_within
from topokit.dag import EdgeBlock, LayeredDAG
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


@pytest.mark.parametrize("kind", ["in", "out", "total"])
def test_each_layer_is_as_scipy_has_it(kind: str) -> None:
    series = grown(5)
    result = tk.degree_persistence(series, kind=kind, layers="all", epoch=2, replicates=2)
    degrees = tk.degrees(series)
    assert result.reference == 2
    for row in result.frame.query("layer != 'pooled'").to_dict("records"):
        early = degrees.values(kind, layer=row["layer"], moment=2)
        now = degrees.values(kind, layer=row["layer"], moment=int(row["epoch"]))
        if np.ptp(early) == 0:
            assert np.isnan([row["tau"], row["rho"], row["slope"], row["p_value"]]).all()
            continue
        assert row["tau"] == pytest.approx(kendalltau(now, early).statistic, abs=1e-12)
        assert row["rho"] == pytest.approx(spearmanr(now, early).statistic, abs=1e-12)
        assert row["slope"] == pytest.approx(linregress(early, now).slope, abs=1e-12)
        both = (now > 0) & (early > 0)
        if row["epoch"] != 2:
            expected = pearsonr(np.log(now[both] / early[both]), np.log(early[both])).statistic
            assert row["log_change"] == pytest.approx(expected, abs=1e-12)


def test_pooled_compares_neurons_of_one_layer_only() -> None:
    rng = np.random.default_rng(0)
    rows, early = rng.integers(0, 6, (3, 40)), rng.integers(0, 6, 40)
    layers = [slice(0, 25), slice(25, 40)]
    first, second = (np.subtract.outer(early[part], early[part]) for part in layers)
    for row, tau in zip(rows, tau_within(rows, early, layers), strict=True):
        signs = [
            (np.sign(np.subtract.outer(row[part], row[part])), np.sign(e))
            for part, e in zip(layers, (first, second), strict=True)
        ]
        agreeing, of_row, of_early = (
            sum(float(np.sum(value)) for value in values)
            for values in ([a * b for a, b in signs], [a * a for a, _ in signs], [b * b for _, b in signs])
        )
        assert tau == pytest.approx(agreeing / np.sqrt(of_row * of_early))
    shifted = np.where(np.arange(40) < 25, 100, 0)
    assert_allclose(tau_within(rows + shifted, early + shifted, layers), tau_within(rows, early, layers))


def test_a_network_beside_itself_persists_and_is_not_amplified() -> None:
    network = grown(1)[0]
    last = tk.degree_persistence([network] * 3, replicates=3).frame.iloc[-1]
    assert last[["tau", "rho", "slope", "chance_tau_low", "chance_slope_high"]].tolist() == pytest.approx([1] * 5)
    assert last["p_value"] == pytest.approx(1e-4)
    assert np.isnan(last["log_change"])


def test_p_is_that_of_all_orders() -> None:
    rng = np.random.default_rng(1)
    early = rng.integers(0, 9, 7)
    rows = np.stack([early + rng.integers(0, 9, 7), rng.integers(0, 9, 7), -early])
    ranks, reference = centred_ranks(rows, [slice(0, 7)]), centred_ranks(early, [slice(0, 7)])
    found = exchange_p(ranks, reference, [slice(0, 7)], np.random.default_rng(0), 20_000)
    for row, p in zip(ranks, found, strict=True):
        told = permutation_test(
            (row,), lambda x: abs(x @ reference), permutation_type="pairings", alternative="greater", n_resamples=np.inf
        )
        assert p == pytest.approx(told.pvalue, abs=0.012)


def test_blind_moves_are_those_of_edges_moved_at_random() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((12, 8)) < np.linspace(0.1, 0.6, 8)
    network = LayeredDAG.from_adjacencies([mask])
    drawn = BlindMoves(network).degrees(network.outputs[0], "in", {network.blocks[0].name: Moved(9, 14)}, 4000, rng)
    moved = np.array([_moved(mask, 9, 14, rng).sum(axis=0) for _ in range(4000)])
    assert_array_equal(drawn.sum(axis=1), mask.sum() + 5)
    assert_allclose(drawn.mean(axis=0), moved.mean(axis=0), atol=0.12)
    assert_allclose(drawn.std(axis=0), moved.std(axis=0), atol=0.06)
    assert drawn.min() >= 0
    assert drawn.max() <= 12


def _moved(mask: np.ndarray, gone: int, come: int, rng: np.random.Generator) -> np.ndarray:
    after = mask.copy()
    after.flat[rng.choice(np.flatnonzero(mask), gone, replace=False)] = False
    after.flat[rng.choice(np.flatnonzero(~mask), come, replace=False)] = True
    return after


def test_places_that_no_edge_can_take_stay_empty() -> None:
    """Of grouped blocks a neuron has as many possible edges as its group has sources."""
    mask = np.kron(np.eye(2), np.ones((3, 2)))
    layers = LayeredDAG.from_adjacencies([mask]).layers
    block = LayeredDAG.from_adjacencies([mask]).blocks[0]
    grouped = EdgeBlock(block.source, block.target, block.pattern, possible=12)
    network = LayeredDAG(layers, (grouped,))
    drawn = BlindMoves(network).degrees(layers[1], "in", {grouped.name: Moved(4, 0)}, 50, np.random.default_rng(0))
    assert drawn.max() <= 3
    assert (drawn.sum(axis=1) == 8).all()


def test_moved_edges_are_counted_between_the_two_networks() -> None:
    series = grown(2)
    for name, moved in moved_edges(series[0], series[1]).items():
        before, after = ({b.name: b for b in net.blocks}[name].adjacency().toarray() for net in series)
        assert moved == ((before & ~after).sum(), (after & ~before).sum())


def test_preference_goes_beyond_chance_and_blind_growth_does_not() -> None:
    preferring, blind = (
        tk.degree_persistence(grown(8, preference=p), layers="hidden").frame.iloc[-1] for p in (3.0, 0.0)
    )
    assert preferring["tau"] > preferring["chance_tau_high"]
    assert preferring["slope"] > 1 > preferring["chance_slope_high"]
    assert preferring["log_change"] > 0
    assert blind["chance_tau_low"] - 0.05 < blind["tau"] < blind["chance_tau_high"] + 0.05
    assert blind["slope"] < 1


def test_neurons_and_times() -> None:
    series = grown(3)
    result = tk.degree_persistence(series, replicates=2)
    table = result.neurons
    assert table.query("epoch == 1")["degree"].tolist() == table.query("epoch == 2")["reference"].tolist()
    assert len(table) == 3 * sum(layer.size for layer in series[0].hidden)
    unnumbered = tk.degree_persistence([series[k] for k in range(3)], replicates=2)
    assert unnumbered.reference == 1
    assert_array_equal(unnumbered.degrees, result.degrees)
    assert set(result.scalars()) >= {"pooled tau", "hidden1 slope"}


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, same, other = (tk.degree_persistence(grown(3), replicates=4, rng=seed).frame for seed in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_what_cannot_be_told() -> None:
    with pytest.raises(InsufficientDataError, match="1 network was given"):
        tk.degree_persistence(grown(1))
    with pytest.raises(InsufficientDataError, match="end at 2, lower epoch"):
        tk.degree_persistence(grown(3), epoch=7)
    with pytest.raises(ParameterError, match="'total', 'in' or 'out'"):
        tk.degree_persistence(grown(3), kind="inn")
    with pytest.raises(ParameterError, match="draw at least one"):
        tk.degree_persistence(grown(3), replicates=0)
    others = [LayeredDAG.from_adjacencies([np.ones(s) for s in pairwise(sizes)]) for sizes in ((3, 4, 2), (3, 5, 2))]
    with pytest.raises(IncompatibleNetworksError):
        tk.degree_persistence(others)
