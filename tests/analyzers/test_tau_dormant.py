from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import topokit as tk
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


def test_scores_by_hand() -> None:
    result = tk.tau_dormant({"fc1": [0.0, 0.01, 1.0, 2.99], "fc2": [1.0, 1.0]}, tau=0.025)
    assert result.scores["fc1"].tolist() == [0.0, 0.01, 1.0, 2.99]
    assert result.dormant("fc1").tolist() == [True, True, False, False]
    assert result.scores["fc2"].tolist() == [1.0, 1.0]
    assert result.summary.drop(columns=["step", "epoch"]).to_dict("records") == [
        {"layer": "fc1", "size": 4, "dormant": 2, "fraction": 0.5, "tau": 0.025},
        {"layer": "fc2", "size": 2, "dormant": 0, "fraction": 0.0, "tau": 0.025},
    ]


def test_samples_are_averaged_by_magnitude() -> None:
    result = tk.tau_dormant({"fc1": [[1.0, -3.0], [-1.0, 3.0]]})
    assert result.scores["fc1"].tolist() == [0.5, 1.5]


def test_channels_average_over_samples_and_space() -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(5, 3, 4, 4))
    flat = np.abs(maps).transpose(0, 2, 3, 1).reshape(-1, 3)
    assert np.allclose(tk.tau_dormant({"conv": maps}).scores["conv"], tk.tau_dormant({"conv": flat}).scores["conv"])


def test_silent_layer_is_all_dormant_at_any_tau() -> None:
    result = tk.tau_dormant({"fc1": np.zeros((10, 4))}, tau=0)
    assert result.scores["fc1"].tolist() == [0, 0, 0, 0]
    assert result.summary["fraction"].tolist() == [1.0]


@given(arrays(np.float64, (4, 6), elements=st.floats(-10, 10)), st.floats(0.1, 100))
def test_scores_average_to_one_and_ignore_scale(values: np.ndarray, factor: float) -> None:
    if not np.abs(values).max() > 1e-6:
        return
    scores = tk.tau_dormant({"layer": values}).scores["layer"]
    assert scores.mean() == pytest.approx(1)
    assert np.allclose(tk.tau_dormant({"layer": factor * values}).scores["layer"], scores)


@pytest.mark.parametrize("scale", [2.0**1021, 2.0**-1070])
def test_scores_of_the_hugest_and_tiniest_activations(scale: float) -> None:
    samples = np.array([[1.0, 3, 0], [1, 3, 4]])
    for values in (samples, samples[1]):
        expected = tk.tau_dormant({"layer": values}).scores["layer"]
        assert np.array_equal(tk.tau_dormant({"layer": scale * values}).scores["layer"], expected)


def test_frame_columns() -> None:
    frame = tk.tau_dormant({"fc1": [0.0, 1.0]}).frame
    assert list(frame) == ["layer", "neuron", "score", "dormant", "step", "epoch"]
    assert frame["dormant"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("activations", "tau", "message"),
    [
        ({"a": [1.0]}, -0.1, "tau=-0.1"),
        ({"a": [1.0, np.nan]}, 0, "'a' has NaN"),
        ({"a": [1.0, -2.0]}, 0, "mean |h| -2"),
        ({"a": [[1.0, 2.0], [3.0]]}, 0, "'a' has activations of no one shape"),
        ({"a": ["x"]}, 0, "'a' has activations of type <U1"),
        ({"a": [1j]}, 0, "'a' has activations of type complex128"),
        ([[1.0]], 0, "activations are a list"),
        ({"a": [1.0]}, "x", "tau='x'"),
        ({"a": [1.0]}, np.inf, "tau=inf"),
        ({"a": torch.ones(2, requires_grad=True)}, 0, "'a' has activations that are no NumPy array"),
        ({np.nan: {"a": [1.0]}}, 0, "moment nan"),
    ],
)
def test_bad_values_are_refused(activations: dict[str, list[float]], tau: float, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        tk.tau_dormant(activations, tau=tau)
    assert message in str(caught.value)


@pytest.mark.parametrize("activations", [{}, {"a": np.zeros((0, 3))}, {"a": 1.0}])
def test_nothing_to_score_is_refused(activations: dict[str, object]) -> None:
    with pytest.raises(InsufficientDataError):
        tk.tau_dormant(activations)


def test_over_time() -> None:
    rng = np.random.default_rng(0)
    taken = [{"fc1": rng.random(6), "fc2": rng.random((9, 4)) - 0.5} for _ in range(3)]
    moments = [tk.dag.Moment(step=10 * k, epoch=k) for k in range(3)]
    result = tk.tau_dormant(taken, tau=0.9, moments=moments)
    alone = [tk.tau_dormant(each, tau=0.9) for each in taken]
    assert result.moments == tuple(moments)
    for t, one in enumerate(alone):
        for layer in ("fc1", "fc2"):
            assert np.array_equal(result.history[layer][t], one.scores[layer])
            assert np.array_equal(result.dormant(layer, t), one.dormant(layer))
    assert result.scores["fc1"].tolist() == alone[-1].scores["fc1"].tolist()
    assert result.frame["step"].tolist() == [0] * 10 + [10] * 10 + [20] * 10
    together = [row for one in alone for row in one.summary["dormant"]]
    assert result.summary["dormant"].tolist() == together
    assert result.summary["epoch"].tolist() == [0, 0, 1, 1, 2, 2]
    by_epoch = tk.tau_dormant({0: taken[0], 1: taken[1], 2.0: taken[2]}, tau=0.9)
    assert [moment.epoch for moment in by_epoch.moments] == [0, 1, 2]
    assert np.array_equal(by_epoch.history["fc2"], result.history["fc2"])
    assert tk.tau_dormant(taken).frame["step"].tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_moments_that_do_not_fit_are_refused() -> None:
    one, other = {"fc1": [1.0, 2.0]}, {"fc1": [1.0]}
    with pytest.raises(InsufficientDataError, match="2 activations were given for 1 moments"):
        tk.tau_dormant([one, one], moments=[tk.dag.Moment()])
    with pytest.raises(IncompatibleNetworksError, match="moment 1"):
        tk.tau_dormant([one, other])
    with pytest.raises(ParameterError, match="moments=3: give a Series"):
        tk.tau_dormant(one, moments=3)
    with pytest.raises(ParameterError, match="moment 'late'"):
        tk.tau_dormant({"late": one})
    with pytest.raises(InsufficientDataError, match="at moment 1"):
        tk.tau_dormant([one, {}])
    with pytest.raises(InsufficientDataError, match="no activations"):
        tk.tau_dormant([])
