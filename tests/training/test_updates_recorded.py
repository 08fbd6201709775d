"""Every change of the wiring leaves a frame; runs that cannot go on say why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_training import toy_data

import topokit as tk
from topokit.errors import ConfigError, DivergenceError, RecordingError
from topokit.registry import METHODS
from topokit.training import TrainConfig, train

CONFIG = TrainConfig(
    hidden=(10, 8),
    density=0.4,
    epochs=3,
    batch_size=8,
    update_every=2,
    rounds=2,
    freeze_epoch=2,
    validation_fraction=0.2,
)
DATA = toy_data(96)
BOTH = [
    (name, engine)
    for name in METHODS
    for engine in ("masked", "sparse")
    if engine == "masked" or not (METHODS.load(name).uses_momentum or METHODS.load(name).latent)
]


@pytest.mark.parametrize(("method", "engine"), BOTH)
def test_frames_show_every_edge_born_and_dropped(tmp_path: Path, method: str, engine: str) -> None:
    """Between two frames lies one change at most, and their differences are what the metrics count."""
    run = train(CONFIG.replace(method=method, engine=engine), tmp_path / "run", data=DATA)
    changes = tk.edge_changes(run)
    born, dropped = changes.born[:, -1].sum(), changes.dropped[:, -1].sum()
    replaced, gone = run.metrics["edges_changed"].sum(), run.metrics["edges_gone"].sum()
    if METHODS.load(method).timing.in_step:
        # The wiring changes in each step, and a frame is one an epoch.
        assert 0 < born <= replaced
        assert 0 < dropped <= gone
    else:
        assert set(np.diff([update or 0 for update in run.updates])) <= {0, 1}
        assert (born, dropped) == (replaced, gone)
    assert changes.born[:, :-1].sum() == born


@pytest.mark.parametrize(("method", "engine"), BOTH)
def test_a_run_goes_on_with_its_own_configuration_alone(tmp_path: Path, method: str, engine: str) -> None:
    config = CONFIG.replace(method=method, engine=engine, epochs=1, freeze_epoch=0, rounds=1)
    train(config, tmp_path / "run", data=DATA)
    with pytest.raises(
        ConfigError, match=r"begun with density = 0\.4, not 0\.5; seed = 0, not 3: resume with the same"
    ):
        train(config.replace(density=0.5, seed=3), tmp_path / "run", resume=True, data=DATA)


def test_a_run_goes_on_with_its_own_data_alone(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError):
        train(CONFIG.replace(learning_rate=1e30), tmp_path / "run", data=DATA)
    with pytest.raises(RecordingError, match=r"begun with dataset\.test = 48, not 60: resume with the same"):
        train(CONFIG.replace(learning_rate=1e30), tmp_path / "run", resume=True, data=toy_data(120))


@pytest.mark.parametrize(("method", "engine"), BOTH)
def test_divergence_keeps_the_last_good_frame(tmp_path: Path, method: str, engine: str) -> None:
    config = CONFIG.replace(method=method, engine=engine, learning_rate=1e30)
    with pytest.raises(DivergenceError, match=r"no finite number at step \d+ \(epoch \d\) with learning rate 1e\+30"):
        train(config, tmp_path / "run", data=DATA)
    run = tk.open_recording(tmp_path / "run")
    assert all(np.isfinite(block.weights).all() for network in run for block in network.blocks)


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_what_is_evaluated_is_finite_before_it_is_recorded(tmp_path: Path, engine: str) -> None:
    """The weights still are finite when test samples already give no finite loss."""
    config = CONFIG.replace(method="static", engine=engine, activation="srelu", learning_rate=1.0, epochs=8)
    with pytest.raises(DivergenceError, match=r"the loss is no finite number at step \d+ \(epoch \d\)"):
        train(config, tmp_path / "run", data=DATA)
    run = tk.open_recording(tmp_path / "run")
    assert np.isfinite(run.metrics.astype(float).to_numpy()).all()
    assert all(np.isfinite(value) for moment in run.moments for value in moment.metrics.values())


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_activations_that_are_not_finite_are_divergence(tmp_path: Path, engine: str) -> None:
    config = CONFIG.replace(engine=engine, init="normal", init_deviation=1e25, record_activations="test")
    with pytest.raises(DivergenceError, match=r"an activation is no finite number at step 0 \(epoch 0\)"):
        train(config, tmp_path / "run", data=DATA)
