from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attaching import attached
from growing import grown
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.stats import chi2, kstest
from strategies import layered_dags

import topokit as tk
from topokit.analyzers.edge_lives.attachment_fit import (
    _numbers,
    _scores,
    blind_exponents,
    blind_levels,
    fit_exponent,
)
from topokit.analyzers.edge_lives.attachment_kernel import DegreeKernel
from topokit.analyzers.edge_lives.attachment_verdict import BLIND, MIXED, POORER, RICHER, UNDEFINED, UNTOLD, combined
from topokit.analyzers.edge_lives.degree_exposure import DegreeLaw, gather, neuron_events
from topokit.analyzers.edge_lives.other_end import laws_of_ends
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Series, as_series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError
from topokit.kernels.degree_response import fit_slope


def kernel_of(result: tk.analyzers.Attachment, side: str, kernel: str) -> DegreeKernel:
    return next(one for one in result.kernels if (one.side, one.kernel) == (side, kernel))


@settings(max_examples=40)
@given(layered_dags(), st.integers(0, 9))
def test_births_less_deaths_are_the_change_of_degree(network: LayeredDAG, seed: int) -> None:
    series = as_series([network, tk.same_density(network, seed), tk.same_density(network, seed + 1)])
    for events in neuron_events(series, ""):
        after = events.degrees + events.births - events.deaths
        assert_array_equal(after[:-1], events.degrees[1:])
        last = {block.name: block for block in series[2].blocks}[events.block]
        assert_array_equal(after[-1], last.in_degrees() if events.side == "in" else last.out_degrees())
        for kernel in ("gain", "retention"):
            assert (events.hits(kernel) <= events.trials(kernel)).all()
            cells = gather(events, kernel, least=0)
            assert (cells.hits <= cells.trials).all()
            kept = events.hits(kernel)[cells.updates].sum(axis=1)
            assert_array_equal(cells.totals(cells.hits), kept)


@given(layered_dags(max_size=7), st.integers(0, 9))
def test_pairs_weigh_what_their_other_end_gains(network: LayeredDAG, seed: int) -> None:
    series = as_series([network, tk.same_density(network, seed)])
    law = DegreeLaw(0.7, 0.0, 0.3)
    for events in neuron_events(series, ""):
        if not events.meetings:
            continue
        before, after = (
            {block.name: block for block in each.blocks}[events.block].adjacency().toarray() for each in series
        )
        if events.side == "out":
            before, after = before.T, after.T
        own = before.sum(axis=0)
        rates = np.array([[k**0.7 if k else 0.3] for k in before.sum(axis=1)])
        for kernel, trials, hits in (
            ("gain", ~before, after & ~before),
            ("retention", before, before & ~after),
        ):
            cells = gather(events, kernel, least=0, other=law)
            sums = [
                np.array([(rates * pairs)[:, own == degree].sum() for degree in cells.degree])
                for pairs in (trials, hits)
            ]
            scale = sums[0].sum() / max(1, trials.sum())
            assert_allclose(cells.weight * scale, sums[0])
            assert_allclose(cells.hit_weight * scale, sums[1], atol=1e-12)


@pytest.mark.parametrize("kernel", ["gain", "retention"])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_exponent_is_of_largest_likelihood(kernel: str, shift: float) -> None:
    events = neuron_events(attached(0.7, 0.4, updates=4, shape=(40, 30)), "")[1]
    degrees, trials, hits = events.degrees, events.trials(kernel), events.hits(kernel)
    x = np.log(np.maximum(degrees + shift, 1e-300))
    used = (degrees > 0) | (shift > 0)

    def minus_log_likelihood(parameters: np.ndarray) -> float:
        rate = np.exp(parameters[1:, None] + parameters[0] * np.where(used, x, 0))
        terms = hits * np.log(-np.expm1(-rate)) - (trials - hits) * rate
        return -float(terms[used].sum())

    found = minimize(minus_log_likelihood, np.array([0.0, *[-3.0] * 4]), method="BFGS", options={"gtol": 1e-7})
    fit = fit_exponent(events, kernel, shift=shift, confidence=0.95, resamples=0, rng=np.random.default_rng(0))
    sign = 1 if kernel == "gain" else -1
    assert_allclose(fit.exponent, sign * found.x[0], atol=1e-5)
    assert minus_log_likelihood(np.array([sign * fit.exponent, *fit.levels])) <= found.fun + 1e-9

    def profile(slope: float) -> float:
        levels = minimize(
            lambda rest: minus_log_likelihood(np.array([slope, *rest])),
            found.x[1:],
            method="BFGS",
            options={"gtol": 1e-8},
        )
        return float(levels.fun)

    curvature = (profile(found.x[0] + 0.05) - 2 * found.fun + profile(found.x[0] - 0.05)) / 0.05**2
    assert_allclose(fit.std_error, curvature**-0.5, rtol=0.01)


def test_few_events_make_it_multinomial_regression() -> None:
    events = neuron_events(attached(0.8, moved=0.01, updates=30), "")[1]
    fit = fit_exponent(events, "gain", shift=0.0, confidence=0.95, resamples=0, rng=np.random.default_rng(0))
    x = np.log(events.degrees)

    def minus(a: np.ndarray) -> float:
        weights = events.trials("gain") * np.exp(a[0] * x)
        return -float((events.births * np.log(weights / weights.sum(axis=1, keepdims=True))).sum())

    assert_allclose(fit.exponent, minimize(minus, np.zeros(1), method="BFGS").x[0], rtol=0.01)


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.0])
def test_planted_exponents_are_recovered(gain: float) -> None:
    result = tk.attachment(attached(gain, 0.6, seed=4, updates=30))
    rows = result.frame.set_index(["side", "kernel"])
    for kernel, truth in (("gain", gain), ("retention", 0.6)):
        row = rows.loc["in", kernel]
        assert row["low"] < truth < row["high"]
        assert row["updates_low"] < truth < row["updates_high"]
        assert row["neurons_low"] < truth < row["neurons_high"]
        assert row["verdict"] == (RICHER if truth else BLIND)
        assert rows.loc["out", kernel]["verdict"] == BLIND
    assert result.verdicts["verdict"][1] == RICHER


@pytest.mark.parametrize("opposite", [0.5, 1.0])
@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_other_end_does_not_show(own: float, opposite: float) -> None:
    """Sources with many edges have theirs at the favoured targets already: what they could gain is less in demand."""
    truth = {"in": own, "out": opposite}
    result = tk.attachment(attached(own, own, opposite=(opposite, opposite), updates=30, seed=2), replicates=20)
    for one in result.kernels:
        low, high = one.fit.widest
        assert low < truth[one.side] < high
        assert abs(one.fit.exponent - truth[one.side]) < 0.1
        if not truth[one.side]:
            shown = [part for part in one.bins if part.low_degree > 0 and part.events > 50]
            degrees, ratios = (np.log([getattr(part, name) for part in shown]) for name in ("mean_degree", "ratio"))
            assert abs(np.polyfit(degrees, ratios, 1)[0]) < 0.15


@pytest.mark.parametrize("kernel", ["gain", "retention"])
def test_both_ends_are_of_largest_likelihood_together(kernel: str) -> None:
    series = attached(0.8, 0.6, opposite=(0.5, 0.9), updates=4, shape=(40, 30), moved=0.1)
    masks = [network.blocks[0].adjacency().toarray() for network in series]
    terms = []
    for u, (before, after) in enumerate(pairwise(masks)):
        trials, hits = (~before, after & ~before) if kernel == "gain" else (before, before & ~after)
        out, into = np.broadcast_arrays(before.sum(axis=1, keepdims=True), before.sum(axis=0))
        chosen = trials & (out > 0) & (into > 0)
        terms.append((u, np.log(out[chosen]), np.log(into[chosen]), hits[chosen]))

    def minus_log_likelihood(parameters: np.ndarray) -> float:
        total = 0.0
        for u, out, into, hit in terms:
            rate = np.exp(parameters[2 + u] + parameters[0] * out + parameters[1] * into)
            total += rate[~hit].sum() - np.log(-np.expm1(-rate[hit])).sum()
        return float(total)

    found = minimize(minus_log_likelihood, np.array([0.0, 0.0, *[-3.0] * 4]), method="BFGS")
    laws = laws_of_ends(tuple(neuron_events(series, "")), kernel, 0.0)
    assert_allclose([law.slope for law in laws if law], found.x[:2], atol=0.01)
    ends = neuron_events(series, "")
    for events, other in zip(ends, laws[::-1], strict=True):
        cells = gather(events, kernel, least=1, other=other)
        slope, information, levels = fit_slope(*_numbers(cells, 0.0), 0.0, blind_levels(cells))
        for scores in _scores(events, kernel, cells, (slope, levels), 0.0):
            assert abs(scores.sum()) < 1e-6 * information


def test_a_law_that_few_events_tell_weights_nothing() -> None:
    series = attached(0.5, updates=2, shape=(12, 10), moved=0.1, seed=4)
    assert laws_of_ends(tuple(neuron_events(series, "")), "gain", 0.0) == (None, None)


def test_degree_zero_counts_with_a_shift_and_is_shown_without() -> None:
    series = attached(1.0, shift=1.0, seed=1, updates=30)
    first = series[0].blocks[0].adjacency().toarray()
    first[:, :20] = False
    bare = Series.from_networks([LayeredDAG.from_adjacencies([first]), *(series[k] for k in range(1, 31))])
    shifted, plain = (kernel_of(tk.attachment(bare, shift=s), "in", "gain") for s in (1.0, 0.0))
    assert plain.at_zero > 0
    assert shifted.events == plain.events + plain.at_zero
    assert (plain.bins[0].low_degree, plain.bins[0].high_degree, plain.bins[0].events) == (0, 0, plain.at_zero)
    recovered = kernel_of(tk.attachment(series, shift=1.0), "in", "gain").fit
    assert recovered.widest[0] < 1 < recovered.widest[1]


def test_poor_get_richer_and_mixed() -> None:
    verdicts = tk.attachment(attached(-1.0, 0.0, updates=20)).verdicts
    assert verdicts["verdict"].tolist()[1] == POORER
    assert tk.attachment(attached(1.0, -1.0, updates=20)).verdicts["verdict"].tolist()[1] == MIXED


@pytest.mark.parametrize("kernel", ["gain", "retention"])
def test_degree_blind_replicates_are_those_of_drawn_networks(kernel: str) -> None:
    rng = np.random.default_rng(0)
    series = attached(1.0, 0.5, updates=3, shape=(30, 25))
    events = neuron_events(series, "")[1]
    cells = gather(events, kernel, least=1)
    blind = blind_exponents(cells, kernel, shift=0.0, replicates=400, rng=rng)
    drawn = []
    for _ in range(400):
        births, deaths = np.zeros_like(events.births), np.zeros_like(events.deaths)
        for u in range(3):
            mask = series[u].blocks[0].adjacency().toarray()
            come = rng.choice(np.flatnonzero(~mask), events.births[u].sum(), replace=False)
            gone = rng.choice(np.flatnonzero(mask), events.deaths[u].sum(), replace=False)
            births[u], deaths[u] = (np.bincount(keys % 25, minlength=25) for keys in (come, gone))
        other = type(events)("b", "l", "in", events.limit, events.degrees, births, deaths)
        fit = fit_exponent(other, kernel, shift=0.0, confidence=0.95, resamples=0, rng=rng)
        drawn.append(fit.exponent)
    assert kstest(blind, drawn).pvalue > 0.001
    assert abs(np.mean(drawn) / np.std(drawn)) < 0.2


def test_bins_have_exact_limits_and_show_the_planted_kernel() -> None:
    kernel = kernel_of(tk.attachment(attached(1.0, 0.0, updates=40)), "in", "gain")
    assert sum(part.events for part in kernel.bins) == kernel.events + kernel.at_zero
    assert_allclose(sum(part.expected for part in kernel.bins), sum(part.events for part in kernel.bins))
    middle = [part for part in kernel.bins if part.low_degree > 0 and part.events > 50]
    ratios, degrees = ([getattr(part, name) for part in middle] for name in ("ratio", "mean_degree"))
    assert_allclose(np.polyfit(np.log(degrees), np.log(ratios), 1)[0], 1, atol=0.25)
    for part in kernel.bins:
        assert_allclose(part.low * part.expected, np.nan_to_num(chi2.ppf(0.025, 2 * part.events)) / 2)
        assert_allclose(part.high * part.expected, chi2.ppf(0.975, 2 * part.events + 2) / 2)
        assert part.low <= part.ratio <= part.high


def test_blind_updates_stay_within_the_blind_band() -> None:
    inside = []
    for seed in range(20):
        for one in tk.attachment(attached(0.0, seed=seed, updates=5), replicates=20).kernels:
            inside += [part.blind_low <= part.ratio <= part.blind_high for part in one.bins if part.expected > 20]
    assert 0.92 < np.mean(inside) < 0.98


def test_executors_do_not_change_the_result() -> None:
    series = attached(0.5, updates=6)
    alone = tk.attachment(series, rng=7)
    with ThreadPoolExecutor(2) as pool:
        pooled = tk.attachment(series, rng=7, executor=pool)
    assert alone.to_json() == pooled.to_json()
    assert tk.attachment(series, rng=8).to_json() != alone.to_json()


@pytest.mark.parametrize(
    ("gain", "retention", "verdict"),
    [
        (RICHER, BLIND, RICHER),
        (BLIND, POORER, POORER),
        (RICHER, POORER, MIXED),
        (BLIND, BLIND, BLIND),
        (UNDEFINED, RICHER, RICHER),
        (UNDEFINED, UNDEFINED, UNDEFINED),
        (UNDEFINED, BLIND, UNDEFINED),
        (UNTOLD, BLIND, UNTOLD),
        (UNTOLD, POORER, POORER),
    ],
)
def test_combined_verdicts(gain: str, retention: str, verdict: str) -> None:
    assert combined(gain, retention) == verdict


@pytest.mark.filterwarnings("error")
@settings(max_examples=40, deadline=None)
@given(layered_dags(max_size=7), st.integers(0, 9))
def test_any_networks_have_a_verdict(network: LayeredDAG, seed: int) -> None:
    result = tk.attachment([network, *(tk.same_density(network, seed + k) for k in range(3))], replicates=20)
    frame = result.frame
    assert set(frame["verdict"]) <= {RICHER, BLIND, POORER, UNDEFINED}
    assert ((frame["verdict"] == UNDEFINED) == frame["exponent"].isna()).all()
    assert result.to_json()
    bins = result.bins
    assert ((bins["low"] <= bins["ratio"]) & (bins["ratio"] <= bins["high"])).all()
    known = frame.dropna(subset=["exponent"])
    assert ((known["low"] <= known["exponent"]) & (known["exponent"] <= known["high"])).all()


def test_nothing_to_say_is_said() -> None:
    network = tk.uniform((8, 6, 4), 0.5, 0)
    static = tk.attachment([network] * 4).frame
    assert (static["verdict"] == UNDEFINED).all()
    assert static["exponent"].isna().all()
    assert static["reason"].str.contains("could have fallen otherwise").all()
    dense = tk.attachment([tk.uniform((8, 6, 4), 1.0, 0)] * 4)
    assert (dense.verdicts["verdict"] == UNDEFINED).all()
    assert len(dense.bins) == 0
    ring = [np.roll(np.eye(6), k, axis=1) for k in range(3)]
    equal = tk.attachment([LayeredDAG.from_adjacencies([mask]) for mask in ring]).frame
    assert equal["reason"].str.contains("same degree|otherwise").all()


def test_events_at_one_end_only_have_no_finite_exponent() -> None:
    first = np.zeros((9, 6))
    first[:3, :3], first[:5, 3:] = 1, 1
    last = first.copy()
    last[5:7, 3:] = 1
    row = tk.attachment([LayeredDAG.from_adjacencies([mask]) for mask in (first, last)]).frame.query("side == 'in'")
    assert row["verdict"].tolist() == [UNDEFINED] * 2
    assert "no finite exponent" in row["reason"].iloc[0]


def test_two_networks_have_no_bootstrap_and_the_reason_says_so() -> None:
    row = tk.attachment(attached(1.0, updates=2)).frame.iloc[2]
    assert np.isnan(row["updates_low"])
    assert "fewer than 8 updates" in row["reason"]


def test_births_that_only_lasted_are_no_verdict_on_gain() -> None:
    """Edges come anywhere, but at rich neurons they last: seen at every fifth update, the rich seem to gain more."""
    series = attached(0.0, 1.0, updates=60, moved=0.3)
    every, fifth = tk.attachment(series, updates_between=1), tk.attachment(series[::5], updates_between=5)
    assert every.verdicts["gain_verdict"][1] == BLIND
    assert fifth.verdicts["gain"][1] > 0.2
    assert fifth.verdicts["gain_verdict"][1] == UNTOLD
    assert "through up to 5 updates" in fifth.frame["reason"][2]
    unknown = tk.attachment(series[::5])
    assert unknown.updates_between is None
    assert "unless every update was recorded" in unknown.frame["reason"][2]


def test_recordings_tell_their_updates(tmp_path: Path) -> None:
    series = attached(1.0, updates=4)
    current = iter(series)
    recorder = tk.TopologyRecorder(tmp_path / "run", lambda: next(current))
    for step in range(5):
        recorder.record(step=step)
    recording = tk.open_recording(tmp_path / "run")
    expected = None if None in recording.updates else int(np.diff(recording.updates).max())
    assert tk.attachment(recording).updates_between == expected


def test_grouped_blocks_count_the_pairs_they_allow() -> None:
    layers = (Layer("a", 8), Layer("b", 6))
    rng = np.random.default_rng(0)
    blocks = []
    for _ in range(4):
        mask = np.kron(np.eye(2, dtype=bool), np.ones((4, 3), bool)) & (rng.random((8, 6)) < 0.5)
        blocks.append(EdgeBlock.from_matrix("a", "b", mask))
    grouped = [LayeredDAG(layers, (EdgeBlock("a", "b", b.pattern, possible=24),)) for b in blocks]
    out, into = neuron_events(as_series(grouped), "")
    assert (out.limit, into.limit) == (3, 4)
    irregular = [LayeredDAG(layers, (EdgeBlock("a", "b", b.pattern, possible=25),)) for b in blocks]
    assert "allows some pairs only" in tk.attachment(irregular).frame["reason"].iloc[0]


def test_frame() -> None:
    result = tk.attachment(grown(5))
    assert list(result.frame.columns) == [
        *("block", "layer", "side", "kernel", "updates", "events", "at_zero", "exponent", "std_error", "low", "high"),
        *("updates_low", "updates_high", "neurons_low", "neurons_high", "blind_mean", "blind_sd", "z", "p_value"),
        *("p_rank", "p_holm", "verdict", "reason"),
    ]
    assert len(result.frame) == 3 * 4
    assert result.verdicts["side"].tolist() == ["out", "in"] * 3


def test_errors() -> None:
    network = tk.uniform((5, 4, 3), 0.5, 0)
    with pytest.raises(InsufficientDataError, match="1 network was given"):
        tk.attachment(network)
    with pytest.raises(IncompatibleNetworksError):
        tk.attachment([network, tk.uniform((5, 5, 3), 0.5, 0)])
    for wrong in ({"shift": -1}, {"replicates": 3}, {"confidence": 0}, {"updates_between": 0}):
        with pytest.raises(ParameterError):
            tk.attachment([network] * 2, **wrong)


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.0, 0.5, 1.0])
def test_intervals_cover_planted_exponents(truth: float) -> None:
    """Of 200 runs each; the limits allow for their number."""
    covered: dict[tuple[str, str], list[bool]] = {}
    z = []
    for seed in range(200):
        result = tk.attachment(attached(truth, truth, seed=seed, updates=20), replicates=50, rng=seed)
        for kernel in ("gain", "retention"):
            one = kernel_of(result, "in", kernel)
            for name in ("wald", "updates", "neurons"):
                low, high = getattr(one.fit, name)
                covered.setdefault((kernel, name), []).append(low <= truth <= high)
            z.append((one.fit.exponent - truth) / one.fit.std_error)
    rates = {key: np.mean(values) for key, values in covered.items()}
    print(truth, {key: round(float(rate), 3) for key, rate in rates.items()}, np.mean(z), np.std(z))
    assert min(rates.values()) > 0.9
    assert abs(np.mean(z)) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("opposite", [0.0, 1.0])
def test_degree_blind_runs_are_called_so(opposite: float) -> None:
    wrong = 0
    p_values = []
    for seed in range(300):
        series = attached(0.0, 0.0, opposite=(opposite, opposite), seed=seed, updates=12)
        frame = tk.attachment(series, replicates=50, rng=seed).frame
        blind = frame if not opposite else frame[frame["side"] == "in"]
        wrong += int((blind["verdict"] != BLIND).any())
        p_values += blind["p_value"].tolist()
    assert wrong / 300 < 0.07
    assert 0.03 < np.mean(np.array(p_values) < 0.05) < 0.07
