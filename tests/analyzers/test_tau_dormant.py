from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import topokit as tk
from topokit.errors import InsufficientDataError, ParameterError


def test_scores_by_hand() -> None:
    result = tk.tau_dormant({"fc1": [0.0, 0.01, 1.0, 2.99], "fc2": [1.0, 1.0]}, tau=0.025)
    assert result.scores["fc1"].tolist() == [0.0, 0.01, 1.0, 2.99]
    assert result.dormant("fc1").tolist() == [True, True, False, False]
    assert result.scores["fc2"].tolist() == [1.0, 1.0]
    assert result.summary.to_dict("records") == [
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


def test_frame_columns() -> None:
    frame = tk.tau_dormant({"fc1": [0.0, 1.0]}).frame
    assert list(frame) == ["layer", "neuron", "score", "dormant"]
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
