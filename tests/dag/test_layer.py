from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest

from topokit.dag import Layer
from topokit.errors import InvalidNetworkError


def test_a_layer_is_what_it_says() -> None:
    layer = Layer("conv1", 12, "input", (3, 2, 2))
    assert (layer.name, layer.size, layer.kind, layer.shape) == ("conv1", 12, "input", (3, 2, 2))
    assert layer == Layer("conv1", 12, "input", [3, 2, 2])
    with pytest.raises(FrozenInstanceError):
        layer.size = 3


def test_numpy_numbers_become_plain_ones() -> None:
    layer = Layer("a", np.int64(4), shape=(np.int32(2), np.int32(2)))
    assert json.loads(json.dumps(asdict(layer)))["shape"] == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 3), "a layer of 3 neurons has the name '': give it a word"),
        ((5, 3), "a layer of 3 neurons has the name 5: give it a word"),
        (("a", 0), "the size of layer 'a' holds 0: a whole number of at least 1 is needed"),
        (("a", -2), "the size of layer 'a' holds -2: a whole number of at least 1 is needed"),
        (("a", 2.5), "the size of layer 'a' holds 2.5: a whole number of at least 1 is needed"),
        (("a", "3"), "the size of layer 'a' holds '3': a whole number of at least 1 is needed"),
        (
            ("a", 3, "neuron"),
            "layer 'a' has kind 'neuron': use one of input, unit, channel, head, token, output, state",
        ),
        (
            ("a", 4, "unit", (2, 3)),
            "layer 'a' has 4 neurons but shape (2, 3) holds 6: give the shape they lie in, or none",
        ),
        (("a", 4, "unit", (-2, -2)), "the shape of layer 'a' holds -2: a whole number of at least 1 is needed"),
        (("a", 4, "unit", (2.0, 2)), "the shape of layer 'a' holds 2.0: a whole number of at least 1 is needed"),
    ],
)
def test_what_is_no_layer_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InvalidNetworkError) as error:
        Layer(*arguments)
    assert str(error.value) == message
