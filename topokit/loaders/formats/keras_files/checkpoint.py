"""A Keras model in HDF5, with its configuration, as a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats.hdf5_files import Object
from topokit.loaders.formats.hdf5_files.entries import tensor_entry
from topokit.loaders.formats.keras_files.graph import model_graph
from topokit.loaders.formats.keras_files.legacy import is_legacy, legacy_tensors
from topokit.loaders.formats.keras_files.model import Model, UntranslatableError, parse_model
from topokit.loaders.formats.keras_files.numbered import numbered_tensors
from topokit.loaders.formats.keras_files.operators import TRANSLATORS
from topokit.loaders.formats.keras_files.quantised import SHARED_BYTES, with_quantisation
from topokit.loaders.formats.keras_files.sequence import recurrent_sequence
from topokit.loaders.formats.keras_files.weights import LayerWeights, Weights
from topokit.loaders.graph import GraphIR
from topokit.loaders.limits import Limits


def keras_checkpoint(
    roots: Sequence[Object],
    config: object,
    path: Path,
    limits: Limits,
    *,
    metadata: Mapping[str, Any] | None = None,
    files: tuple[Path, ...] = (),
) -> Checkpoint:
    """The tensors of a Keras model and the graph that its configuration tells.

    Parameters
    ----------
    roots : sequence of Object
        The HDF5 files with the weights; several only of the newer kind.
    config : object
        The parsed configuration; None when there is none.
    path : Path
        The file or folder to name.
    limits : Limits
        What it may ask for.
    metadata : mapping
        What else it says; texts are kept.
    files : tuple of Path
        The files it consists of, when these are others than `path`.
    """
    model, problem = _model(config)
    is_old = is_legacy(roots[0])
    found, weights = legacy_tensors(roots[0]) if is_old else numbered_tensors(roots, model)
    tensors = by_name((tensor_entry(item, told) for item, told in found.values()), path, limits)
    tensors = with_quantisation(tensors, limits)
    graph, notes = None, [problem] if problem else []
    notes += [f"{name}: {SHARED_BYTES}" for name, entry in tensors.items() if entry.aside == SHARED_BYTES][:1]
    shapes = {name: entry.shape for name, entry in tensors.items() if entry.aside != SHARED_BYTES}
    if model is not None:
        graph, problem = _graph(model, weights, shapes)
        notes += [problem] if problem else []
    elif isinstance(weights, LayerWeights):
        graph = recurrent_sequence(weights.layers, shapes)
    return Checkpoint(
        path=path,
        format=roots[0].source.place.format,
        files=files or (path,),
        tensors=tensors,
        order="insertion" if is_old else "natural",
        metadata={key: value for key, value in (metadata or {}).items() if isinstance(value, str)},
        notes=tuple(notes),
        graph=graph,
        limits=limits,
    )


def _model(config: object) -> tuple[Model | None, str]:
    if config is None:
        return None, "the file holds weights and no configuration: the order of the layers is not told"
    if not isinstance(config, Mapping):
        return None, "the configuration is no table"
    try:
        return parse_model(str(config.get("class_name")), config.get("config")), ""
    except UntranslatableError as error:
        return None, f"the graph was not followed: {error}"


def _graph(model: Model, weights: Weights, shapes: Mapping[str, tuple[int, ...]]) -> tuple[GraphIR | None, str]:
    try:
        return model_graph(model, weights, shapes, TRANSLATORS), ""
    except UntranslatableError as error:
        return None, f"the graph was not followed: {error}"


def parsed_config(text: str | bytes) -> object:
    """A configuration as tables and lists; NaN and infinities come as words.

    Raises
    ------
    ValueError
        It is not JSON.
    """
    return json.loads(text, parse_constant=str)
