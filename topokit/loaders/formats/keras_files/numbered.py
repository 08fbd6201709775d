"""The newer of the two ways in which Keras keeps weights in HDF5: a tree of groups with numbered variables.

Source: keras/src/saving/saving_lib.py. The path of a group is that of the layer among the Python objects; layers in a
list are called by class and counted, ``layers/dense_1``. Newer files tell the layer's name beside its variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from topokit.loaders.checkpoint import OPTIMIZER_STATE
from topokit.loaders.formats.hdf5_files import Object
from topokit.loaders.formats.hdf5_files.entries import Told, datasets
from topokit.loaders.formats.keras_files.model import (
    Layer,
    Model,
    UntranslatableError,
    is_model,
    parse_layer,
    parse_model,
)
from topokit.loaders.formats.keras_files.pruning import is_wrapper, wrapper_variables
from topokit.loaders.formats.keras_files.quantised import is_beside
from topokit.loaders.formats.keras_files.slots import BUFFERS, NORMS, guessed_slots, slots_of
from topokit.loaders.formats.keras_files.weights import CONTAINERS, Numbered, NumberedWeights
from topokit.loaders.naming import natural_key

_VARIABLES = "vars"
_ASIDE = {"optimizer": OPTIMIZER_STATE, "_optimizer": OPTIMIZER_STATE, "seed_generator": "random state"}
_METRICS = ("metric", "tracker")

Found = dict[str, tuple[Object, Told]]


def numbered_tensors(roots: Sequence[Object], model: Model | None) -> tuple[Found, NumberedWeights]:
    """The tensors of one or more files by name, in natural order, and where the variables of each layer are.

    Names are those of the layers, from the file or its configuration, and of their variables where these are known.
    """
    items = _by_path(roots)
    names = {path: name for root in roots for path, name in _told_names(root).items()}
    layers = _layers_by_group(model, Numbered.of({path: path for path in items}, names))
    called = names | {path: layer.name for path, layer in layers.items()}
    counts: dict[str, int] = {}
    for path in items:
        counts[_group(path)] = counts.get(_group(path), 0) + 1
    found: Found = {}
    tensors: dict[str, str] = {}
    for path, item in items.items():
        if not is_wrapper(_group(path)):
            leaf = _leaf(path, layers, names, counts[_group(path)])
            name = "/".join([*_shown(_group(path), called), leaf])
            tensors[path] = path if name in found else name
            found[tensors[path]] = (item, _told(tensors[path], path))
    for group in filter(is_wrapper, counts):
        for path, told in wrapper_variables(group, items, tensors):
            found[told.name] = (items[path], told)
    return found, NumberedWeights("", Numbered.of(tensors, names))


def _by_path(roots: Sequence[Object]) -> dict[str, Object]:
    """All datasets in natural order of their paths."""
    found = sorted((item for root in roots for item in datasets(root)), key=lambda item: natural_key(_path(item)))
    for one, other in pairwise(found):
        if _path(one) == _path(other):
            raise other.source.corrupt(f"holds {other.path!r}, which another file of the checkpoint holds too")
    return {_path(item): item for item in found}


def _path(item: Object) -> str:
    """The path of a dataset; files saved under Windows may have backslashes in it."""
    return item.path.replace("\\", "/")


def _group(path: str) -> str:
    return path.rpartition(f"/{_VARIABLES}/")[0]


def _told_names(root: Object) -> dict[str, str]:
    """Names of layers by the path of their group, where the file tells them."""
    names, waiting = {}, [root]
    while waiting:
        item = waiting.pop()
        if item.path.endswith(f"/{_VARIABLES}") and isinstance(name := item.attribute("name"), str):
            names[item.path.removesuffix(f"/{_VARIABLES}")] = name
        waiting.extend(item.children.values())
    return names


def _layers_by_group(model: Model | None, file: Numbered) -> dict[str, Layer]:
    """The layers by the path of their group; none where the configuration does not tell them all."""
    try:
        return dict(_placed(model, NumberedWeights("", file))) if model else {}
    except UntranslatableError:
        return {}


def _placed(model: Model, weights: NumberedWeights) -> Iterator[tuple[str, Layer]]:
    """The layers of a model, of those inside it and of wrappers, by the path of their group."""
    for layer, own in zip(model.layers, weights.of_layers(model.layers), strict=True):
        assert isinstance(own, NumberedWeights)
        yield own.group, layer
        if is_model(layer.kind, layer.config):
            yield from _placed(parse_model(layer.kind, layer.config), own)
        elif isinstance(inner := layer.config.get("layer"), Mapping):
            yield own.inside("layer").group, parse_layer(inner)


def _leaf(path: str, layers: Mapping[str, Layer], names: Mapping[str, str], count: int) -> str:
    """What a variable is called: by the class of its layer, or by a class that the layer's own name tells."""
    group, _, number = path.rpartition(f"/{_VARIABLES}/")
    layer = layers.get(group)
    slots: Sequence[str] = slots_of(layer.kind, layer.config) if layer else ()
    slots = slots or guessed_slots(group.rpartition("/")[2], count) or guessed_slots(names.get(group, ""), count)
    return slots[int(number)] if number.isdecimal() and int(number) < len(slots) else number or path


def _shown(group: str, called: Mapping[str, str]) -> list[str]:
    """The names of the layers around a group, without the lists that hold them."""
    parts = group.split("/") if group else []
    shown = [called.get("/".join(parts[: k + 1]), part) for k, part in enumerate(parts)]
    return [name for name, part in zip(shown, parts, strict=True) if part not in CONTAINERS]


def _told(name: str, path: str) -> Told:
    parts = path.split("/")
    aside = next((reason for part, reason in _ASIDE.items() if any(p.startswith(part) for p in parts)), "")
    if aside:
        return Told(name, "optimizer" if aside == OPTIMIZER_STATE else "buffer", aside)
    if any(mark in part for mark in _METRICS for part in parts[:-2]):
        return Told(name, "buffer", "state of a metric")
    leaf = name.rpartition("/")[2]
    if is_beside(leaf):
        return Told(name, "buffer", "part of a quantised weight")
    if leaf in BUFFERS:
        return Told(name, "buffer")
    return Told(name, "norm" if leaf in NORMS else None)
