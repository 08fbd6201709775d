from __future__ import annotations

import numpy as np
import pytest
from strategies import random_mask

import topokit as tk
from topokit.analyzers.likelihood_ratios import ALTERNATIVES
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

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
    with pytest.raises(ParameterError, match="exceed xmax=60"):
        tk.power_law(random_network(), xmax=60)
    with pytest.raises(ParameterError, match="kind='both'"):
        tk.power_law(random_network(), kind="both")
    with pytest.raises(InsufficientDataError, match="no layers"):
        tk.power_law([np.eye(3)])
