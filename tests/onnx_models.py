"""Small ONNX models made in tests, and their wiring as ONNX Runtime shows it: what changes with an input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]


def node(operator: str, inputs: str, outputs: str, *, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    """A node; values by name, with spaces between them and ``-`` for none."""
    taken = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(operator, taken, outputs.split(), domain=domain, **attributes)


def model(
    nodes: list[onnx.NodeProto],
    tensors: dict[str, Array],
    *,
    given: tuple[int | str, ...] = ("batch", 6),
    functions: tuple[onnx.FunctionProto, ...] = (),
) -> onnx.ModelProto:
    """A model from ``x`` to ``y``."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, name) for name, values in tensors.items()],
    )
    opsets = [*OPSETS, *(helper.make_opsetid(name, 1) for name in {function.domain for function in functions})]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def save(made: onnx.ModelProto, folder: Path) -> Path:
    """Write the model as ``model.onnx``."""
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def sparse(*shape: int, seed: int = 0) -> Array:
    """Weights, half of them 0."""
    rng = np.random.default_rng(seed)
    weights = rng.random(shape) + 0.5
    return np.where(rng.random(shape) < 0.5, weights, 0).astype(np.float32)


def influence(path: Path, shape: tuple[int, ...], axis: int, made: int) -> NDArray[np.bool_]:
    """Which positions along one axis of ``x`` change which along one axis of ``y``, by running the model."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    base = np.random.default_rng(9).random(shape).astype(np.float32)
    before = session.run(["y"], {"x": base})[0]
    rows = []
    for place in range(shape[axis]):
        changed = base.copy()
        changed[(slice(None),) * (axis % base.ndim) + (place,)] += 1
        difference = session.run(["y"], {"x": changed})[0] != before
        others = tuple(k for k in range(difference.ndim) if k != made % difference.ndim)
        rows.append(difference.any(axis=others))
    return np.array(rows)


def reached(network: Any) -> NDArray[np.bool_]:
    """Which neurons of the last layer each neuron of the first has a path to."""
    first = network.layers[0]
    reach = {first.name: np.eye(first.size, dtype=bool)}
    for layer in network.layers[1:]:
        found = np.zeros((first.size, layer.size), bool)
        for block in network.blocks:
            if block.target == layer.name and block.source in reach:
                found |= (reach[block.source].astype(int) @ block.adjacency().toarray().astype(int)) > 0
        reach[layer.name] = found
    return reach[network.layers[-1].name]
