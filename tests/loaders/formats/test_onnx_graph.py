"""The wiring of ONNX operators, against what changes when ONNX Runtime runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnx_models
import pytest
from onnx import helper, numpy_helper
from onnx_models import Array, node, sparse

import topokit as tk


@dataclass
class Case:
    """Nodes, tensors, and where the features of ``x`` and ``y`` lie."""

    nodes: list[onnx.NodeProto]
    tensors: dict[str, Array]
    shape: tuple[int, ...] = (2, 6)
    axis: int = -1
    made: int = -1
    functions: tuple[onnx.FunctionProto, ...] = ()
    options: dict[str, object] = field(default_factory=dict)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


W = sparse(6, 4)


def branch(*nodes: onnx.NodeProto, tensors: dict[str, Array] | None = None, out: str = "b") -> onnx.GraphProto:
    held = [numpy_helper.from_array(values, name) for name, values in (tensors or {}).items()]
    end = helper.make_tensor_value_info(out, onnx.TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), "branch", [], [end], held)


def lstm(directions: int) -> dict[str, Array]:
    w, r = sparse(directions, 12, 6), np.zeros((directions, 12, 3), np.float32)
    return {"w": w, "r": r, "b": np.ones((directions, 24), np.float32)}


CASES: dict[str, Callable[[], Case]] = {
    "MatMul on the right": lambda: Case([node("MatMul", "x w", "y")], {"w": W}),
    "MatMul on the left": lambda: Case([node("MatMul", "w x", "y")], {"w": W.T.copy()}, (2, 6, 3), 1, 1),
    "MatMul of a stack": lambda: Case(
        [
            node("Reshape", "x apart", "r"),
            node("Transpose", "r", "h", perm=[1, 0, 2]),
            node("MatMul", "h w", "m"),
            node("Transpose", "m", "n", perm=[1, 0, 2]),
            node("Reshape", "n together", "t"),
            node("MatMul", "t v", "y"),
        ],
        {"w": sparse(2, 3, 4), "v": sparse(8, 3, seed=6), "apart": ints(0, 2, 3), "together": ints(0, 8)},
    ),
    "Gemm": lambda: Case([node("Gemm", "x w c", "y")], {"w": W, "c": np.ones(4, np.float32)}),
    "Gemm transposed": lambda: Case([node("Gemm", "x w", "y", transB=1)], {"w": W.T.copy()}),
    "Gemm of a transposed value": lambda: Case(
        [node("Transpose", "x", "t"), node("Gemm", "t w", "y", transA=1)], {"w": W}
    ),
    "Gemm of constant and value": lambda: Case(
        [node("Transpose", "x", "t"), node("Gemm", "w t", "g", transA=1), node("Transpose", "g", "y")], {"w": W}
    ),
    "FusedMatMul": lambda: Case([node("FusedMatMul", "x w", "y", domain="com.microsoft", transB=1)], {"w": W.T.copy()}),
    "Einsum": lambda: Case([node("Einsum", "x w", "y", equation="bti,oi->bot")], {"w": W.T.copy()}, (2, 3, 6), -1, 1),
    "weights transposed": lambda: Case(
        [node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t", "y")], {"w": W.T.copy()}
    ),
    "weights sliced": lambda: Case(
        [node("Slice", "w start stop axes", "s"), node("MatMul", "x s", "y")],
        {"w": sparse(6, 9), "start": ints(2), "stop": ints(2**62), "axes": ints(1)},
    ),
    "weights split": lambda: Case(
        [node("Split", "w", "a b", axis=1, num_outputs=2), node("MatMul", "x b", "y")], {"w": sparse(6, 8)}
    ),
    "weights picked from a stack": lambda: Case(
        [node("Gather", "w k", "s", axis=0), node("MatMul", "x s", "y")],
        {"w": sparse(3, 6, 4), "k": np.array(1, np.int64)},
    ),
    "weights reshaped": lambda: Case(
        [node("Reshape", "w shape", "s"), node("MatMul", "x s", "y")], {"w": sparse(24), "shape": ints(6, -1)}
    ),
    "weights joined": lambda: Case(
        [node("Concat", "w v", "s", axis=1), node("MatMul", "x s", "y")], {"w": W, "v": sparse(6, 3, seed=5)}
    ),
    "weights squeezed": lambda: Case(
        [node("Squeeze", "w axes", "s"), node("MatMul", "x s", "y")], {"w": W[None], "axes": ints(0)}
    ),
    "weights dequantised": lambda: Case(
        [node("DequantizeLinear", "w scale zero", "s", axis=1), node("MatMul", "x s", "y")],
        {
            "w": np.where(W > 0, 9, 3).astype(np.int8),
            "scale": np.arange(1, 5).astype(np.float32),
            "zero": np.full(4, 3, np.int8),
        },
        options={"quant_zero": "absent"},
    ),
    "MatMulInteger": lambda: Case(
        [
            node("QuantizeLinear", "x scale none", "q"),
            node("MatMulInteger", "q w none zero", "i"),
            node("Cast", "i", "y", to=1),
        ],
        {
            "w": np.where(W > 0, 90, 3).astype(np.int8),
            "zero": np.array(3, np.int8),
            "none": np.array(0, np.uint8),
            "scale": np.array(0.01, np.float32),
        },
        options={"quant_zero": "absent"},
    ),
    "Conv": lambda: Case([node("Conv", "x w", "y")], {"w": sparse(4, 6, 1, 1)}, (1, 6, 3, 3), 1, 1),
    "Conv in groups": lambda: Case(
        [node("Conv", "x w", "y", group=2, pads=[1, 1])],
        {"w": sparse(8, 3, 3, seed=3) * (np.arange(8) % 3 > 0)[:, None, None]},
        (1, 6, 5),
        1,
        1,
    ),
    "ConvTranspose": lambda: Case(
        [node("ConvTranspose", "x w", "y", group=2, strides=[2])], {"w": sparse(6, 2, 2, seed=4)}, (1, 6, 5), 1, 1
    ),
    "Conv and pooling": lambda: Case(
        [
            node("Conv", "x w", "c"),
            node("MaxPool", "c", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", "p", "f"),
            node("Gemm", "f v", "y"),
        ],
        {"w": sparse(3, 6, 1, 1), "v": sparse(12, 4, seed=2)},
        (1, 6, 4, 4),
        1,
    ),
    "LSTM": lambda: Case(
        [node("LSTM", "x w r b", "s", hidden_size=3), node("Squeeze", "s one", "y")],
        {**lstm(1), "one": ints(1)},
        (3, 1, 6),
    ),
    "LSTM both ways": lambda: Case(
        [
            node("LSTM", "x w r b", "s", hidden_size=3, direction="bidirectional"),
            node("Transpose", "s", "t", perm=[0, 2, 1, 3]),
            node("Reshape", "t shape", "y"),
        ],
        {**lstm(2), "shape": ints(0, 0, -1)},
        (3, 1, 6),
    ),
    "Constant nodes": lambda: Case(
        [helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(W)), node("MatMul", "x w", "y")], {}
    ),
    "a branch that is taken": lambda: Case(
        [
            node("Shape", "x", "n"),
            node("Gather", "n k", "m"),
            node("Equal", "m six", "is"),
            helper.make_node(
                "If",
                ["is"],
                ["y"],
                then_branch=branch(node("MatMul", "x w", "b"), tensors={"w": W}),
                else_branch=branch(node("MatMul", "x w", "b"), tensors={"w": sparse(6, 4, seed=8)}),
            ),
        ],
        {"k": np.array(1, np.int64), "six": np.array(6, np.int64)},
    ),
    "a function": lambda: Case(
        [node("Layer", "x w", "y", domain="own", turned=1)],
        {"w": W.T.copy()},
        functions=(
            helper.make_function(
                "own",
                "Layer",
                ["a", "b"],
                ["c"],
                [_gemm_told_by_its_call(), helper.make_node("Relu", ["g"], ["c"])],
                [helper.make_opsetid("", 20)],
                ["turned"],
            ),
        ),
    ),
    "concat and split": lambda: Case(
        [
            node("MatMul", "x w", "a"),
            node("Concat", "x a", "c", axis=1),
            node("Split", "c sizes", "d e", axis=1),
            node("MatMul", "e v", "y"),
        ],
        {"w": W, "v": sparse(7, 5, seed=2), "sizes": ints(3, 7)},
    ),
    "gathered": lambda: Case(
        [node("Gather", "x places", "g", axis=1), node("MatMul", "g w", "y")],
        {"places": ints(5, 0, 0, 3), "w": sparse(4, 3)},
    ),
    "padded with neurons": lambda: Case(
        [node("Pad", "x pads", "p"), node("MatMul", "p w", "y")], {"pads": ints(0, 1, 0, 2), "w": sparse(9, 3)}
    ),
    "padded by reflection": lambda: Case(
        [node("Pad", "x pads", "p", mode="reflect"), node("MatMul", "p w", "y")],
        {"pads": ints(0, 1, 0, 2), "w": sparse(9, 3)},
    ),
    "pixels to channels": lambda: Case(
        [node("Conv", "x v", "c"), node("SpaceToDepth", "c", "s", blocksize=2), node("Conv", "s w", "y")],
        {"v": sparse(3, 6, 1, 1, seed=2), "w": sparse(5, 12, 1, 1) * (np.arange(12) % 3 != 1)[:, None, None]},
        (1, 6, 4, 4),
        1,
        1,
    ),
    "a reshape worked out from shapes": lambda: Case(
        [
            node("Shape", "x", "n"),
            node("Slice", "n zero one", "b"),
            node("Concat", "b rest", "shape", axis=0),
            node("Reshape", "x shape", "r"),
            node("Transpose", "r", "t", perm=[0, 2, 1]),
            node("Flatten", "t", "f"),
            node("MatMul", "f w", "y"),
        ],
        {"zero": ints(0), "one": ints(1), "rest": ints(2, 3), "w": W},
    ),
    "a skip": lambda: Case(
        [node("MatMul", "x w", "a"), node("Relu", "a", "r"), node("MatMul", "r v", "b"), node("Add", "a b", "y")],
        {"w": W, "v": sparse(4, 4, seed=3)},
    ),
    "a part whose extent is divided beside an unknown batch": lambda: Case(
        [
            node("Shape", "x", "s"),
            node("Gather", "s axis", "n"),
            node("Add", "n two", "p"),
            node("Div", "p three", "h"),
            node("Unsqueeze", "h zero", "e"),
            node("Slice", "x zero e ones", "t"),
            node("MatMul", "t w", "y"),
        ],
        {
            **{"axis": np.array(1), "two": np.array(2), "three": np.array(3)},
            **{"zero": ints(0), "ones": ints(1), "w": W[:2].copy()},
        },
    ),
    "SkipLayerNormalization": lambda: Case(
        [
            node("MatMul", "x w", "a"),
            node("SkipLayerNormalization", "a a g", "n m v s", domain="com.microsoft"),
            node("Identity", "s", "y"),
        ],
        {"w": W, "g": np.ones(4, np.float32)},
        (2, 3, 6),
    ),
}


def _gemm_told_by_its_call() -> onnx.NodeProto:
    made = helper.make_node("Gemm", ["a", "b"], ["g"])
    reference = made.attribute.add(name="transB", type=onnx.AttributeProto.INT)
    reference.ref_attr_name = "turned"
    return made


@pytest.mark.parametrize("name", CASES)
def test_the_wiring_is_what_running_shows(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    given = tuple("batch" if k == 0 and case.axis % len(case.shape) else n for k, n in enumerate(case.shape))
    made = onnx_models.model(case.nodes, case.tensors, given=given, functions=case.functions)
    path = onnx_models.save(made, tmp_path)
    network = tk.load(path, **case.options)
    assert network.provenance.order == "graph"
    expected = onnx_models.influence(path, case.shape, case.axis, case.made)
    assert np.array_equal(onnx_models.reached(network), expected)
