"""TensorFlow Lite: tensors bit for bit, sparse ones unfolded, operators translated, and files that lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from checkpoint_files import same
from tflite_files import Step, Value, quantised, repeating, save_tflite, sparsity
from zoo_files import ROOT

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError
from topokit.loaders.limits import Limits

ONES = np.ones((3, 4), np.float32)


def single(path: Path, step: str, constants: list[Any], options: dict[int, Any] | None = None, **shapes: Any) -> Any:
    """The checkpoint of one operator that takes a value, then constants."""
    taken, made = shapes.get("taken", (1, 4)), shapes.get("made", (1, 3))
    values = [Value(shape=taken), Value(shape=made), *(Value(array, name=f"c{k}") for k, array in enumerate(constants))]
    places = [0, *range(2, len(values))]
    order = shapes.get("order", places)
    return tk.open_checkpoint(save_tflite(path / "x.tflite", values, [Step(step, order, [1], options or {})], [0], [1]))


@pytest.mark.parametrize("variant", ["", "-float16", "-sparse"])
def test_weights_are_those_of_the_network(variant: str) -> None:
    tensors = tk.open_checkpoint(ROOT / "tflite" / f"mlp{variant}.tflite").tensors
    kernels = [entry for entry in tensors.values() if entry.role == "weight"]
    assert len(kernels) == 3
    for k, entry in enumerate(sorted(kernels, key=lambda entry: entry.shape, reverse=True), start=1):
        expected = zoo.mlp()[f"fc{k}.kernel"].T
        values = entry.read()
        found = values if isinstance(values, np.ndarray) else values.toarray()
        assert same(found, expected.astype(np.float16) if variant == "-float16" else expected)
    assert sum(entry.role == "bias" for entry in tensors.values()) == 3


def test_quantised_weights_come_as_stored_with_their_scale() -> None:
    tensors = tk.open_checkpoint(ROOT.parent / "samples" / "tflite" / "mlp-int8.tflite").tensors
    (entry,) = (entry for entry in tensors.values() if entry.shape == (10, 12))
    assert entry.read().dtype == np.int8
    assert entry.quantisation is not None
    scale = np.reshape(entry.quantisation.scale, (-1, 1))
    restored = scale * (entry.read() - np.reshape(entry.quantisation.zero_point, (-1, 1)))
    assert np.allclose(restored, zoo.mlp()["fc1.kernel"].T, atol=np.max(scale) / 1.9)


def test_the_transposed_convolution_of_mediapipe(tmp_path: Path) -> None:
    kernel, bias = np.ones((3, 2, 2, 4), np.float32), np.zeros(3, np.float32)
    shapes = {"taken": (1, 5, 5, 4), "made": (1, 10, 10, 3)}
    (node,) = single(tmp_path, "Convolution2DTransposeBias", [kernel, bias], **shapes).graph.nodes
    assert (node.op, node.weights["kernel"].axes, node.attributes["strides"]) == ("conv", "okki", (2, 2))
    network = tk.load(tmp_path / "x.tflite")
    assert [layer.size for layer in network.layers] == [4, 3]
    assert network.blocks[0].multiplicity.tolist() == [4] * 12


def test_scales_may_run_along_an_axis(tmp_path: Path) -> None:
    kernel = Value(np.ones((3, 4), np.int8), options=quantised([0.5, 1, 2], [0, 1, 2]))
    values = [Value(shape=(1, 4)), Value(shape=(1, 3)), kernel]
    path = save_tflite(tmp_path / "x.tflite", values, [Step("FULLY_CONNECTED", [0, 2], [1])], [0], [1])
    (entry,) = tk.open_checkpoint(path).tensors.values()
    assert entry.quantisation is not None
    assert entry.quantisation.axis == 0
    assert entry.quantisation.scale.tolist() == [0.5, 1, 2]
    assert entry.quantisation.zero_point.tolist() == [0, 1, 2]


SPARSE = np.array([[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 0, 0]], np.float32)
LAYOUTS = {
    "rows": ([0, 1], [], [3, ([0, 2, 2, 3], [0, 3, 1])], [1, 2, 3]),
    "columns": ([1, 0], [], [4, ([0, 1, 2, 2, 3], [0, 2, 0])], [1, 3, 2]),
    "dense": ([0, 1], [], [3, 4], SPARSE.ravel()),
    "blocks": ([0, 1, 2], [1], [3, ([0, 2, 2, 3], [0, 1, 0]), 2], [1, 0, 0, 2, 0, 3]),
    "tree": ([0, 1], [], [([0, 2], [0, 2]), ([0, 2, 3], [0, 3, 1])], [1, 2, 3]),
}


def sparse_file(path: Path, order: Any, blocks: Any, levels: Any, values: Any, shape: Any = (3, 4)) -> Path:
    stored = Value(np.array(values, np.float32), shape, options=sparsity(order, blocks, levels))
    kinds = [Value(shape=(1, 4)), Value(shape=(1, 3)), stored]
    return save_tflite(path / "x.tflite", kinds, [Step("FULLY_CONNECTED", [0, 2], [1])], [0], [1])


@pytest.mark.parametrize("name", LAYOUTS)
def test_sparse_layouts_are_unfolded(name: str, tmp_path: Path) -> None:
    (entry,) = tk.open_checkpoint(sparse_file(tmp_path, *LAYOUTS[name])).tensors.values()
    assert entry.layout == "tflite-sparse"
    assert np.array_equal(entry.read().toarray(), SPARSE)
    assert entry.count().nnz == (12 if name == "dense" else 3)


def test_a_stored_zero_is_an_edge_and_padding_of_a_block_is_none(tmp_path: Path) -> None:
    assert tk.load(sparse_file(tmp_path, *LAYOUTS["rows"][:3], [1, 0, 3])).n_edges == 3
    assert tk.load(sparse_file(tmp_path, *LAYOUTS["blocks"])).n_edges == 3


def test_sparse_kernels_of_convolutions_are_unfolded(tmp_path: Path) -> None:
    order, levels = [0, 1, 2, 3], [2, 1, 1, ([0, 1, 2], [1, 0])]
    kernel = Value(np.array([5, 6], np.float32), (2, 1, 1, 2), options=sparsity(order, [], levels))
    values = [Value(shape=(1, 4, 4, 2)), Value(shape=(1, 4, 4, 2)), kernel]
    path = save_tflite(tmp_path / "x.tflite", values, [Step("CONV_2D", [0, 2], [1])], [0], [1])
    (entry,) = tk.open_checkpoint(path).tensors.values()
    assert np.array_equal(entry.read(), np.array([[0, 5], [6, 0]], np.float32).reshape(2, 1, 1, 2))
    assert tk.load(path).n_edges == 2


BROKEN_LAYOUTS: dict[str, tuple[Any, str]] = {
    "order": (([0, 0], [], [3, 4], np.ones(12)), "visits the levels"),
    "levels": (([0, 1], [], [3], np.ones(3)), "visits the levels"),
    "block axis": (([0, 1, 2], [7], [3, 2, 2], np.ones(12)), "into blocks"),
    "sparse block": (([0, 1, 2], [1], [3, 2, ([0, 1, 2, 3, 4, 5, 6], [0] * 6)], np.ones(6)), "part of a block"),
    "negative size": (([0, 1], [], [-3, 4], np.ones(12)), "-3 positions"),
    "huge size": (([0, 1], [], [2**30, 2**30], np.ones(12)), "stored values need"),
    "segment count": (([0, 1], [], [3, ([0, 2, 3], [0, 3, 1])], np.ones(3)), "segment ends for 3 parents"),
    "backwards": (([0, 1], [], [3, ([0, 2, 1, 3], [0, 3, 1])], np.ones(3)), "run backwards"),
    "past the end": (([0, 1], [], [3, ([0, 2, 2, 9], [0, 3, 1])], np.ones(3)), "past their indices"),
    "negative index": (([0, 1], [], [3, ([0, 2, 2, 3], [0, -3, 1])], np.ones(3)), "negative index"),
    "index": (([0, 1], [], [3, ([0, 2, 2, 3], [0, 30, 1])], np.ones(3)), "at 30 of axis 1"),
    "values": (([0, 1], [], [3, ([0, 2, 2, 3], [0, 3, 1])], np.ones(2)), "3 stored values need 12"),
}


@pytest.mark.parametrize("name", BROKEN_LAYOUTS)
def test_broken_sparse_layouts_are_refused(name: str, tmp_path: Path) -> None:
    layout, words = BROKEN_LAYOUTS[name]
    with pytest.raises(CorruptCheckpointError, match=words):
        tk.open_checkpoint(sparse_file(tmp_path, *layout)).tensors["t2"].read()


def test_a_small_sparse_kernel_does_not_unfold_to_gigabytes(tmp_path: Path) -> None:
    levels = [3, ([0, 2, 2, 3], [0, 3, 1]), 1]
    path = sparse_file(tmp_path, [0, 1, 2], [], levels, [1, 2, 3], (2**13, 2**13, 2**3))
    with pytest.raises(LimitExceededError, match="when unfolded"):
        tk.open_checkpoint(path)


def test_half_bytes_are_parted(tmp_path: Path) -> None:
    kernel = Value(np.array([0x21, 0xF8], np.uint8), (1, 4), options={1: ("Int8", 17)})
    values = [Value(shape=(1, 4)), Value(shape=(1, 1)), kernel]
    path = save_tflite(tmp_path / "x.tflite", values, [Step("FULLY_CONNECTED", [0, 2], [1])], [0], [1])
    (entry,) = tk.open_checkpoint(path).tensors.values()
    assert (entry.dtype, entry.nbytes) == ("int4", 2)
    assert entry.read().tolist() == [[1, 2, -8, -1]]


def test_one_buffer_under_two_names_is_one_storage(tmp_path: Path) -> None:
    second = Value(shape=(3, 4), options={2: ("Uint32", 1)})
    values = [Value(shape=(1, 4)), Value(shape=(1, 3)), Value(ONES), second, Value(shape=(1, 3))]
    steps = [Step("FULLY_CONNECTED", [0, 2], [1]), Step("FULLY_CONNECTED", [0, 3], [4])]
    tensors = tk.open_checkpoint(save_tflite(tmp_path / "x.tflite", values, steps, [0], [1, 4])).tensors
    assert tensors["t2"].storage_id == tensors["t3"].storage_id is not None


int32 = np.int32
OPERATORS: dict[str, tuple[Any, ...]] = {
    "CONV_2D": (
        [np.ones((6, 3, 3, 4), np.float32), np.ones(6, np.float32)],
        {0: ("Int8", 1), 1: ("Int32", 2), 2: ("Int32", 3)},
        ((1, 9, 9, 4), (1, 3, 4, 6)),
        ("conv", {"padding": "valid", "strides": (3, 2), "groups": 1, "channel_axis": -1}, {"kernel": "okki"}),
    ),
    "CONV_2D grouped": (
        [np.ones((6, 3, 3, 2), np.float32)],
        {},
        ((1, 9, 9, 4), (1, 9, 9, 6)),
        ("conv", {"padding": "same", "groups": 2}, {"kernel": "okki"}),
    ),
    "DEPTHWISE_CONV_2D": (
        [np.ones((1, 3, 3, 8), np.float32), np.ones(8, np.float32)],
        {},
        ((1, 9, 9, 4), (1, 9, 9, 8)),
        ("conv", {"groups": 4}, {"kernel": "ikko", "bias": "o"}),
    ),
    "FULLY_CONNECTED": ([ONES], {}, ((1, 4), (1, 3)), ("linear", {}, {"kernel": "oi"})),
    "BATCH_MATMUL": ([np.ones((4, 3), np.float32)], {}, ((1, 4), (1, 3)), ("linear", {}, {"kernel": "io"})),
    "BATCH_MATMUL turned": ([ONES], {1: ("Bool", 1)}, ((1, 4), (1, 3)), ("linear", {}, {"kernel": "oi"})),
    "GATHER": (
        [],
        {},
        ((1, 4), (1, 4, 3)),
        ("embedding", {}, {"kernel": "io"}),
    ),
    "TRANSPOSE": ([np.array([0, 2, 1], int32)], {}, ((1, 4, 3), (1, 3, 4)), ("transpose", {"order": (0, 2, 1)}, {})),
    "RESHAPE": ([np.array([-1, 12], int32)], {}, ((1, 4, 3), (1, 12)), ("reshape", {"shape": (1, 12)}, {})),
    "MEAN": (
        [np.array([1, 2], int32)],
        {0: ("Bool", 1)},
        ((1, 4, 3, 2), (1, 1, 1, 2)),
        ("reduce", {"axes": (1, 2), "keepdims": True}, {}),
    ),
    "PAD": (
        [np.array([[0, 0], [1, 2]], int32)],
        {},
        ((1, 4), (1, 7)),
        ("pass", {"pads": ((0, 0), (1, 2))}, {}),
    ),
    "SLICE": (
        [np.array([0, 1], int32), np.array([1, -1], int32)],
        {},
        ((1, 4), (1, 3)),
        ("slice", {"index": ((0, 1, 1), (1, None, 1))}, {}),
    ),
    "MAX_POOL_2D": (
        [],
        {0: ("Int8", 1), 1: ("Int32", 2), 2: ("Int32", 2), 3: ("Int32", 2), 4: ("Int32", 3)},
        ((1, 9, 9, 4), (1, 4, 4, 4)),
        ("pool", {"kernel": (3, 2), "strides": (2, 2), "padding": "valid"}, {}),
    ),
    "ADD": ([np.ones(4, np.float32)], {}, ((1, 4), (1, 4)), ("pass", {}, {})),
    "SOFTMAX": ([], {}, ((1, 4), (1, 4)), ("pass", {}, {})),
    "SPACE_TO_DEPTH": ([], {0: ("Int32", 2)}, ((1, 4, 4, 3), (1, 2, 2, 12)), ("reshape", {"shape": (1, 2, 2, 12)}, {})),
    "TOPK_V2": ([np.array(2, int32)], {}, ((1, 4), (1, 2)), ("unknown", {"type": "TOPK_V2"}, {})),
    "RFFT2D": ([np.array([4], int32)], {}, ((1, 4), (1, 3)), ("unknown", {"type": "RFFT2D"}, {})),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_are_translated(name: str, tmp_path: Path) -> None:
    constants, options, (taken, made), (op, attributes, letters) = OPERATORS[name]
    order = None
    if name == "GATHER":
        constants, order = [np.ones((9, 3), np.float32)], [2, 0]
    shapes = {"taken": taken, "made": made} | ({"order": order} if order else {})
    graph = single(tmp_path, name.split()[0], constants, options, **shapes).graph
    node = graph.nodes[-1]
    assert node.op == op
    assert {key: node.attributes[key] for key in attributes} == attributes
    assert {slot: weight.axes for slot, weight in node.weights.items() if slot in letters} == letters
    assert graph.shapes["t0"] == taken
    assert graph.shapes["t1"] == made


def test_a_fully_connected_layer_cuts_its_input_into_rows(tmp_path: Path) -> None:
    graph = single(tmp_path, "FULLY_CONNECTED", [ONES], taken=(1, 2, 2), made=(1, 3)).graph
    assert [node.op for node in graph.nodes] == ["reshape", "linear"]
    assert graph.nodes[0].attributes["shape"] == (-1, 4)


def test_kernels_are_followed_through_conversions(tmp_path: Path) -> None:
    half = Value(np.ones((4, 3), np.float16), name="half")
    values = [Value(shape=(1, 4)), Value(shape=(1, 3)), half, Value(shape=(4, 3)), Value(np.array([1, 0], int32))]
    values.append(Value(shape=(3, 4)))
    steps = [Step("DEQUANTIZE", [2], [3]), Step("TRANSPOSE", [3, 4], [5]), Step("FULLY_CONNECTED", [0, 5], [1])]
    checkpoint = tk.open_checkpoint(save_tflite(tmp_path / "x.tflite", values, steps, [0], [1]))
    (node,) = checkpoint.graph.nodes
    assert (node.weights["kernel"].tensor, node.weights["kernel"].axes) == ("half", "io")
    assert checkpoint.tensors["half"].role == "weight"
    assert checkpoint.tensors["t4"].role == "constant"


def test_the_letters_of_a_reshaped_kernel_are_those_of_the_stored_one(tmp_path: Path) -> None:
    apart, shape = Value(np.ones((2, 2, 6), np.float32)), Value(np.array([4, 6], int32))
    values = [Value(shape=(1, 4)), Value(shape=(1, 6)), apart, Value(shape=(4, 6)), shape]
    steps = [Step("RESHAPE", [2, 4], [3]), Step("BATCH_MATMUL", [0, 3], [1])]
    checkpoint = tk.open_checkpoint(save_tflite(tmp_path / "x.tflite", values, steps, [0], [1]))
    (node,) = checkpoint.graph.nodes
    assert (node.weights["kernel"].tensor, node.weights["kernel"].axes) == ("t2", "iio")
    assert tk.load(checkpoint).n_edges == 24


def test_the_gates_of_an_lstm_become_one_kernel() -> None:
    checkpoint = tk.open_checkpoint(ROOT / "tflite" / "lstm.tflite")
    (node,) = (node for node in checkpoint.graph.nodes if node.op == "recurrent")
    kernel, recurrent = (checkpoint.tensors[node.weights[slot].tensor] for slot in ("kernel", "recurrent"))
    assert same(kernel.read(), zoo.lstm()["lstm.kernel"].T)
    assert same(recurrent.read(), zoo.lstm()["lstm.recurrent"].T)
    assert sum(entry.aside.startswith("a gate of") for entry in checkpoint.tensors.values()) == 8


def test_tensors_are_not_read_before_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes((ROOT / "tflite" / "mlp.tflite").read_bytes())
    tensors = tk.open_checkpoint(path).tensors
    path.unlink()
    with pytest.raises(CheckpointError):
        next(iter(tensors.values())).read()


def lie(path: Path, step: Step | None = None, **changes: Any) -> Path:
    kernel = Value(ONES, **changes)
    values = [Value(shape=(1, 4)), Value(shape=(1, 3)), kernel]
    return save_tflite(path / "x.tflite", values, [step or Step("FULLY_CONNECTED", [0, 2], [1])], [0], [1])


LIES: dict[str, tuple[dict[str, Any], type[CheckpointError], str]] = {
    "tensor number": ({"step": Step("FULLY_CONNECTED", [0, 99], [1])}, CorruptCheckpointError, "number 99 of 3"),
    "negative number": ({"step": Step("FULLY_CONNECTED", [0, -7], [1])}, CorruptCheckpointError, "number -7 of 3"),
    "shape": ({"shape": (3, 5)}, CorruptCheckpointError, "48 bytes where its shape"),
    "negative shape": ({"shape": (-3, -4)}, CorruptCheckpointError, "stored with the shape"),
    "axes": ({"shape": (1,) * 9}, LimitExceededError, "9 axes"),
    "buffer": ({"options": {2: ("Uint32", 99)}}, CorruptCheckpointError, "number 99 of 2"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    how, error, words = LIES[name]
    with pytest.raises(error, match=words) as caught:
        tk.open_checkpoint(lie(tmp_path, **how))
    assert caught.value.format == "tflite"


@pytest.mark.parametrize("content", [b"\x10\0\0\0TFL3", b"\xff\xff\xff\xffTFL3", b"\x04\0\0\0TFL3" + b"\xff" * 40])
def test_offsets_out_of_the_file_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(content)
    with pytest.raises(CorruptCheckpointError):
        tk.open_checkpoint(tmp_path / "x.tflite")


def test_tables_that_are_shared_over_and_over_exceed_the_limits(tmp_path: Path) -> None:
    path = lie(tmp_path)
    with pytest.raises(LimitExceededError, match="over and over"):
        tk.open_checkpoint(path, limits=Limits(opcodes=5))
    with pytest.raises(LimitExceededError, match="over and over"):
        tk.open_checkpoint(path, limits=Limits(header_bytes=20))


def test_a_tensor_listed_over_and_over_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(repeating(Value(ONES), 100_000))
    with pytest.raises(LimitExceededError, match="same tables and lists over and over"):
        tk.open_checkpoint(tmp_path / "x.tflite")
