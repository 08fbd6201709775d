"""Tensors of ONNX files: wherever they lie, of every type, with their roles."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_models
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import node, sparse
from scipy import sparse as scipy_sparse

import topokit as tk
from topokit.errors import (
    CorruptCheckpointError,
    LimitExceededError,
    NoWeightsFoundError,
    UnknownFormatError,
    UnsafeLinkError,
    UnsafePathError,
)
from topokit.loaders.limits import Limits

DATA = Path(__file__).parents[2] / "data"
FILES = sorted((DATA / "zoo" / "onnx").iterdir()) + sorted((DATA / "samples" / "onnx").iterdir())
REAL = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E5M2", "FLOAT8E4M3FNUZ", "FLOAT8E5M2FNUZ")
WHOLE = ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "INT4", "UINT4", "BOOL")
TYPES = (*REAL, *WHOLE, "COMPLEX64", "COMPLEX128", "FLOAT4E2M1")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_values_are_those_of_the_onnx_package(path: Path) -> None:
    checkpoint = tk.open_checkpoint(path)
    for stored in onnx.load(path).graph.initializer:
        entry, expected = checkpoint.tensors[stored.name], numpy_helper.to_array(stored)
        assert entry.shape == expected.shape
        assert entry.read().tobytes() == expected.tobytes()


def of_type(name: str, *, raw: bool) -> TensorProto:
    """Seven numbers, some of them negative where the type has them."""
    numbers = np.array([0, 1, 2, 3, 4, 5, 6]) if name.startswith(("U", "BOOL")) else np.array([-4, -1, 0, 1, 2, 3, 6])
    if name == "BOOL":
        numbers = numbers % 2
    if raw:
        values = numbers.astype(helper.tensor_dtype_to_np_dtype(getattr(TensorProto, name)))
        return numpy_helper.from_array(values, "w")
    return helper.make_tensor("w", getattr(TensorProto, name), (7,), numbers.tolist())


@pytest.mark.parametrize("raw", [True, False], ids=["bytes", "numbers"])
@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_read(name: str, raw: bool, tmp_path: Path) -> None:
    made = onnx_models.model([node("Identity", "x", "y")], {})
    made.graph.initializer.append(of_type(name, raw=raw))
    entry = tk.open_checkpoint(onnx_models.save(made, tmp_path)).tensors["w"]
    expected = numpy_helper.to_array(made.graph.initializer[0])
    assert entry.read().shape == (7,)
    assert np.array_equal(entry.read().astype(np.complex128), expected.astype(np.complex128))


def test_numbers_of_half_a_byte_take_half_a_byte(tmp_path: Path) -> None:
    made = onnx_models.model([node("Identity", "x", "y")], {})
    made.graph.initializer.append(of_type("INT4", raw=True))
    entry = tk.open_checkpoint(onnx_models.save(made, tmp_path)).tensors["w"]
    assert (entry.dtype, entry.nbytes, entry.read().dtype) == ("int4", 4, np.int8)


def test_roles_are_those_of_the_places(tmp_path: Path) -> None:
    tensors = {
        "table": sparse(9, 6),
        "w": sparse(6, 4),
        "b": np.ones(4, np.float32),
        "gamma": np.ones(4, np.float32),
        "beta": np.ones(4, np.float32),
        "window": np.ones((3, 4), np.float32),
        "unused": sparse(5, 5),
    }
    nodes = [
        node("Cast", "x", "i", to=TensorProto.INT64),
        node("Gather", "table i", "e"),
        node("MatMul", "e w", "m"),
        node("Add", "m b", "a"),
        node("LayerNormalization", "a gamma beta", "n"),
        node("Mul", "n window", "y"),
    ]
    found = tk.open_checkpoint(onnx_models.save(onnx_models.model(nodes, tensors, given=("batch", 3)), tmp_path))
    assert {name: entry.role for name, entry in found.tensors.items()} == {
        "table": "embedding",
        "w": "weight",
        "b": "bias",
        "gamma": "norm",
        "beta": "norm",
        "window": "constant",
        "unused": "constant",
    }


def test_kernels_of_a_quantised_lstm_have_scales_and_zero_points(tmp_path: Path) -> None:
    stored = {name: np.arange(n * 12, dtype=np.uint8).reshape(1, n, 12) for name, n in (("w", 6), ("r", 3))}
    scales = {f"{name}s": np.array([0.5], np.float32) for name in "wr"} | {
        f"{k}z": np.array([7], np.uint8) for k in "wr"
    }
    inputs = ["x", "w", "r", *[""] * 5, "ws", "wz", "rs", "rz"]
    lstm = helper.make_node("DynamicQuantizeLSTM", inputs, ["y"], domain="com.microsoft", hidden_size=3)
    path = onnx_models.save(onnx_models.model([lstm], stored | scales, given=(5, "batch", 6)), tmp_path)
    for name in stored:
        quantisation = tk.open_checkpoint(path).tensors[name].quantisation
        assert quantisation is not None
        assert (quantisation.scale.item(), quantisation.zero_point.item()) == (0.5, 7)
    dag = tk.load(path)
    assert sum(int(block.multiplicity.sum()) for block in dag.blocks) == 12 * 9


def test_constants_are_tensors_and_shapes_are_not(tmp_path: Path) -> None:
    def constant(name: str, values: Any) -> onnx.NodeProto:
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(values), name))

    nodes = [
        constant("w", sparse(6, 4)),
        constant("n", [-1, 6]),
        node("Reshape", "x n", "r"),
        node("MatMul", "r w", "y"),
    ]
    checkpoint = tk.open_checkpoint(onnx_models.save(onnx_models.model(nodes, {}), tmp_path))
    assert {name: entry.role for name, entry in checkpoint.tensors.items()} == {"w": "weight"}


def test_tensors_of_branches_have_names_of_their_own(tmp_path: Path) -> None:
    def body(seed: int) -> onnx.GraphProto:
        end = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
        held = [numpy_helper.from_array(sparse(6, 4, seed=seed), "w")]
        return helper.make_graph([node("MatMul", "x w", "o")], "body", [], [end], held)

    nodes = [
        node("ReduceSum", "x", "s", keepdims=0),
        node("Cast", "s", "c", to=TensorProto.BOOL),
        helper.make_node("If", ["c"], ["y"], "choice", then_branch=body(1), else_branch=body(2)),
    ]
    checkpoint = tk.open_checkpoint(onnx_models.save(onnx_models.model(nodes, {}), tmp_path))
    assert {name: entry.aside for name, entry in checkpoint.tensors.items()} == {
        "choice/w": "",
        "choice/w'": "in a branch that was not followed",
    }
    assert "of the branches of choice one was followed" in checkpoint.notes


@pytest.mark.parametrize("flat", [True, False])
def test_sparse_tensors_say_what_is_an_edge(flat: bool, tmp_path: Path) -> None:
    weights = sparse(6, 4)
    rows, columns = np.nonzero(weights)
    rows, columns = np.append(rows, 5), np.append(columns, int(np.argmin(weights[5])))
    places = rows * 4 + columns if flat else np.stack([rows, columns], axis=1)
    made = onnx_models.model([node("MatMul", "x w", "y")], {})
    values = numpy_helper.from_array(weights[rows, columns], "w")
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(places.astype(np.int64)), (6, 4))
    )
    path = onnx_models.save(made, tmp_path)
    entry = tk.open_checkpoint(path).tensors["w"]
    assert entry.layout == "coo"
    assert isinstance(entry.read(), scipy_sparse.csr_array)
    network = tk.load(path)
    assert network.provenance.mask_source == "stored"
    assert network.blocks[0].n_edges == len(rows)


def save_outside(folder: Path, location: str = "weights.bin", **more: str) -> Path:
    """A model with its weights in a file beside it, 16 bytes into it."""
    weights = sparse(6, 4)
    made = onnx_models.model([node("MatMul", "x w", "y")], {"w": weights})
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in ({"location": location, "offset": "16", "length": str(weights.nbytes)} | more).items():
        tensor.external_data.add(key=key, value=value)
    (folder / "weights.bin").write_bytes(bytes(16) + weights.tobytes())
    return onnx_models.save(made, folder)


def test_weights_may_lie_in_another_file(tmp_path: Path) -> None:
    path = save_outside(tmp_path)
    checkpoint = tk.open_checkpoint(path)
    assert np.array_equal(checkpoint.tensors["w"].read(), sparse(6, 4))
    assert [file.name for file in checkpoint.files] == ["model.onnx", "weights.bin"]


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        ({"location": "../weights.bin"}, UnsafePathError, "outside its folder"),
        ({"location": "/etc/hostname"}, UnsafePathError, "outside its folder"),
        ({"location": "absent.bin"}, CorruptCheckpointError, "is missing"),
        ({"offset": "40"}, CorruptCheckpointError, "does not have"),
        ({"offset": "-16"}, CorruptCheckpointError, "does not have"),
        ({"offset": str(2**80)}, CorruptCheckpointError, "does not have"),
        ({"length": "95"}, CorruptCheckpointError, "does not have"),
    ],
)
def test_what_is_wrong_with_another_file_is_told(
    told: dict[str, str], error: type[Exception], words: str, tmp_path: Path
) -> None:
    path = save_outside(tmp_path, **told)
    with pytest.raises(error, match=words):
        tk.load(path)


def test_links_are_followed_when_asked_only(tmp_path: Path) -> None:
    path = save_outside(tmp_path)
    (tmp_path / "weights.bin").rename(tmp_path / "elsewhere")
    (tmp_path / "weights.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeLinkError, match="link"):
        tk.open_checkpoint(path)
    assert tk.open_checkpoint(path, limits=Limits(links="follow")).tensors["w"].read().shape == (6, 4)


def test_opening_reads_no_weights(tmp_path: Path) -> None:
    large = np.ones((2000, 2000), np.float32)
    path = onnx_models.save(onnx_models.model([node("MatMul", "x w", "y")], {"w": large}, given=(1, 2000)), tmp_path)
    tk.open_checkpoint(path)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert checkpoint.tensors["w"].read().sum() == 4_000_000


def broken(change: Any) -> bytes:
    made = onnx_models.model([node("MatMul", "x w", "y")], {"w": sparse(6, 4)})
    change(made)
    return bytes(made.SerializeToString())


def cut_short(made: onnx.ModelProto) -> None:
    made.graph.initializer[0].raw_data = made.graph.initializer[0].raw_data[:-4]


def negative(made: onnx.ModelProto) -> None:
    made.graph.initializer[0].dims[0] = -6


def enormous(made: onnx.ModelProto) -> None:
    made.graph.initializer[0].ClearField("raw_data")
    made.graph.initializer[0].dims[0] = 2**50
    made.graph.initializer[0].float_data.extend([1.0])


def many_axes(made: onnx.ModelProto) -> None:
    del made.graph.initializer[0].dims[:]
    made.graph.initializer[0].dims.extend([1] * 100)


def odd_type(made: onnx.ModelProto) -> None:
    made.graph.initializer[0].data_type = 99


def circle(made: onnx.ModelProto) -> None:
    made.graph.node.append(node("Add", "p q", "q"))


def calls_itself(made: onnx.ModelProto) -> None:
    made.functions.append(
        helper.make_function(
            "own", "F", ["a"], ["b"], [node("F", "a", "b", domain="own")], [helper.make_opsetid("", 20)]
        )
    )
    made.graph.node.append(node("F", "x", "z", domain="own"))


def twice(made: onnx.ModelProto) -> None:
    made.graph.initializer.append(made.graph.initializer[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut_short, "has 92 bytes where its shape"),
        (negative, "negative extent"),
        (enormous, "fewer numbers than its shape"),
        (many_axes, "100 axes"),
        (odd_type, "unknown type 99"),
        (circle, "in a circle"),
        (calls_itself, "deep"),
        (twice, "twice"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(change: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(broken(change))
    with pytest.raises(tk.CheckpointError, match=words) as caught:
        tk.load(tmp_path / "model.onnx")
    assert str(tmp_path) in str(caught.value)


def test_another_protocol_buffer_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    with pytest.raises(UnknownFormatError):
        tk.load(tmp_path / "model.onnx")


def test_a_small_file_does_not_unfold_without_end(tmp_path: Path) -> None:
    """Each function calls the next one ten times: ten to the twentieth nodes."""

    def calls(operator: str, name: str) -> onnx.FunctionProto:
        steps = ["a", *(f"t{k}" for k in range(9)), "b"]
        domain = "own" if operator.startswith("F") else ""
        nodes = [node(operator, taken, made, domain=domain) for taken, made in pairwise(steps)]
        return helper.make_function("own", name, ["a"], ["b"], nodes, onnx_models.OPSETS)

    functions = (*(calls(f"F{k + 1}", f"F{k}") for k in range(19)), calls("Relu", "F19"))
    made = onnx_models.model([node("F0", "x", "y", domain="own")], {}, functions=functions)
    path = onnx_models.save(made, tmp_path)
    assert path.stat().st_size < 5000
    with pytest.raises(LimitExceededError, match="unfolds to more than"):
        tk.load(path)


def test_a_product_larger_than_its_factors_is_not_made(tmp_path: Path) -> None:
    factors = {"p": np.ones((100_000, 1), np.float32), "q": np.ones((1, 100_000), np.float32)}
    nodes = [node("Mul", "p q", "w"), node("MatMul", "x w", "y")]
    path = onnx_models.save(onnx_models.model(nodes, factors, given=("batch", 100_000)), tmp_path)
    with pytest.raises(NoWeightsFoundError):
        tk.load(path)
