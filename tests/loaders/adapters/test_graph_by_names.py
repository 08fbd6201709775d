"""A family is taken only where every name and every size fits; nothing else ever comes of names and configurations."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from named_tensors import listed

from topokit.errors import TopokitError
from topokit.loaders.assembly.adapters import ADAPTERS, graph_by_names
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import plan_of
from topokit.loaders.opening import open_checkpoint

FAMILIES = Path(__file__).parents[2] / "data" / "samples" / "families"
Shapes = dict[str, tuple[int, ...]]


def sample(family: str) -> tuple[Shapes, dict[str, Any]]:
    """Shapes and configuration of a sample."""
    checkpoint = open_checkpoint(FAMILIES / family)
    shapes = {name: entry.shape for name, entry in checkpoint.tensors.items()}
    return shapes, json.loads((FAMILIES / family / "config.json").read_text())


def graph_of(shapes: Shapes, config: dict[str, Any]) -> Any:
    checkpoint = listed(shapes, config=config)
    return graph_by_names(
        checkpoint, [e for e in checkpoint.tensors.values() if len(e.shape) > 1 and "bias" not in e.name]
    )


def matrices(shapes: Shapes) -> list[str]:
    return [name for name, shape in shapes.items() if len(shape) == 2 and "embed" not in name and "layers.1" in name]


@pytest.mark.parametrize("family", ["llama", "mixtral", "phi3", "whisper"])
def test_one_matrix_less_more_or_of_another_size_makes_it_another_model(family: str) -> None:
    shapes, config = sample(family)
    assert graph_of(shapes, config) is not None
    for name in matrices(shapes):
        rows, columns = shapes[name]
        assert graph_of({**shapes, name: (rows, columns + 1)}, config) is None, name
        assert graph_of({**shapes, f"{name.removesuffix('.weight')}_twin.weight": (rows, columns)}, config) is None
        fewer = {other: shape for other, shape in shapes.items() if other != name}
        assert graph_of(fewer, config) is None or name.endswith("gate.weight"), name


def test_no_tensor_has_two_places_by_chance() -> None:
    for folder in sorted(FAMILIES.iterdir()):
        shapes, config = sample(folder.name)
        graph = graph_of(shapes, config)
        maps = [node for node in graph.nodes if node.op != "embedding" and "kernel" in node.weights]
        places = [(node.weights["kernel"].tensor, node.weights["kernel"].part) for node in maps]
        assert len(set(places)) == len(places), folder.name
        assert graph.source == "adapter"
        made = set(graph.inputs)
        for node in graph.nodes:
            assert made.issuperset(name for name in node.inputs if name not in graph.shapes), node
            made.update(node.outputs)
        assert made.issuperset(graph.outputs)


def test_anchors_are_told_apart() -> None:
    anchors = [anchor for adapter in ADAPTERS for anchor in adapter.anchors]
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(
    ("config", "sizes", "expected"),
    [
        ({"num_attention_heads": 8}, (64, 16), (8, 2)),
        ({"num_attention_heads": 8, "head_dim": 4}, (64, 16), (16, 4)),
        ({"num_key_value_heads": 4}, (64, 16), (16, 4)),
        ({}, (64, 64), (1, 1)),
        ({}, (64, 16), (4, 1)),
        ({}, (2048, 512), (32, 8)),
        ({}, (4096, 1024), (32, 8)),
        ({"num_attention_heads": 7}, (64, 64), (1, 1)),
        ({"num_attention_heads": 0, "head_dim": -4, "num_key_value_heads": "4"}, (2048, 512), (32, 8)),
        ({"num_attention_heads": 10**30, "head_dim": True}, (2048, 512), (32, 8)),
    ],
)
def test_heads_follow_from_the_configuration_or_are_assumed(
    config: dict[str, Any], sizes: tuple[int, int], expected: tuple[int, int]
) -> None:
    heads, kv_heads, note = Config(config).heads(*sizes)
    assert (heads, kv_heads) == expected
    assert ("assumed" in note) == (sizes[0] != sizes[1] and not any(sizes[1] % n == 0 for n in numbers(config)))


def numbers(config: dict[str, Any]) -> list[int]:
    return [value for value in config.values() if type(value) is int and 0 < value < 100]


@pytest.mark.parametrize("config", ["no JSON", "[" * 100_000, '{"num_attention_heads": 4}', [1], 3, None])
def test_a_configuration_may_be_anything(config: Any) -> None:
    shapes, _ = sample("llama")
    assert graph_of(shapes, config) is not None


STRANGE = (0, -1, 1, 3, 2**40, True, None, "4", [4], {"a": 4}, 2.5)


@pytest.mark.parametrize("folder", sorted(FAMILIES.iterdir()), ids=lambda folder: folder.name)
def test_shapes_and_numbers_of_any_kind_end_in_a_network_or_an_error(folder: Path) -> None:
    rng = np.random.default_rng(6)
    shapes, config = sample(folder.name)
    names = list(shapes)
    for _ in range(60):
        changed, told = dict(shapes), dict(config)
        for name in rng.choice(names, 2):
            extents = list(changed[name]) or [1]
            extents[rng.integers(len(extents))] = int(rng.choice([0, 1, 2, 7, 24]))
            changed[name] = (
                tuple(extents[: rng.integers(1, len(extents) + 1)]) if rng.random() < 0.3 else tuple(extents)
            )
        told[rng.choice(list(config))] = STRANGE[rng.integers(len(STRANGE))]
        if rng.random() < 0.3:
            del changed[rng.choice(list(changed))]
        with suppress(TopokitError):
            plan_of(listed(changed, config=told), Options())
