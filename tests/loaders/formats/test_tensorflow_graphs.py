"""Frozen graphs and SavedModels: what TensorFlow wrote, and graphs that it would not write."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zoo
from checkpoint_files import same
from wire import integer, message

import topokit as tk
from topokit import errors
from topokit.loaders.graph import GraphIR, Weight

DATA = Path(__file__).parents[2] / "data"
ZOO = DATA / "zoo"
FLOAT, INT, TEXT = 1, 3, 7


def attribute(key: str, value: bytes) -> bytes:
    return message(5, message(1, key.encode()) + message(2, value))


def node(name: str, kind: str, *inputs: str, **attributes: bytes) -> bytes:
    """A node of a graph; in functions its field has another number."""
    told = b"".join(attribute(key, value) for key, value in attributes.items())
    takes = b"".join(message(3, value.encode()) for value in inputs)
    return message(1, message(1, name.encode()) + message(2, kind.encode()) + takes + told)


def shape(*extents: int) -> bytes:
    return b"".join(message(2, integer(1, extent)) for extent in extents)


def const(name: str, values: np.ndarray, extents: tuple[int, ...] | None = None) -> bytes:
    kind = FLOAT if values.dtype.kind == "f" else INT
    stored = message(4, values.astype("<f4" if kind == FLOAT else "<i4").tobytes())
    tensor = integer(1, kind) + message(2, shape(*(extents or values.shape))) + stored
    return node(name, "Const", value=message(8, tensor), dtype=integer(6, kind))


def placeholder(*extents: int) -> bytes:
    return node("x", "Placeholder", shape=message(7, shape(*extents)), dtype=integer(6, FLOAT))


def save(folder: Path, *nodes: bytes, library: bytes = b"") -> Path:
    path = folder / "graph.pb"
    path.write_bytes(b"".join(nodes) + library)
    return path


def graph_of(folder: Path, *nodes: bytes) -> GraphIR:
    graph = tk.open_checkpoint(save(folder, *nodes)).graph
    assert graph is not None
    return graph


def truth(value: bool) -> bytes:
    return integer(5, int(value))


def text(value: str) -> bytes:
    return message(2, value.encode())


def numbers(*values: int) -> bytes:
    return message(1, b"".join(integer(3, value) for value in values))


W = np.arange(6, dtype=np.float32).reshape(2, 3) + 1


@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_constants_are_the_weights_bit_by_bit(name: str) -> None:
    tensors = tk.open_checkpoint(ZOO / "graphdef" / f"{name}.pb").tensors
    stored = [entry.read() for entry in tensors.values()]
    for key, values in zoo.WEIGHTS[name]().items():
        rows = values.reshape(8, 4, 4, 5).transpose(1, 2, 0, 3).reshape(128, 5) if values.shape == (128, 5) else values
        assert any(same(one, rows) for one in stored), key


@pytest.mark.parametrize("name", ["mlp", "transformer", "lstm"])
def test_variables_of_a_saved_model_are_the_weights(name: str) -> None:
    tensors = tk.open_checkpoint(ZOO / "savedmodel" / name).tensors
    joined = np.concatenate([entry.read().ravel() for entry in tensors.values() if "float" in entry.dtype])
    expected = np.concatenate([values.ravel() for values in zoo.WEIGHTS[name]().values()])
    assert set(expected.tolist()) <= set(joined.tolist())


def test_a_saved_model_opens_by_its_file_too() -> None:
    path = ZOO / "savedmodel" / "mlp"
    by_file = tk.open_checkpoint(path / "saved_model.pb")
    assert by_file.format == "savedmodel"
    assert by_file.tensors.keys() == tk.open_checkpoint(path).tensors.keys()


def test_a_saved_model_without_its_variables_tells_what_is_missing(tmp_path: Path) -> None:
    shutil.copy(ZOO / "savedmodel" / "mlp" / "saved_model.pb", tmp_path)
    checkpoint = tk.open_checkpoint(tmp_path)
    assert not [entry for entry in checkpoint.tensors.values() if entry.role == "weight"]
    with pytest.raises(errors.NoWeightsFoundError):
        tk.load(tmp_path)


def test_variables_behind_a_link_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(ZOO / "savedmodel" / "mlp", tmp_path / "model")
    (folder / "variables").rename(tmp_path / "elsewhere")
    (folder / "variables").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.UnsafeLinkError, match="is a link"):
        tk.open_checkpoint(folder)


@pytest.mark.parametrize(
    ("kind", "flags", "inputs", "axes", "axis"),
    [
        ("MatMul", {}, ("x", "w"), "io", -1),
        ("MatMul", {"transpose_b": truth(True)}, ("x", "w"), "oi", -1),
        ("MatMul", {}, ("w", "x"), "oi", -2),
        ("MatMul", {"transpose_a": truth(True)}, ("w", "x"), "io", -2),
        ("BatchMatMulV2", {"adj_y": truth(True)}, ("x", "w"), "oi", -1),
        ("Einsum", {"equation": text("ab,bc->ac")}, ("x", "w"), "io", -1),
        ("Einsum", {"equation": text("...b,cb->...c")}, ("x", "w"), "oi", -1),
    ],
)
def test_products(
    kind: str, flags: dict[str, bytes], inputs: tuple[str, ...], axes: str, axis: int, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, placeholder(-1, 2), const("w", W), node("y", kind, *inputs, **flags))
    (linear,) = (one for one in graph.nodes if one.op == "linear")
    assert linear.weights["kernel"] == Weight("w", axes)
    assert linear.attributes["axis"] == axis


def test_einsum_of_two_values_is_a_product_of_matrices(tmp_path: Path) -> None:
    """Scores of attention as Keras writes them, with heads behind time."""
    nodes = (placeholder(-1, 6, 2, 4), node("y", "Einsum", "x", "z", equation=text("aecd,abcd->acbe")))
    graph = graph_of(tmp_path, *nodes, node("z", "Neg", "x"))
    assert [one.op for one in graph.nodes] == ["pass", "transpose", "transpose", "matmul", "transpose"]
    assert graph.shapes["y"] == (None, 2, 6, 6)


@pytest.mark.parametrize(
    ("kind", "extents", "axes", "more"),
    [
        ("Conv2D", (3, 3, 4, 5), "kkio", {"groups": 1}),
        ("Conv2D", (3, 3, 2, 6), "kkio", {"groups": 2}),
        ("DepthwiseConv2dNative", (3, 3, 4, 2), "kkgo", {}),
        ("Conv2DBackpropInput", (3, 3, 5, 4), "kkoi", {"transposed": True}),
    ],
)
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_convolutions(
    kind: str, extents: tuple[int, ...], axes: str, more: dict[str, object], layout: str, tmp_path: Path
) -> None:
    image = (-1, 8, 8, 4) if layout == "NHWC" else (-1, 4, 8, 8)
    strides = numbers(1, 2, 2, 1) if layout == "NHWC" else numbers(1, 1, 2, 2)
    takes = ("size", "w", "x") if kind == "Conv2DBackpropInput" else ("x", "w")
    told = {"strides": strides, "padding": text("SAME"), "data_format": text(layout)}
    nodes = (const("size", np.array([-1, 16, 16, 5], np.int32)), const("w", np.ones(extents, np.float32)))
    graph = graph_of(tmp_path, placeholder(*image), *nodes, node("y", kind, *takes, **told))
    (conv,) = graph.nodes
    assert conv.weights["kernel"] == Weight("w", axes)
    assert conv.attributes["channel_axis"] == (-1 if layout == "NHWC" else 1)
    assert conv.attributes["strides"] == (2, 2)
    assert conv.attributes.items() >= more.items()


def test_a_convolution_along_a_line_is_one_again(tmp_path: Path) -> None:
    """`tf.nn.conv1d` makes an image of height 1 of the line and of the kernel."""
    graph = graph_of(
        tmp_path,
        placeholder(-1, 10, 4),
        const("w", np.ones((3, 4, 5), np.float32)),
        const("axis", np.array(1, np.int32)),
        const("first", np.array(0, np.int32)),
        node("image", "ExpandDims", "x", "axis"),
        node("kernel", "ExpandDims", "w", "first"),
        node("y", "Conv2D", "image", "kernel", strides=numbers(1, 1, 2, 1), padding=text("VALID")),
        node("z", "Squeeze", "y", squeeze_dims=numbers(1)),
    )
    conv = next(one for one in graph.nodes if one.op == "conv")
    assert conv.weights["kernel"].axes == "kio"
    assert conv.attributes["strides"] == (2,)
    assert graph.shapes["z"] == (None, 4, 5)


def test_shapes_that_the_graph_computes_are_folded(tmp_path: Path) -> None:
    """Flattening as Keras 2 writes it: the batch from the value's own shape."""
    one = {"shrink_axis_mask": integer(3, 1)}
    ends = [const(name, np.array([value], np.int32)) for name, value in (("a", 0), ("b", 1), ("c", 1))]
    graph = graph_of(
        tmp_path,
        placeholder(-1, 4, 5),
        *ends,
        const("n", np.array(20, np.int32)),
        node("shape", "Shape", "x"),
        node("batch", "StridedSlice", "shape", "a", "b", "c", **one),
        node("whole", "Pack", "batch", "n"),
        node("y", "Reshape", "x", "whole"),
    )
    (reshape,) = graph.nodes
    assert reshape.attributes["shape"] == (None, 20)
    assert graph.shapes["y"] == (None, 20)


def test_the_batch_of_a_value_of_unknown_rank_is_one_unknown_number(tmp_path: Path) -> None:
    one = {"shrink_axis_mask": integer(3, 1)}
    graph = graph_of(
        tmp_path,
        placeholder(-1, 4, 5),
        *[const(name, np.array([value], np.int32)) for name, value in (("a", 0), ("b", 1), ("c", 1))],
        const("n", np.array(20, np.int32)),
        node("u", "PyFunc", "x"),
        node("shape", "Shape", "u"),
        node("batch", "StridedSlice", "shape", "a", "b", "c", **one),
        node("whole", "Pack", "batch", "n"),
        node("y", "Reshape", "u", "whole"),
    )
    assert graph.nodes[-1].attributes["shape"] == (None, 20)


def test_text_in_a_graph_does_not_hide_its_weights(tmp_path: Path) -> None:
    words = integer(1, TEXT) + message(2, shape(2)) + message(8, b"py") + message(8, b"js")
    graph = graph_of(
        tmp_path,
        placeholder(-1, 6),
        node("words", "Const", value=message(8, words), dtype=integer(6, TEXT)),
        node("longer", "Pack", "words", "words"),
        const("w", np.ones((6, 4), np.float32)),
        node("y", "MatMul", "x", "w"),
        node("z", "PyFunc", "y", "longer"),
    )
    assert [one.op for one in graph.nodes] == ["linear", "unknown"]


def test_the_graph_of_an_old_javascript_model_has_its_weights_elsewhere(tmp_path: Path) -> None:
    path = save(tmp_path, placeholder(-1, 6), const("w", np.ones((6, 4), np.float32)), node("y", "MatMul", "x", "w"))
    with pytest.raises(errors.UnsupportedFeatureError, match=r"weights_manifest\.json"):
        tk.open_checkpoint(path.rename(tmp_path / "tensorflowjs_model.pb"))


def test_layer_norms_leave_no_trace(tmp_path: Path) -> None:
    """Means and deviations over the neurons themselves scale them and are none."""
    graph = graph_of(
        tmp_path,
        placeholder(-1, 6, 8),
        const("last", np.array([-1], np.int32)),
        const("gamma", np.ones(8, np.float32)),
        node("mean", "Mean", "x", "last", keep_dims=truth(True)),
        node("away", "SquaredDifference", "x", "mean"),
        node("variance", "Mean", "away", "last", keep_dims=truth(True)),
        node("scale", "Mul", "variance", "gamma"),
        node("y", "Mul", "x", "scale"),
        node("shift", "Mul", "mean", "scale"),
        node("z", "Sub", "y", "shift"),
    )
    assert [one.op for one in graph.nodes] == ["pass", "pass"]


def test_unknown_operations_keep_their_name(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, placeholder(-1, 2), node("y", "PyFunc", "x", token=text("evil")))
    (unknown,) = graph.nodes
    assert unknown.op == "unknown"
    assert unknown.attributes == {"type": "PyFunc"}


def function(name: str, body: bytes, result: str) -> bytes:
    """A function of one argument ``a`` and one result ``r``."""
    argument = message(1, b"a")
    result_argument = message(1, b"r")
    signature = message(1, name.encode()) + message(2, argument) + message(3, result_argument)
    returned = message(1, b"r") + message(2, result.encode())
    return message(1, message(1, signature) + body + message(4, returned))


def call(name: str, called: str, value: str) -> bytes:
    return node(name, "PartitionedCall", value, f=message(10, message(1, called.encode())))


def in_function(made: bytes) -> bytes:
    """A node as functions hold it: the same message under another number."""
    return b"\x1a" + made[1:]


def test_functions_are_followed(tmp_path: Path) -> None:
    body = in_function(node("n", "Neg", "a"))
    library = message(2, function("f", body, "n:y:0"))
    path = save(tmp_path, placeholder(-1, 2), call("y", "f", "x"), library=library)
    graph = tk.open_checkpoint(path).graph
    assert graph is not None
    (only,) = graph.nodes
    assert only.inputs == ("x",)
    assert graph.outputs == ("y/n",)


def bomb(folder: Path) -> Path:
    """Thirty functions, each of which calls the next one twice."""
    bodies = []
    for k in range(30):
        twice = in_function(call("one", f"f{k + 1}", "a")) + in_function(call("two", f"f{k + 1}", "one:output:0"))
        bodies.append(function(f"f{k}", twice, "two:output:0"))
    bodies.append(function("f30", in_function(node("n", "Neg", "a")), "n:y:0"))
    return save(folder, placeholder(-1, 2), call("y", "f0", "x"), library=message(2, b"".join(bodies)))


def itself(folder: Path) -> Path:
    body = in_function(call("again", "f", "a"))
    library = message(2, function("f", body, "again:output:0"))
    return save(folder, placeholder(-1, 2), call("y", "f", "x"), library=library)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bomb, "call each other"),
        (itself, "call each other"),
        (
            lambda folder: save(folder, node("a", "Neg", "b"), node("b", "Neg", "a"), node("c", "Neg", "a")),
            "what it makes",
        ),
        (lambda folder: save(folder, placeholder(-1, 2), node("y", "Neg", "nobody")), "nothing makes"),
    ],
)
def test_graphs_that_make_no_sense_leave_their_tensors(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    path.write_bytes(path.read_bytes() + const("w", W))
    checkpoint = tk.open_checkpoint(path)
    assert checkpoint.graph is None
    assert words in checkpoint.notes[0]
    assert same(checkpoint.tensors["w"].read(), W)


def listed(extents: tuple[int, ...], values: list[float]) -> bytes:
    content = np.array(values, "<f4").tobytes()
    tensor = integer(1, FLOAT) + message(2, shape(*extents)) + message(5, content)
    return node("w", "Const", value=message(8, tensor), dtype=integer(6, FLOAT))


def test_short_lists_repeat_their_last_number(tmp_path: Path) -> None:
    path = save(tmp_path, listed((2, 3), [1, 2]))
    assert tk.open_checkpoint(path).tensors["w"].read().tolist() == [[1, 2, 2], [2, 2, 2]]


@pytest.mark.parametrize(
    ("made", "kind", "words"),
    [
        (const("w", W, (5, 5)), errors.CorruptCheckpointError, "takes 24 bytes where shape"),
        (const("w", W, (2, -3)), errors.CorruptCheckpointError, "shape"),
        (const("w", W, (1,) * 9), errors.LimitExceededError, "9 axes"),
        (listed((2,), [1, 2, 3]), errors.CorruptCheckpointError, "lists 3 numbers"),
        (listed((2**20, 2**10), [0]), errors.CorruptCheckpointError, "lists 1 numbers"),
        (const("w", W) + const("w", W), errors.CorruptCheckpointError, "used twice"),
    ],
)
def test_constants_that_tensorflow_would_not_write(
    made: bytes, kind: type[Exception], words: str, tmp_path: Path
) -> None:
    path = save(tmp_path, made)
    with pytest.raises(kind, match=words):
        tk.open_checkpoint(path).tensors["w"].read()


def test_graphs_as_text_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "graph.pbtxt"
    path.write_text('node {\n  name: "x"\n  op: "Placeholder"\n}\n')
    with pytest.raises(errors.UnsupportedFeatureError, match="TensorFlow graph as text"):
        tk.open_checkpoint(path)
