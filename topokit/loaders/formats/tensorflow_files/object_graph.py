"""The graph of Python objects in a TensorFlow 2 checkpoint: which variable is whose.

Layout: tensorflow/core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from topokit.loaders.checkpoint import OPTIMIZER_STATE
from topokit.loaders.formats.common.protobuf import Message, Walker, many, one
from topokit.loaders.formats.tensorflow_files.bundle import Bundle

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_SCHEMAS = {
    "Graph": {1: many("nodes", "Object")},
    "Object": {1: many("children", "Reference"), 2: many("attributes", "Attribute"), 3: many("slots", "Slot")},
    "Reference": {1: one("node", "int"), 2: one("name", "string")},
    "Attribute": {2: one("full_name", "string"), 3: one("key", "string")},
    "Slot": {1: one("variable", "int"), 2: one("name", "string"), 3: one("node", "int")},
}
_OPTIMIZERS = {"optimizer", "_optimizer"}
_OF_OPTIMIZERS = {"iter", "_iterations"}
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True, eq=False)
class Naming:
    """What a checkpoint's keys are called.

    Attributes
    ----------
    names : dict of str to str
        By key; the variable's own name where it is the only one of that name.
    asides : dict of str to str
        Why a key is not part of the model.
    originals : dict of str to str
        The keys of which other keys hold copies.
    children : sequence of dict
        Of each object the numbers of those it holds, by name.
    keys : sequence of str or None
        The key of each object that is a variable.
    """

    names: dict[str, str]
    asides: dict[str, str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    children: Sequence[dict[str, int]] = ()
    keys: Sequence[str | None] = ()


def naming_of(bundle: Bundle) -> Naming:
    """Names of all keys, after the object graph when there is one."""
    keys = [key for key in bundle.names() if key != GRAPH_KEY]
    if GRAPH_KEY.encode() not in bundle.entries:
        return Naming({key: key for key in keys})
    raw = np.frombuffer(bundle.text(GRAPH_KEY), np.uint8)
    objects = Walker(raw, bundle.path, bundle.format, _SCHEMAS, bundle.limits).read("Graph")["nodes"]
    optimizers = _of_optimizers(objects)
    full_names = {item["key"]: item["full_name"] for thing in objects for item in thing["attributes"]}
    names, originals = _named(bundle, [key for key in keys if key not in optimizers], full_names)
    names |= {key: full_names.get(key) or _plain(key) for key in keys if key in optimizers}
    if len(set(names.values())) < len(names):
        names = {key: _plain(key) for key in keys}
    children = [{child["name"]: child["node"] for child in thing["children"]} for thing in objects]
    asides = optimizers | {key: f"a copy of {names[original]!r}" for key, original in originals.items()}
    return Naming(names, asides, originals, children, [_key(thing) for thing in objects])


def _named(bundle: Bundle, keys: list[str], full_names: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of the model's own variables, and those of which some are copies.

    Keras lists some variables twice when it exports, under one name and with equal values; two models in one checkpoint
    may have names in common too.
    """
    names, originals, alike = dict[str, str](), dict[str, str](), defaultdict[str, list[str]](list)
    for key in keys:
        names[key] = _plain(key)
        if full_names.get(key):
            alike[full_names[key]].append(key)
    for name, group in alike.items():
        first, *others = sorted(group, key=_own_attributes_last)
        if all(bundle.fingerprint(first) == bundle.fingerprint(other) for other in others):
            names[first] = name
            originals |= dict.fromkeys(others, first)
    return names, originals


def _own_attributes_last(key: str) -> tuple[bool, str]:
    return key.startswith("_"), key


def _plain(key: str) -> str:
    return key.removesuffix(_VALUE)


def _key(thing: Message) -> str | None:
    return next((item["key"] for item in thing["attributes"] if item["key"].endswith(_VALUE)), None)


def _of_optimizers(objects: Sequence[Message]) -> dict[str, str]:
    """Keys of variables that only an optimizer leads to; those of the model may have one on their shortest path."""
    reached, waiting = {0}, deque([0])
    while waiting:
        for child in objects[waiting.popleft()]["children"]:
            node = child["node"]
            if node not in reached and not _is_optimizer(child["name"], objects[node]):
                reached.add(node)
                waiting.append(node)
    return {
        attribute["key"]: OPTIMIZER_STATE
        for number, thing in enumerate(objects)
        if number not in reached
        for attribute in thing["attributes"]
    }


def _is_optimizer(name: str, thing: Message) -> bool:
    holds = {child["name"] for child in thing["children"]}
    return name in _OPTIMIZERS or bool(thing["slots"]) or bool(holds & _OF_OPTIMIZERS)
