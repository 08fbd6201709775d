"""What a training run is told: one frozen dataclass, one TOML file, one set of command-line flags."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from topokit.errors import ConfigError, TopokitError
from topokit.registry import DATASETS, METHODS, MODELS
from topokit.training.options import check_value, option, parsed, toml, typed

ACTIVATIONS = ("relu", "srelu")
MASKS = ("er", "er-epsilon", "erk", "uniform")
DROP_RULES = ("auto", "magnitude", "set")
SCHEDULES = ("constant", "cosine")
INITIALISATIONS = ("he", "he-sparse", "torch")
GROWN_WEIGHTS = ("zero", "normal", "uniform")
GROWN_MOMENTA = ("zero", "keep")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One training run, from data to seed; every field is a TOML key and a command-line flag of the same name.

    Raises
    ------
    ConfigError
        A value of the wrong type or outside its interval.
    UnknownNameError
        A method, data set, model or other name that does not exist; the near names are listed.
    """

    method: str = option("set", "how the wiring is trained", choices=METHODS)
    dataset: str = option("digits", "what is learned", choices=DATASETS)
    data_folder: str = option("", "where the data set lies; empty: where `topokit data` puts it", incidental=True)
    validation_fraction: float = option(0.1, "share of the training data kept for validation", within="[0, 1)")
    normalise: bool = option(
        True, "centre and scale inputs by the data set's mean and deviation; else they are in [0, 1]"
    )

    model: str = option("mlp", "kind of network", choices=MODELS)
    hidden: tuple[int, ...] = option((256, 256), "widths of the hidden layers", within="[1, 1e9]")
    activation: str = option("relu", "activation of the hidden layers", choices=ACTIVATIONS)
    init: str = option(
        "he-sparse",
        "initial weights: uniform by He's rule over all inputs or over the connected ones, or PyTorch's default",
        choices=INITIALISATIONS,
    )

    mask: str = option("erk", "how the edges are spread over the layers at the start", choices=MASKS)
    density: float = option(0.05, "edges over possible edges of the sparse layers", within="(0, 1]")
    epsilon: float = option(
        13.0, "edges per neuron of mask 'er-epsilon', which takes it in place of the density", within="(0, inf)"
    )
    dense_output: bool = option(False, "keep the output layer dense and out of the density")

    update_every: int = option(0, "steps between changes of the wiring; 0: one epoch", within="[0, inf)")
    rewire_fraction: float = option(0.3, "share of a layer's edges that one update replaces", within="[0, 1]")
    rewire_schedule: str = option("cosine", "how that share falls during training", choices=SCHEDULES)
    stop_fraction: float = option(1.0, "share of training after which the wiring stays as it is", within="[0, 1]")
    drop: str = option("auto", "which edges go; auto: the rule of the method's authors", choices=DROP_RULES)
    grown_weights: str = option(
        "zero", "weight of new edges: 0, normal with deviation 0.1, or uniform by He's rule", choices=GROWN_WEIGHTS
    )
    grown_momentum: str = option("zero", "momentum of new edges: 0, or what has gathered there", choices=GROWN_MOMENTA)
    keep_regrown: bool = option(False, "an edge dropped and grown again at once keeps its weight and momentum")
    update_replaces_step: bool = option(False, "a change of the wiring takes the place of the optimizer's step")

    epochs: int = option(50, "passes over the training data", within="[1, 1e9]")
    batch_size: int = option(64, "samples per step", within="[1, inf)")
    learning_rate: float = option(0.05, "step size of SGD at the start", within="(0, 1e38]")
    milestones: tuple[int, ...] = option((), "epochs after which the learning rate falls", within="[1, inf)")
    lr_factor: float = option(0.1, "what the learning rate is multiplied by at each milestone", within="(0, 1]")
    momentum: float = option(0.9, "momentum of SGD", within="[0, 1)")
    nesterov: bool = option(True, "Nesterov's form of momentum")
    weight_decay: float = option(5e-4, "L2 penalty on existing weights and on biases", within="[0, 1e38]")

    seed: int = option(0, "everything random follows from it", within="[0, inf)")
    record_every: int = option(
        1, "updates of the wiring between frames (epochs, for a method without updates); 0: none", within="[0, inf)"
    )
    record_epochs: int = option(0, "epochs between frames recorded besides; 0: none", within="[0, inf)")
    record_weights: bool = option(True, "frames hold the weights besides the edges")
    checkpoint_every: int = option(
        1, "epochs between checkpoints, from which an interrupted run continues", within="[1, inf)", incidental=True
    )

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = typed(field.name, getattr(self, field.name), hints[field.name])
            object.__setattr__(self, field.name, value)
            check_value(field, value)
        if self.nesterov and not self.momentum:
            raise ConfigError("nesterov needs a momentum above 0: set momentum, or nesterov = false")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "") -> TrainConfig:
        """The configuration with those fields, defaults elsewhere.

        Parameters
        ----------
        values : mapping
            Field names to values; lists stand for tuples.
        source : str, optional
            Where the values come from, for error messages.

        Raises
        ------
        ConfigError
            A key that is no field (the nearest field is named), or a value that is not allowed.
        """
        where = f"{source}: " if source else ""
        names = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in names:
                near = get_close_matches(key, names, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
                raise ConfigError(f"{where}unknown key {key!r}: {hint}")
        try:
            return cls(**values)
        except TopokitError as error:
            if not source:
                raise
            raise ConfigError(f"{where}{error}") from error

    def with_text(self, texts: Mapping[str, str]) -> TrainConfig:
        """The same configuration with some fields given as command-line text, such as ``{"hidden": "300,100"}``.

        Raises
        ------
        ConfigError, UnknownNameError
            A text that is no such value, or a value that is not allowed.
        """
        hints = get_type_hints(type(self))
        return self.replace(**{name: parsed(name, text, hints[name]) for name, text in texts.items()})

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> TrainConfig:
        """Read a configuration; its keys are the fields, all optional.

        Raises
        ------
        ConfigError
            No such file, not TOML, an unknown key, or a value that is not allowed; the message names the file.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}; give the path of a TOML file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: is not TOML: {error}; write lines such as density = 0.05") from error
        return cls.from_dict(values, source=str(path))

    def to_dict(self) -> dict[str, Any]:
        """Field names to JSON-safe values; the inverse of `from_dict`."""
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def to_toml(self) -> str:
        """The text of a TOML file with every field; the inverse of `from_toml`."""
        return "".join(f"{name} = {toml(value)}\n" for name, value in self.to_dict().items())

    def replace(self, **changes: Any) -> TrainConfig:
        """The same configuration with other values in some fields; raises as the constructor and `from_dict` do."""
        return self.from_dict({**self.to_dict(), **changes})

    def differences(self, other: TrainConfig) -> dict[str, tuple[Any, Any]]:
        """Fields that make the two runs' results differ, with the value here and the value in `other`."""
        names = [field.name for field in dataclasses.fields(self) if not field.metadata["incidental"]]
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
