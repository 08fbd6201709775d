from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from strategies import random_mask

import topokit as tk
from topokit.analyzers.power_law import _Tester
from topokit.analyzers.power_laws.likelihood_ratios import ALTERNATIVES
from topokit.analyzers.power_laws.settings import Settings
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, InvalidNetworkError, ParameterError

COLUMNS = [
    "step",
    "epoch",
    "layer",
    "kind",
    "n",
    "n_zero",
    "xmin",
    "xmin_mode",
    "xmax",
    "n_tail",
    "tail_fraction",
    "alpha",
    "sigma",
    "distance",
    "p_value",
    "replicates",
    *[f"{letter}_{name}" for name in ALTERNATIVES for letter in ("R", "p")],
    "verdict",
    "reason",
    "flags",
    "scale_free_class",
    "p_low",
    "p_high",
    "at_least",
    "failed",
    "bootstrap",
    "ks",
    "log_likelihood",
    "largest",
    "distinct",
    "alpha_low",
    "alpha_high",
    "xmin_low",
    "xmin_high",
    "n_tail_low",
    "n_tail_high",
    "strict_xmin",
    "strict_alpha",
    "strict_n_tail",
    "strict_p",
    "engine",
]


def random_network(seed: int = 0) -> LayeredDAG:
    rng = np.random.default_rng(seed)
    shapes = [(784, 600), (600, 400), (400, 10)]
    return LayeredDAG.from_adjacencies([random_mask(rng, shape, 0.1) for shape in shapes])


def heavy_network() -> LayeredDAG:
    """Out-degrees of the hidden layer drawn from k^-2.3 on 1 to 2000."""
    rng = np.random.default_rng(0)
    k = np.arange(1, 2001)
    degrees = rng.choice(k, 800, p=k**-2.3 / np.sum(k**-2.3))
    second = np.arange(2000) < degrees[:, None]
    return LayeredDAG.from_adjacencies([np.zeros((5, 800)), second])


def test_random_graph_is_never_taken_for_a_power_law() -> None:
    for seed in range(5):
        verdicts = set(tk.power_law(random_network(seed), replicates=50).frame["verdict"])
        assert not verdicts & {"supported", "not ruled out", "tail only"}


def test_heavy_tail_is_not_ruled_out() -> None:
    test = tk.power_law(heavy_network(), kind="out", xmax=2000, replicates=200)
    fit = test.fits[0][0]
    assert abs(fit.alpha - 2.3) < 3 * fit.sigma
    assert fit.verdict in ("not ruled out", "supported")
    assert fit.n == 800


def test_frame_has_one_row_per_moment_and_layer() -> None:
    test = tk.power_law([random_network(0), random_network(1)], replicates=20)
    assert list(test.frame) == COLUMNS
    assert test.frame["layer"].tolist() == ["hidden1", "hidden2"] * 2
    assert test.frame["step"].tolist() == [0, 0, 1, 1]
    assert test.frame["kind"].tolist() == ["total"] * 4
    assert (test.frame["n_tail"] >= 50).all()
    assert len(test.fits) == 2
    assert test.layers == ("hidden1", "hidden2")


def test_pooled_layers_make_one_test() -> None:
    test = tk.power_law(random_network(), pooled=True, replicates=0)
    assert test.layers == ("pooled",)
    assert test.frame["n"].tolist() == [1000]


def test_equals_fit_power_law_where_the_tail_is_long() -> None:
    network = heavy_network()
    alone = tk.fit_power_law(tk.degrees(network).values("out", layer="hidden1"), replicates=0)
    fit = tk.power_law(network, kind="out", replicates=0).fits[0][0]
    assert (fit.alpha, fit.xmin, fit.distance) == (alone.alpha, alone.xmin, alone.distance)


def test_the_same_on_any_executor() -> None:
    series = [random_network(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(3) as pool:
        spread = tk.power_law(series, replicates=40, executor=pool)
    assert spread.to_json() == tk.power_law(series, replicates=40).to_json()
    tester = _Tester(Settings(min_tail=50, replicates=10), spread.meta, fan=True)
    copy = pickle.loads(pickle.dumps(tester))
    assert (
        copy(pickle.loads(pickle.dumps((tester.sample("x", np.arange(100), 200), np.random.default_rng(0))))).xmax
        == 200
    )


def test_same_seed_same_frame() -> None:
    network = random_network()
    frames = [tk.power_law(network, replicates=50, rng=rng).frame for rng in (3, 3, np.random.default_rng(3))]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


@pytest.mark.parametrize(
    ("matrices", "reason"),
    [
        ([np.ones((50, 80)), np.ones((80, 10))], "1 distinct positive values among 80"),
        ([np.zeros((50, 80)), np.zeros((80, 10))], "0 distinct positive values among 80"),
        ([np.tri(30, 40), np.zeros((40, 5))], "a tail needs at least 50"),
    ],
    ids=["dense", "empty", "small"],
)
def test_untestable_layers_are_undefined_with_a_reason(matrices: list[np.ndarray], reason: str) -> None:
    row = tk.power_law(matrices).frame.iloc[0]
    assert row["verdict"] == "undefined"
    assert reason in row["reason"]
    assert row[["alpha", "sigma", "distance", "p_value", "R_lognormal"]].isna().all()
    assert row.isna()["xmin"]


def test_untestable_moments_leave_the_others() -> None:
    empty = LayeredDAG.from_adjacencies([np.zeros((784, 600)), np.zeros((600, 400)), np.zeros((400, 10))])
    frame = tk.power_law([empty, random_network()], replicates=0).frame
    assert frame["alpha"].isna().tolist() == [True, True, False, False]


def test_fixed_start_is_kept() -> None:
    frame = tk.power_law(random_network(), xmin=110, layers="hidden1", replicates=20).frame
    assert frame[["xmin", "xmin_mode"]].to_numpy().tolist() == [[110, "fixed"]]


def test_bad_requests_are_named() -> None:
    with pytest.raises(ParameterError, match="layer 'hidden1': 600 values exceed xmax=60"):
        tk.power_law(random_network(), xmax=60)
    with pytest.raises(ParameterError, match="kind='both'"):
        tk.power_law(random_network(), kind="both")
    with pytest.raises(InsufficientDataError, match="no layers"):
        tk.power_law([np.eye(3)])


def test_fan_bounds_each_layer_by_what_its_wiring_allows() -> None:
    network = random_network()
    for kind, bounds in (("total", [784 + 400, 600 + 10]), ("in", [784, 600]), ("out", [400, 10])):
        frame = tk.power_law(network, kind=kind, xmax="fan", replicates=0).frame
        assert frame["xmax"].tolist() == bounds
    pooled = tk.power_law(network, kind="in", xmax="fan", pooled=True, replicates=0).frame
    assert pooled["xmax"].tolist() == [784]
    counted = tk.power_law(network, kind="in", layers="hidden1", xmax=784, replicates=0).frame
    fan = tk.power_law(network, kind="in", layers="hidden1", xmax="fan", replicates=0).frame
    assert counted.equals(fan)


def test_a_tail_beyond_what_the_wiring_allows_is_flagged() -> None:
    rng = np.random.default_rng(0)
    k = np.arange(1, 61)
    degrees = rng.choice(k, 800, p=k**-1.5 / np.sum(k**-1.5))
    network = LayeredDAG.from_adjacencies([np.zeros((5, 800)), np.arange(60) < degrees[:, None]])
    loose = tk.power_law(network, kind="out", replicates=0).fits[0][0]
    bounded = tk.power_law(network, kind="out", xmax="fan", replicates=0).fits[0][0]
    assert "beyond the bound" in loose.flags
    assert "beyond the bound" not in bounded.flags
    assert abs(bounded.alpha - 1.5) < 3 * bounded.sigma


def weighted_network() -> tuple[LayeredDAG, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    matrices = [random_mask(rng, shape, 0.2) * rng.normal(size=shape) for shape in ((40, 300), (300, 200), (200, 10))]
    return LayeredDAG.from_adjacencies(matrices), matrices


def test_strengths_are_sums_of_absolute_weights() -> None:
    network, (first, second, _) = weighted_network()
    incoming, outgoing = np.abs(first).sum(axis=0), np.abs(second).sum(axis=1)
    for kind, expected in (("in_strength", incoming), ("out_strength", outgoing), ("strength", incoming + outgoing)):
        test = tk.power_law(network, kind=kind, layers="hidden1", replicates=30)
        fit = test.fits[0][0]
        assert np.sort(fit.values) == pytest.approx(np.sort(expected), rel=1e-6)
        alone = tk.fit_power_law(fit.values, discrete=False, xmin=fit.xmin, replicates=0)
        assert (fit.alpha, fit.distance) == pytest.approx((alone.alpha, alone.distance))
        assert not fit.discrete
        assert test.frame["kind"].tolist() == [kind]


def test_strengths_need_weights_and_have_no_bound() -> None:
    with pytest.raises(InvalidNetworkError, match="has no weights"):
        tk.power_law(random_network(), kind="strength")
    network, _ = weighted_network()
    with pytest.raises(ParameterError, match="only whole numbers"):
        tk.power_law(network, kind="strength", xmax=10)
    assert tk.power_law(network, kind="strength", xmax="fan", replicates=0).frame["xmax"].isna().all()


def test_classes_of_broido_and_clauset() -> None:
    heavy = tk.power_law(heavy_network(), kind="out", xmax=2000, replicates=100)
    assert heavy.fits[0][0].classes == {"super-weak", "weakest", "weak", "strong"}
    assert heavy.frame["scale_free_class"].tolist() == ["strong"]
    table = heavy.scale_freeness
    assert table[["tested", "strong", "scale_free_class"]].to_numpy().tolist() == [[1, 1.0, "strongest"]]
    light = tk.power_law(random_network(), replicates=100)
    assert not any("strong" in fit.classes for fit in light.fits[0])
    assert light.scale_freeness["tested"].tolist() == [2]


def test_classes_without_a_test_are_empty() -> None:
    table = tk.power_law(random_network(), replicates=0).scale_freeness
    assert table["tested"].tolist() == [0]
    assert table["scale_free_class"].tolist() == [""]
    assert tk.power_law(random_network(), replicates=0).frame["scale_free_class"].tolist() == ["", ""]


def test_the_papers_rule_stands_beside_the_verdict() -> None:
    table = tk.power_law(heavy_network(), kind="out", replicates=50).papers_frame
    assert {"verdict", "papers_rule"} < set(table)
    assert "95 % of true power laws" in table["papers_rule"].iloc[0]


def test_options_reach_every_test() -> None:
    options = {"ks": "plfit", "resamples": 40, "precision": 0.1, "threads": 2}
    frame = tk.power_law(random_network(), rng=0, **options).frame
    assert frame["ks"].tolist() == ["plfit"] * 2
    assert frame["alpha_low"].notna().all()
    assert (frame["replicates"] == 25).all()
    for name in ("unknown", "min_tail"):
        with pytest.raises(TypeError, match=f"takes no option '{name}': use one of precision, "):
            tk.power_law(random_network(), **{name: 1})


def test_a_start_above_the_largest_degree_is_undefined_with_a_reason() -> None:
    row = tk.power_law(random_network(), xmin=500, replicates=20).frame.iloc[0]
    assert row["verdict"] == "undefined"
    assert "from 500 on (the largest is" in row["reason"]
