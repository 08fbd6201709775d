"""The variables of a checkpoint, and which of them are no part of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from topokit.loaders.checkpoint import OPTIMIZER_STATE, Role, TensorEntry
from topokit.loaders.formats.tensorflow_files.bundle import Bundle
from topokit.loaders.formats.tensorflow_files.object_graph import Naming
from topokit.loaders.naming import leaf_of, natural_key

_OPTIMIZER_SLOTS = {
    *("Adam", "Adam_1", "Momentum", "RMSProp", "RMSProp_1", "Adagrad", "Adadelta", "Adadelta_1", "Ftrl", "Ftrl_1"),
    *("adam_m", "adam_v", "LAMB", "LAMB_1"),
}
_ROLES: Mapping[str, Role] = {
    **{"mask": "mask", "gamma": "norm", "beta": "norm"},
    **dict.fromkeys(("moving_mean", "moving_variance"), "buffer"),
}
_METRICS = "keras_api/metrics/"
_AVERAGE = "ExponentialMovingAverage"


def variables(bundle: Bundle, naming: Naming) -> list[TensorEntry]:
    """The variables of a bundle under their names, in the order of its keys."""
    names = set(naming.names.values())
    keys = sorted(naming.names, key=natural_key)
    return [_variable(bundle, key, naming.names[key], naming.asides.get(key, ""), names) for key in keys]


def _variable(bundle: Bundle, key: str, name: str, aside: str, names: Collection[str]) -> TensorEntry:
    aside = aside or _told_by_name(name, names) or ("a metric of training" if _METRICS in key else "")
    role = "optimizer" if aside == OPTIMIZER_STATE else _ROLES.get(leaf_of(name))
    return bundle.tensor(key, name, role=role, aside=aside)


def _told_by_name(name: str, names: Collection[str]) -> str:
    """What TensorFlow 1 tells only by names: those of slots begin with that of their variable."""
    variable, _, slot = name.rpartition("/")
    if variable in names and slot in _OPTIMIZER_SLOTS:
        return OPTIMIZER_STATE
    return f"a moving average of {variable!r}" if variable in names and slot == _AVERAGE else ""
