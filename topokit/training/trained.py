"""A finished run as a network that can be asked and changed, without training on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from topokit.errors import RecordingError
from topokit.recording import Recording
from topokit.recording.layout import RUN_FILE
from topokit.training.checkpoint import Arrays, read_checkpoint
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.engines.build import make_engine
from topokit.training.engines.engine import Engine
from topokit.training.experiment import data_of, method_of
from topokit.training.methods.method import Rule


def stored_config(recording: Recording) -> TrainConfig:
    """How this trainer was told to make the run.

    Raises
    ------
    RecordingError
        Something else made it.
    """
    known = TrainConfig().to_dict().keys()
    if not recording.config or not recording.config.keys() <= known:
        raise RecordingError(
            f"{recording.folder} is a recording that this trainer did not make: train the network here"
        )
    return TrainConfig.from_dict(recording.config, source=str(recording.folder / RUN_FILE))


def final_state(recording: Recording) -> Arrays:
    """Everything that training changed, at its end.

    Raises
    ------
    RecordingError
        The run is not finished, or its checkpoint is lost or damaged.
    """
    found = read_checkpoint(Path(recording.folder))
    if found is None or "summary" not in recording.run:
        raise RecordingError(f"{recording.folder} is not trained to its end: resume it first")
    return found[1]


def engine_with_rule(recording: Recording, rule: Rule, data: Data | None = None) -> tuple[Engine, Data]:
    """The run's network with its final state, whose `rewire` follows `rule`, and what it has learned.

    Raises
    ------
    RecordingError
        As in `stored_config` and `final_state`.
    """
    config = stored_config(recording)
    learned = data_of(config) if data is None else data
    engine = make_engine(config, replace(method_of(config), rule=rule), learned)
    engine.load(final_state(recording))
    return engine, learned
