"""The older of the two ways in which Keras keeps weights in HDF5: one group per layer, attributes for the order.

Source: keras/src/legacy/saving/legacy_h5_format.py. ``layer_names`` lists the groups and ``weight_names`` of each its
datasets; lists too long for one attribute go on in ``layer_names0``, ``layer_names1`` and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from topokit.loaders.checkpoint import OPTIMIZER_STATE
from topokit.loaders.formats.hdf5_files import Object
from topokit.loaders.formats.hdf5_files.entries import Told, datasets
from topokit.loaders.formats.keras_files.pruning import mask_name, pruning_reason
from topokit.loaders.formats.keras_files.quantised import is_beside
from topokit.loaders.formats.keras_files.slots import BUFFERS, NORMS
from topokit.loaders.formats.keras_files.weights import LayerWeights, NamedWeights

_COUNTED = re.compile(r"(_\d+)+$")
_MODEL = "model_weights"
_OPTIMIZER = "optimizer_weights"


def is_legacy(root: Object) -> bool:
    """Whether the file keeps its weights in this way."""
    return "layer_names" in root.attributes or "layer_names0" in root.attributes or _MODEL in root.children


def legacy_tensors(root: Object) -> tuple[dict[str, tuple[Object, Told]], LayerWeights]:
    """The tensors of the file by name, in the order of its layers, and which layer has which.

    Raises
    ------
    CorruptCheckpointError
        The file names a layer or a weight that it has not.
    """
    model = root.children.get(_MODEL, root)
    found: dict[str, tuple[Object, Told]] = {}
    layers: dict[str, NamedWeights] = {}
    for layer in _texts(model, "layer_names"):
        parts: dict[str, tuple[str, ...]] = {}
        for item, path in _weights_of(model, layer):
            own = _below(layer, path.removesuffix(":0").split("/"))
            name = mask_name("/".join((layer, *own)), parts)
            name = item.path if name in found else name
            parts[name] = tuple(own)
            found[name] = (item, _told(name))
        layers[layer] = NamedWeights(parts)
    listed = {id(item) for item, _ in found.values()}
    for item in datasets(root):
        if id(item) not in listed:
            found[item.path] = (item, _aside(item.path))
    return found, LayerWeights(layers)


def _texts(group: Object, name: str) -> list[str]:
    """A list of texts, which may be spread over numbered attributes."""
    whole = group.attribute(name)
    if isinstance(whole, list):
        return whole
    texts: list[str] = []
    for k in count():
        part = group.attribute(f"{name}{k}")
        if not isinstance(part, list):
            return texts
        texts += part
    return texts


def _weights_of(model: Object, layer: str) -> Iterator[tuple[Object, str]]:
    group = _child(model, layer)
    for path in _texts(group, "weight_names"):
        item = _child(group, path)
        if item.data is None:
            raise group.source.corrupt(f"names {path!r} in {group.path!r}, which holds no numbers")
        yield item, path


def _child(group: Object, path: str) -> Object:
    item = group
    for part in path.split("/"):
        if part not in item.children:
            raise group.source.corrupt(f"names {path!r} in {group.path or '/'!r}, which is not there")
        item = item.children[part]
    return item


def _below(layer: str, parts: list[str]) -> list[str]:
    """The components behind the layer's own name, which often has the model before it or a number behind."""
    if layer in parts[:-1]:
        return parts[parts.index(layer) + 1 :]
    is_own = len(parts) > 1 and _COUNTED.sub("", parts[0]) == _COUNTED.sub("", layer)
    return parts[1:] if is_own else parts


def _told(name: str) -> Told:
    leaf = name.rpartition("/")[2]
    if is_beside(leaf):
        return Told(name, "buffer", "part of a quantised weight")
    if leaf in BUFFERS:
        return Told(name, "buffer")
    if reason := pruning_reason(leaf):
        return Told(name, "buffer", reason)
    return Told(name, "norm" if leaf in NORMS else None)


def _aside(path: str) -> Told:
    if path.startswith(_OPTIMIZER):
        return Told(path, "optimizer", OPTIMIZER_STATE)
    return Told(path, "unknown", "no weight of a layer")
