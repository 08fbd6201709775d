"""What a training run is told: one frozen dataclass, one TOML file, one set of command-line flags."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from topokit.errors import ConfigError, TopokitError, UnknownNameError
from topokit.registry import DATASETS, METHODS, MODELS, PROFILES
from topokit.training.options import check_value, option, parsed, toml, typed

VALIDATIONS = ("random", "last")
AUGMENTATIONS = ("none", "flip-crop", "flip-rotate-crop")
ACTIVATIONS = ("relu", "srelu", "allrelu")
MASKS = ("er", "er-epsilon", "erk", "radix", "radix-random", "uniform")
MASK_DRAWS = ("exact", "bernoulli", "replacement")
DROP_RULES = ("auto", "magnitude", "set", "set-nowak", "set-scipy", "random")
ROUNDINGS = ("floor", "ceil", "nearest")
GROWTHS = ("exact", "bernoulli")
SCOPES = ("layer", "global")
SCHEDULES = ("constant", "cosine")
INITIALISATIONS = ("he", "he-sparse", "kaiming-normal", "normal", "torch", "truncated-normal")
GROWN_WEIGHTS = ("zero", "normal", "uniform")
GROWN_MOMENTA = ("zero", "keep")
DECAY_FORMS = ("coupled", "decoupled", "unscaled")
DEVICES = ("cpu", "cuda")
ACTIVE_SAMPLES = ("none", "validation", "test")
STRUCTURE_WEIGHTS = ("new", "stored", "original")
ENGINES = ("auto", "masked", "sparse")

# What papers and other programs call some keys, too far from their names here to be found as slips of the pen.
_OTHER_NAMES = {"lr": "learning_rate", "zeta": "rewire_fraction"}
_SWEEP_KEYS = ("grid", "variants")


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
    train_samples: int = option(
        0, "training samples taken, the same ones for every seed; 0: all of the data set's", within="[0, inf)"
    )
    test_samples: int = option(0, "test samples taken, in the same way; 0: all", within="[0, inf)")
    validation_fraction: float = option(0.1, "share of the training data kept for validation", within="[0, 1)")
    validation: str = option(
        "random", "which samples these are: drawn by the seed, or the last in the file", choices=VALIDATIONS
    )
    augment: str = option(
        "none",
        "what happens to training images, anew in every epoch: mirrored by chance and cropped after reflective padding "
        "of 4 pixels, or besides turned by up to 10 degrees",
        choices=AUGMENTATIONS,
    )
    binarise: bool = option(False, "inputs above 0.5 become 1 and all others 0; needs normalise = false")
    normalise: bool = option(
        True, "centre and scale inputs by the data set's mean and deviation; else they are in [0, 1]"
    )

    model: str = option("mlp", "kind of network", choices=MODELS)
    hidden: tuple[int, ...] = option((256, 256), "widths of the hidden layers", within="[1, 1e9]")
    activation: str = option("relu", "activation of the hidden layers", choices=ACTIVATIONS)
    allrelu_slope: float = option(
        0.6, "left slope of 'allrelu', positive in odd hidden layers and negative in even ones", within="[0, inf)"
    )
    dropout: float = option(0.0, "share of hidden neurons silent in a training step, drawn anew each", within="[0, 1)")
    init: str = option(
        "he-sparse",
        "initial weights: uniform by He's rule over all inputs or over the connected ones, normal by He's rule "
        "(kaiming-normal), normal, normal within two deviations (truncated-normal), or PyTorch's default",
        choices=INITIALISATIONS,
    )
    init_deviation: float = option(
        0.1, "standard deviation of init 'normal' and 'truncated-normal'", within="(0, 1e38]"
    )
    init_bias: float = option(0.0, "biases at the start; init 'torch' draws them instead", within="[-1e38, 1e38]")

    cd_steps: int = option(1, "steps of the chain in contrastive divergence, of model 'rbm'", within="[1, 1e6]")
    sample_visible: bool = option(
        False, "visible units of that chain are drawn, 0 or 1, instead of keeping their chances: true Gibbs sampling"
    )

    mask: str = option("erk", "how the edges are spread over the layers at the start", choices=MASKS)
    density: float = option(0.05, "edges over possible edges of the sparse layers", within="(0, 1]")
    epsilon: float = option(
        13.0, "edges per neuron of mask 'er-epsilon', which takes it in place of the density", within="(0, inf)"
    )
    mask_draw: str = option(
        "exact",
        "a layer has exactly its number of edges, each possible edge is there by chance, or edges are drawn with "
        "replacement and fall together",
        choices=MASK_DRAWS,
    )
    radix_systems: str = option("", "mixed-radix systems of masks 'radix' and 'radix-random', such as 10,10 or 2,3;3,2")
    radix_widths: tuple[int, ...] = option(
        (), "Kronecker widths of these masks, one more than radices; empty: all 1", within="[1, 1e9]"
    )
    dense_input: bool = option(False, "keep the first layer of weights dense and out of the density")
    dense_output: bool = option(
        False, "keep the output layer dense and out of the density, as it always is in masks 'radix' and 'radix-random'"
    )
    snip_batches: int = option(1, "batches over which SNIP scores the edges", within="[1, inf)")

    structure: str = option(
        "", "saved network whose wiring this one starts with: a run folder, or a file that `topokit inspect` reads"
    )
    structure_epoch: float = option(-1.0, "epoch of that run's frame; -1: the last", within="[-1, inf)")
    structure_weights: str = option(
        "new",
        "weights of these edges: drawn by the seed, those stored (biases begin anew), or those that they had, or would "
        "have had, when that run began",
        choices=STRUCTURE_WEIGHTS,
    )
    mask_seed: int = option(
        -1,
        "what the first edges and their generations follow from, for runs that start alike and differ in all else; "
        "-1: the seed",
        within="[-1, inf)",
    )
    generation: int = option(
        0, "how often a share of the first edges has moved, at random, before training starts", within="[0, 1e6]"
    )
    generation_change: float = option(0.01, "the share that moves in each of these generations", within="[0, 1]")

    update_every: int = option(0, "steps between changes of the wiring; 0: one epoch", within="[0, inf)")
    rewire_fraction: float = option(0.3, "share of a layer's edges that one update replaces", within="[0, 1]")
    rewire_schedule: str = option("cosine", "how that share falls during training", choices=SCHEDULES)
    rewire_floor: float = option(0.0, "share that the cosine schedule ends at", within="[0, 1]")
    stop_fraction: float = option(1.0, "share of training after which the wiring stays as it is", within="[0, 1]")
    switch_fraction: float = option(
        0.5, "share of training after which methods such as 'random-gradient' grow in their second way", within="[0, 1]"
    )
    drop: str = option("auto", "which edges go; auto: the rule of the method's authors", choices=DROP_RULES)
    rounding: str = option("floor", "how a share of edges becomes a number of them", choices=ROUNDINGS)
    growth: str = option(
        "exact", "random growth replaces just what went, or takes each free position by chance", choices=GROWTHS
    )
    redistribute: bool = option(False, "edges move to layers whose edges have the larger mean momentum")
    grown_weights: str = option(
        "zero", "weight of new edges: 0, normal, or uniform by He's rule", choices=GROWN_WEIGHTS
    )
    grown_momentum: str = option("zero", "momentum of new edges: 0, or what has gathered there", choices=GROWN_MOMENTA)
    reset_momentum: bool = option(False, "all momentum starts anew at every change of the wiring, as in Keras")
    grown_deviation: float = option(0.1, "standard deviation of grown_weights 'normal'", within="(0, 1e38]")
    prune_at_end: bool = option(
        False,
        "methods that drop and grow drop rewire_fraction of the edges once more after the last step, and grow none",
    )
    keep_regrown: bool = option(False, "an edge dropped and grown again at once keeps its weight and momentum")
    update_replaces_step: bool = option(False, "a change of the wiring takes the place of the optimizer's step")

    freeze_epoch: int = option(10, "epoch whose end fixes the wiring of method 'dnw-frozen'", within="[0, inf)")
    prune_begin: float = option(
        0.25, "share of training after which pruning begins; 'one-shot' prunes then, all at once", within="[0, 1]"
    )
    prune_end: float = option(0.75, "share of training at which gradual pruning has come to its end", within="[0, 1]")
    prune_scope: str = option(
        "layer", "pruning takes the smallest weights of each layer, or of all layers together", choices=SCOPES
    )
    rounds: int = option(5, "prunings of method 'imp', after each of which it trains again", within="[1, 1e6]")
    prune_fraction: float = option(
        0.0, "share of edges that goes in each of these rounds; 0: what leads to the density", within="[0, 1)"
    )
    rewind_epoch: int = option(0, "epoch to whose end these rounds take weights back", within="[0, 1e9]")

    epochs: int = option(50, "passes over the training data; of method 'imp' in its first round", within="[1, 1e9]")
    batch_size: int = option(64, "samples per step", within="[1, inf)")
    drop_last: bool = option(False, "leave out the last samples of an epoch that fill no batch")
    learning_rate: float = option(0.05, "step size of SGD at the start", within="(0, 1e38]")
    milestones: tuple[int, ...] = option((), "epochs after which the learning rate falls", within="[1, inf)")
    lr_factor: float = option(0.1, "what the learning rate is multiplied by at each milestone", within="(0, 1]")
    momentum: float = option(0.9, "momentum of SGD", within="[0, 1)")
    nesterov: bool = option(True, "Nesterov's form of momentum")
    weight_decay: float = option(5e-4, "L2 penalty on existing weights and on biases", within="[0, 1e38]")
    decay_form: str = option(
        "coupled",
        "decay times the weight is added to the gradient; or taken off the weight itself, times the learning rate "
        "(decoupled) or as it is (unscaled, as in the SciPy code of SET)",
        choices=DECAY_FORMS,
    )

    engine: str = option(
        "auto",
        "dense tensors under masks, or edges alone; auto: edges alone for a sparse MLP or RBM where that is enough",
        choices=ENGINES,
    )
    device: str = option("cpu", "where the masked engine computes", choices=DEVICES)

    seed: int = option(0, "everything random follows from it", within="[0, inf)")
    record_every: int = option(
        1, "updates of the wiring between frames (epochs, for a method without updates); 0: none", within="[0, inf)"
    )
    record_epochs: int = option(0, "epochs between frames recorded besides; 0: none", within="[0, inf)")
    record_weights: bool = option(True, "frames hold the weights besides the edges")
    record_activations: str = option(
        "none",
        "samples over which frames hold the mean |h| of each hidden neuron besides, for tau-dormancy",
        choices=ACTIVE_SAMPLES,
    )
    checkpoint_every: int = option(
        1, "epochs between checkpoints, from which an interrupted run continues", within="[1, inf)", incidental=True
    )

    def __post_init__(self) -> None:
        hints = _types()
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            # Papers plan thousands of runs, and most fields of each are what they are by default.
            if given is field.default:
                continue
            value = typed(field.name, given, hints[field.name])
            object.__setattr__(self, field.name, value)
            check_value(field, value)
        if self.nesterov and not self.momentum:
            raise ConfigError("nesterov needs a momentum above 0: set momentum, or nesterov = false")
        if self.record_activations == "validation" and not self.validation_fraction:
            raise ConfigError("record_activations = 'validation' needs a validation_fraction above 0, or take 'test'")
        if self.binarise and self.normalise:
            raise ConfigError("binarise takes inputs in [0, 1]: set normalise = false")
        self._check_mask()

    @property
    def wiring_seed(self) -> int:
        """What the first edges follow from."""
        return self.seed if self.mask_seed == -1 else self.mask_seed

    def _check_mask(self) -> None:
        """Values of a mask that do not go together.

        A RadiX-Net has a dense output layer, and tells the hidden widths where none are given.
        """
        if self.mask_draw == "replacement" and self.mask != "er-epsilon":
            raise ConfigError(f"mask_draw 'replacement' belongs to mask 'er-epsilon', not {self.mask!r}: take 'exact'")
        if self.mask not in ("radix", "radix-random"):
            return
        if self.dense_input:
            raise ConfigError(f"mask {self.mask!r} fills the first layer: set dense_input = false")
        from topokit.training.radix_masks import radix_topology

        topology = radix_topology(self.radix_systems, self.radix_widths)
        object.__setattr__(self, "hidden", self.hidden or topology.sizes[1:])
        object.__setattr__(self, "dense_output", True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "") -> TrainConfig:
        """The configuration with those fields, defaults elsewhere.

        Parameters
        ----------
        values : mapping
            Field names to values; lists stand for tuples. A key ``profile`` names a set of values from
            `topokit.training.profiles`, which take the place of the defaults.
        source : str, optional
            Where the values come from, for error messages.

        Raises
        ------
        ConfigError
            A key that is no field (the nearest field is named), or a value that is not allowed.
        """
        where = f"{source}: " if source else ""
        values = _on_profile(values, where)
        for key in values:
            if key not in _types():
                raise ConfigError(f"{where}unknown key {key!r}: {_key_hint(str(key), list(_types()))}")
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
        hints = _types()
        return self.replace(**{name: parsed(name, text, hints[name]) for name, text in texts.items()})

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], *, profile: str = "") -> TrainConfig:
        """Read a configuration; its keys are the fields and ``profile``, all optional.

        Parameters
        ----------
        path : path
            The TOML file.
        profile : str, optional
            One in place of the file's.

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
        return cls.from_dict(values | ({"profile": profile} if profile else {}), source=str(path))

    def to_dict(self) -> dict[str, Any]:
        """Field names to JSON-safe values; the inverse of `from_dict`."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
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


@cache
def _types() -> dict[str, Any]:
    """Types of the fields; working them out takes longer than all else, and papers plan thousands of runs."""
    return get_type_hints(TrainConfig)


def _key_hint(key: str, names: list[str]) -> str:
    if key in _SWEEP_KEYS:
        return "it belongs to a sweep: give the file to `topokit sweep`"
    if key in _OTHER_NAMES:
        return f"it is called {_OTHER_NAMES[key]!r} here"
    near = get_close_matches(key, [*names, "profile"], n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else "`topokit train --help` lists them all"


def _on_profile(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """These values over those of their ``profile``, if they name one."""
    own = dict(values)
    if "profile" not in own:
        return own
    name = own.pop("profile")
    if not isinstance(name, str):
        raise ConfigError(f"{where}profile is {name!r}: it takes a string, one of {', '.join(PROFILES)}")
    try:
        return {**PROFILES.load(name), **own}
    except UnknownNameError as error:
        raise ConfigError(f"{where}{error}") from error
