"""What the attributes of scikit-learn's estimators are.

https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html: ``coefs_`` are the kernels
(in, out) of a multilayer perceptron, ``intercepts_`` its biases; linear models have ``coef_`` (out, in).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from topokit.loaders.checkpoint import OPTIMIZER_STATE, Axes, Role
from topokit.loaders.formats.pickle_vm import Placeholder

_PACKAGE = "sklearn"


@dataclass(frozen=True, slots=True)
class Place:
    """What the arrays at a place of a tree are; the attributes are those of `TensorEntry`."""

    axes: Axes = "source-target"
    role: Role | None = None
    aside: str = ""


ANYWHERE = Place()
_OPTIMIZER = Place(role="optimizer", aside=OPTIMIZER_STATE)
_OTHER = Place(role="unknown", aside="an attribute of a scikit-learn estimator, not a weight")
_PLACES = {
    "coefs_": ANYWHERE,
    "coef_": Place(axes="torch"),
    "intercepts_": Place(role="bias"),
    "intercept_": Place(role="bias"),
    **dict.fromkeys(("_optimizer", "_best_coefs", "_best_intercepts"), _OPTIMIZER),
}


def place_within(owner: Any, attribute: Any, place: Place) -> Place:
    """What arrays under an attribute of an object are; `place` tells what the object itself is part of."""
    if place is _OPTIMIZER or not isinstance(owner, Placeholder) or owner.kind.module.split(".")[0] != _PACKAGE:
        return place
    return _PLACES.get(attribute, _OTHER)
