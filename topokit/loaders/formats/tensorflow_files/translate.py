"""From a TensorFlow graph to `topokit.loaders.graph.GraphIR`. Nothing of it is run.

Meaning of the operations: https://www.tensorflow.org/api_docs/python/tf/raw_ops.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.tensorflow_files.flattening import flattened
from topokit.loaders.formats.tensorflow_files.folding import UNKNOWN_EXTENTS, fold
from topokit.loaders.formats.tensorflow_files.graph import Graph, Operation
from topokit.loaders.formats.tensorflow_files.operators import HANDLERS, KEEPING_SCALES
from topokit.loaders.formats.tensorflow_files.translation import Step, Translation
from topokit.loaders.graph import GraphIR

_OF_SHAPES = ("Shape", "Size", "Rank")


def translated(graph: Graph, variables: Mapping[str, TensorEntry], path: Path, format: str) -> tuple[GraphIR, Weights]:
    """The computation, and what the tensors are in it.

    Parameters
    ----------
    graph : Graph
        As the file has it.
    variables : mapping of str to TensorEntry
        What values that are resources stand for.
    path, format
        The file and its reader, for error messages.
    """
    flat = flattened(graph, path, format)
    translation = Translation(flat.functions)
    for value, entry in variables.items():
        translation.define(value, translation.keep(entry))
    for operation in flat.operations:
        _tell_shapes(translation, operation)
        if operation.name in flat.inputs:
            translation.builder.shapes[operation.name] = flat.inputs[operation.name]
        elif operation.name not in variables:
            _take(Step(translation, operation))
    ends = [value for value in flat.outputs if value not in translation.constants]
    return translation.builder.finish(flat.inputs, ends), translation.weights


def _take(step: Step) -> None:
    translation, operation = step.translation, step.operation
    if operation.constant is not None:
        translation.define(step.output, translation.keep(operation.constant))
    elif operation.type in _OF_SHAPES:
        translation.define(step.output, _extents(step))
    elif step.inputs and all(value in translation.constants for value in step.inputs):
        fold(step)
    else:
        HANDLERS.get(operation.type, Step.unknown)(step)
        if operation.type in KEEPING_SCALES and translation.scales.issuperset(step.running):
            translation.scales.add(step.output)


def _extents(step: Step) -> Constant:
    """Of a value, even of one that varies: what is known of its shape."""
    shape = step.shape(0)
    if shape is None:
        return UNKNOWN_EXTENTS if step.operation.type == "Shape" else Constant()
    if step.operation.type == "Rank":
        return Constant.of(np.array(len(shape)))
    if step.operation.type == "Size":
        return Constant() if None in shape else Constant.of(np.array(prod(n or 0 for n in shape)))
    return Constant.of_extents(shape)


def _tell_shapes(translation: Translation, operation: Operation) -> None:
    for place, shape in enumerate(operation.attributes.get("_output_shapes") or ()):
        value = f"{operation.name}:{place}" if place else operation.name
        if shape is not None:
            translation.builder.shapes.setdefault(value, shape)
