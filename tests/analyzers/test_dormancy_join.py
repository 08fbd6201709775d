from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score, confusion_matrix, precision_score, recall_score, roc_auc_score

import topokit as tk
from topokit.analyzers.dormancy.roc import area_under_roc, confusion, newcombe_interval
from topokit.dag import LayeredDAG, Moment, Series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError, TopokitError

SIZES = (30, 40, 25, 6)


def network(seed: int, density: float = 0.3) -> LayeredDAG:
    """Neurons differ in how many edges they attract."""
    rng = np.random.default_rng(seed)
    return LayeredDAG.from_adjacencies(
        [rng.random(shape) < 2 * density * rng.random(shape[1]) for shape in pairwise(SIZES)]
    )


def activity(net: LayeredDAG, seed: int, noise: float = 3.0) -> dict[str, np.ndarray]:
    """The more edges in, the more active, give and take some noise; the least active are silent."""
    rng = np.random.default_rng(seed)
    values = {layer.name: net.in_degrees(layer.name) + noise * rng.normal(size=layer.size) for layer in net.hidden}
    return {name: np.maximum(value - np.quantile(value, 0.3), 0) for name, value in values.items()}


def test_every_number_equals_scikit_learn() -> None:
    net = network(0)
    result = tk.dormancy_join(net, activity(net, 1), threshold=9)
    assert result.summary["layer"].tolist() == ["hidden1", "hidden2", "pooled"]
    for row in result.summary.to_dict("records"):
        rows = result.frame if row["layer"] == "pooled" else result.frame[result.frame["layer"] == row["layer"]]
        assert row["size"] == len(rows)
        assert row["auc"] == pytest.approx(roc_auc_score(rows["dormant"], -rows["degree"]), abs=1e-12)
        expected = confusion_matrix(rows["dormant"], rows["low_degree"]).ravel().tolist()
        assert [row[name] for name in ("tn", "fp", "fn", "tp")] == expected
        assert row["precision"] == pytest.approx(precision_score(rows["dormant"], rows["low_degree"]))
        assert row["recall"] == pytest.approx(recall_score(rows["dormant"], rows["low_degree"]))
        assert row["kappa"] == pytest.approx(cohen_kappa_score(rows["dormant"], rows["low_degree"]))
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert (row["interval"], row["reason"]) == ("DeLong", "")


def test_rows_are_the_neurons() -> None:
    net = network(0)
    activations = activity(net, 1)
    frame = tk.dormancy_join(net, activations).frame
    degrees = tk.degrees(net, layers="hidden").frame
    for column in ("layer", "neuron", "in_degree", "out_degree", "degree"):
        assert frame[column].tolist() == degrees[column].tolist()
    scores = tk.tau_dormant(activations)
    assert frame["score"].tolist() == [*scores.scores["hidden1"], *scores.scores["hidden2"]]
    assert frame["dormant"].tolist() == [*scores.dormant("hidden1"), *scores.dormant("hidden2")]
    assert frame["low_degree"].tolist() == (degrees["degree"] < 10).tolist()


@given(
    arrays(np.int64, st.integers(4, 60), elements=st.integers(0, 12)),
    st.integers(0, 2**32 - 1),
)
def test_area_equals_counting_pairs_with_ties(scores: np.ndarray, seed: int) -> None:
    positive = np.random.default_rng(seed).random(len(scores)) < 0.5
    if not 1 < positive.sum() < len(scores) - 1:
        return
    a, b = scores[positive][:, None], scores[~positive][None, :]
    wins = (a > b) + 0.5 * (a == b)
    area = area_under_roc(scores, positive)
    assert area.auc == pytest.approx(wins.mean(), abs=1e-12)
    assert area.auc == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    variance = wins.mean(1).var(ddof=1) / len(a) + wins.mean(0).var(ddof=1) / b.size
    if area.interval == "DeLong":
        # On the logit scale the interval is symmetric, with DeLong's error times the slope there.
        logits = np.log([area.low / (1 - area.low), area.high / (1 - area.high)])
        half = 1.959963984540054 * np.sqrt(variance) / (area.auc * (1 - area.auc))
        assert np.diff(logits)[0] == pytest.approx(2 * half)
    else:
        assert variance == pytest.approx(0, abs=1e-15)
    assert 0 <= area.low <= area.auc <= area.high <= 1


def test_intervals_cover_the_true_area() -> None:
    rng = np.random.default_rng(0)
    true = 0.8413447460685429  # P(X > Y) for normal X and Y whose means lie sqrt(2) apart
    hits = 0
    for _ in range(400):
        scores = np.concatenate([rng.normal(2**0.5, 1, 25), rng.normal(0, 1, 60)])
        area = area_under_roc(scores, np.arange(85) < 25)
        hits += area.low <= true <= area.high
    assert 0.92 <= hits / 400 <= 0.98


def test_perfect_separation_has_an_interval_that_is_not_empty() -> None:
    area = area_under_roc(np.arange(30), np.arange(30) >= 20)
    assert (area.auc, area.high, area.interval) == (1.0, 1.0, "Newcombe")
    # Newcombe's equation at its end: the area is 1.96 of its own standard errors below 1.
    low = area.low
    variance = low * (1 - low) * (1 + 14 * ((1 - low) / (2 - low) + low / (1 + low))) / 200
    assert (1 - low) / variance**0.5 == pytest.approx(1.959963984540054)
    assert area_under_roc(-np.arange(30), np.arange(30) >= 20).high == pytest.approx(1 - low)
    single = area_under_roc(np.array([1, 2, 3, 4]), np.array([False, True, False, False]))
    assert (single.auc, single.interval) == (1 / 3, "Newcombe")
    assert newcombe_interval(0.5, 10, 10)[0] == pytest.approx(1 - newcombe_interval(0.5, 10, 10)[1])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_table_of_any_two_flags(flags: list[tuple[bool, bool]]) -> None:
    predicted, actual = np.array(flags).T
    table = confusion(predicted, actual)
    expected = confusion_matrix(actual, predicted, labels=[False, True]).ravel().tolist()
    assert [table.tn, table.fp, table.fn, table.tp] == expected
    assert np.isnan(table.precision) == (not predicted.any())
    assert np.isnan(table.recall) == (not actual.any())
    one_class = (predicted.all() and actual.all()) or not (predicted.any() or actual.any())
    assert np.isnan(table.kappa) == one_class
    if not one_class:
        assert table.kappa == pytest.approx(cohen_kappa_score(actual, predicted))


def test_where_a_class_is_empty_there_is_no_number() -> None:
    net = network(0)
    awake = {"hidden1": np.ones(40), "hidden2": np.zeros(25)}
    table = tk.dormancy_join(net, awake).summary.set_index("layer")
    assert table.loc["hidden1", "reason"] == "no neuron is dormant by its activation"
    assert table.loc["hidden2", "reason"] == "every neuron is dormant by its activation"
    assert table.loc[["hidden1", "hidden2"], ["auc", "auc_low", "auc_high"]].isna().all(axis=None)
    assert np.isnan(table.loc["hidden1", "recall"])
    dense = LayeredDAG.from_adjacencies([np.ones((5, 8)), np.ones((8, 3))])
    row = tk.dormancy_join(dense, {"hidden1": np.arange(8.0)}).summary.iloc[0]
    assert row["reason"] == "all degrees are 8"
    assert np.isnan(row["auc"])


def series(count: int) -> Series:
    networks = [network(k) for k in range(count)]
    return Series([Moment(step=100 * k, epoch=k / 2) for k in range(count)], networks.__getitem__)


def test_over_time_and_by_run() -> None:
    runs = {"set": series(3), "rigl": series(2)}
    taken = {run: [activity(net, k) for k, net in enumerate(nets)] for run, nets in runs.items()}
    result = tk.dormancy_join(runs, taken, kind="in", threshold=5)
    assert result.summary["run"].tolist() == ["set"] * 9 + ["rigl"] * 6
    assert result.summary["step"].tolist() == [0] * 3 + [100] * 3 + [200] * 3 + [0] * 3 + [100] * 3
    for run, nets in runs.items():
        for t, net in enumerate(nets):
            alone = tk.dormancy_join(net, taken[run][t], kind="in", threshold=5).summary
            rows = result.summary.query("run == @run and step == @t * 100")
            assert rows["auc"].tolist() == alone["auc"].tolist()
            assert rows["kappa"].tolist() == pytest.approx(alone["kappa"].tolist())
    assert list(result.frame)[:5] == ["run", "step", "epoch", "layer", "neuron"]


def test_moments_are_found_by_epoch() -> None:
    nets = series(3)
    scores = tk.tau_dormant({0.5: activity(nets[1], 0), 1.0: activity(nets[2], 0)})
    result = tk.dormancy_join(nets, scores)
    assert [moment.step for moment in result.pairs[""].moments] == [100, 200]
    assert result.pairs[""].in_degrees[0].tolist() == tk.degrees(nets[1], layers="hidden").in_degrees[0].tolist()
    last = tk.dormancy_join(nets, activity(nets[2], 0))
    assert [moment.step for moment in last.pairs[""].moments] == [200]
    assert last.summary["auc"].tolist() == result.summary["auc"].tolist()[3:]


def test_results_bring_their_own_thresholds() -> None:
    net = network(0)
    activations = activity(net, 1)
    by_results = tk.dormancy_join(tk.dormant(net, relative=0.7, kind="in"), tk.tau_dormant(activations, tau=0.2))
    by_networks = tk.dormancy_join(net, activations, relative=0.7, kind="in", tau=0.2)
    by_degrees = tk.dormancy_join(tk.degrees(net), activations, relative=0.7, kind="in", tau=0.2)
    assert by_results.summary.equals(by_networks.summary)
    assert by_results.summary.equals(by_degrees.summary)
    assert by_networks.pairs[""].left_out == ("input", "output")
    assert by_results.meta.parameters["relative"] == 0.7


@pytest.mark.parametrize(
    ("join", "message"),
    [
        (lambda net, act: tk.dormancy_join(net, {"fc1": np.ones(40)}), "call the same layers by the same names"),
        (lambda net, act: tk.dormancy_join(net, {"hidden1": np.ones(41)}), "40 neurons and activations of 41"),
        (lambda net, act: tk.dormancy_join(series(3), {0.7: act, 1.0: act}), "taken at epoch 0.7, when no network was"),
        (lambda net, act: tk.dormancy_join([net, net, net], {0: act, 1: act}), "share neither epochs nor steps"),
        (lambda net, act: tk.dormancy_join(series(3), [act]), "1 activations were given for 3 moments"),
        (lambda net, act: tk.dormancy_join({"a": net}, {"b": act}), "give both by run"),
        (lambda net, act: tk.dormancy_join({"a": net}, [act]), "activations are list"),
        (lambda net, act: tk.dormancy_join({}, {}), "no run was given"),
        (lambda net, act: tk.dormancy_join(tk.dormant(net), act, threshold=5), "of their own"),
        (lambda net, act: tk.dormancy_join(net, tk.tau_dormant(act), tau=0.1), "tau of its own"),
        (lambda net, act: tk.dormancy_join(net, act, threshold=0), "threshold=0"),
        (lambda net, act: tk.dormancy_join(net, act, kind="both"), "kind='both'"),
        (lambda net, act: tk.dormancy_join(net, act, tau=-1), "tau=-1"),
        (lambda net, act: tk.dormancy_join(net, 3), "activations are a int"),
    ],
)
def test_what_cannot_be_joined_is_refused(join: object, message: str) -> None:
    net = network(0)
    with pytest.raises(TopokitError, match=message) as caught:
        join(net, activity(net, 0))
    assert isinstance(caught.value, IncompatibleNetworksError | ParameterError | InsufficientDataError)
