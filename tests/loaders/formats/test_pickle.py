"""Pickles of arrays, as NumPy, SciPy, JAX and scikit-learn make them: values bit for bit, roles, damage and attacks."""

from __future__ import annotations

import os
import pickle
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
import zoo
from checkpoint_files import same
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo"
RNG = np.random.default_rng(0)

ARRAYS = {
    "float32": RNG.standard_normal((3, 4)).astype(np.float32),
    "fortran": np.asfortranarray(RNG.standard_normal((3, 4))),
    "big-endian": np.arange(12, dtype=">i4").reshape(3, 4),
    "moved axes": RNG.standard_normal((2, 3, 4)).transpose(1, 2, 0),
    "bool": np.array([[True, False]]),
    "half": np.ones((2, 2), np.float16),
    "complex": np.ones((2, 2), np.complex64),
    "empty": np.empty((0, 3)),
    "no axes": np.array(2.5),
    "long": RNG.standard_normal((40, 50)),
}


def written(value: Any, folder: Path, protocol: int = 4) -> Path:
    path = folder / "x.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_bit_for_bit(name: str, protocol: int, tmp_path: Path) -> None:
    tensors = tk.open_checkpoint(written({"w": ARRAYS[name]}, tmp_path, protocol)).tensors
    assert same(tensors["w"].read(), ARRAYS[name])
    assert tensors["w"].dtype == ARRAYS[name].dtype.name


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_bfloat16_is_widened(protocol: int, tmp_path: Path) -> None:
    array = RNG.standard_normal((3, 4)).astype(ml_dtypes.bfloat16)
    tensor = tk.open_checkpoint(written([array], tmp_path, protocol)).tensors["0"]
    assert tensor.dtype == "bfloat16"
    assert np.array_equal(tensor.read(), array.astype(np.float32))


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("ending", ["array", "matrix"])
def test_sparse_matrices_keep_their_stored_zeros(kind: str, ending: str, tmp_path: Path) -> None:
    dense = np.where(RNG.random((6, 8)) < 0.3, 1.5, 0)
    tensor = tk.open_checkpoint(written({"w": getattr(sparse, f"{kind}_{ending}")(dense)}, tmp_path)).tensors["w"]
    assert (tensor.layout, tensor.shape) == (kind, (6, 8))
    assert np.array_equal(tensor.read().toarray(), dense)


def test_a_grown_weight_of_0_is_an_edge(tmp_path: Path) -> None:
    matrix = sparse.csr_matrix((np.array([0.0, 2.0]), np.array([1, 2]), np.array([0, 1, 2])), shape=(2, 3))
    assert tk.load(written({"w": matrix}, tmp_path)).n_edges == 2


def test_python_2_wrote_bytes_as_text(tmp_path: Path) -> None:
    """`cPickle.dumps({'w': numpy.arange(6.).reshape(2, 3)}, 2)` of Python 2.7."""
    path = tmp_path / "x.pkl"
    path.write_bytes(
        b"\x80\x02}q\x01U\x01wq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b"
        b"\x87Rq\x05(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x06U\x02f8K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ\xff\xff\xff"
        b"\xffJ\xff\xff\xff\xffK\x00tb\x89U0" + np.arange(6.0).tobytes() + b"tbs."
    )
    assert same(tk.open_checkpoint(path).tensors["w"].read(), np.arange(6.0).reshape(2, 3))


def test_long_arrays_of_python_2_stay_in_the_file(tmp_path: Path) -> None:
    numbers = np.arange(20_000.0)
    data = b"T" + len(numbers.tobytes()).to_bytes(4, "little") + numbers.tobytes()
    (tmp_path / "x.pkl").write_bytes(array_pickle(shape=b"M\xc8\x00K\x64\x86", data=data))
    strict = Limits(string_bytes=1000)
    assert same(
        tk.open_checkpoint(tmp_path / "x.pkl", limits=strict).tensors["tensor"].read(), numbers.reshape(200, 100)
    )


@pytest.mark.parametrize("name", ["mlp-jax", "mlp-haiku", "mlp-nested", "mlp-protocol0", "mlp-sklearn"])
def test_files_of_the_zoo_have_its_weights(name: str) -> None:
    tensors = tk.open_checkpoint(ZOO / "pickle" / f"{name}.pkl").tensors
    kernels = [tensor.read() for tensor in tensors.values() if len(tensor.shape) == 2 and not tensor.aside]
    expected = [zoo.mlp()[f"fc{k}.kernel"] for k in (1, 2, 3)]
    assert len(kernels) == 3
    assert all(same(mine, theirs) for mine, theirs in zip(kernels, expected, strict=True))


def test_of_an_estimator_only_the_kernels_are_weights() -> None:
    tensors = tk.open_checkpoint(ZOO / "pickle/mlp-sklearn.pkl").tensors
    roles = {name: tensor.role for name, tensor in tensors.items()}
    assert [name for name, role in roles.items() if role is None] == ["coefs_.0", "coefs_.1", "coefs_.2"]
    assert roles["intercepts_.1"] == "bias"
    assert roles["_optimizer.ms.0"] == roles["_best_coefs.0"] == roles["_best_intercepts.0"] == "optimizer"
    assert tensors["_optimizer.ms.0"].aside == "optimizer state"
    assert "scikit-learn" in tensors["_label_binarizer.classes_"].aside


def test_linear_models_are_told_by_their_own_axes(tmp_path: Path) -> None:
    inputs = RNG.standard_normal((60, 7))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, np.arange(60) % 3)
    network = tk.load(written(model, tmp_path))
    assert [layer.size for layer in network.layers] == [7, 3]


def test_names_are_the_keys_and_attributes_that_lead_there(tmp_path: Path) -> None:
    value = OrderedDict(a=[np.ones(2), {"b": np.ones(3)}], c=(np.ones(4),), count=3)
    checkpoint = tk.open_checkpoint(written(value, tmp_path))
    assert list(checkpoint.tensors) == ["a.0", "a.1.b", "c.0"]
    assert checkpoint.metadata == {"count": 3}


def test_one_array_under_two_names_is_stored_once(tmp_path: Path) -> None:
    shared = np.ones((2, 3))
    first, second, other = tk.open_checkpoint(
        written({"a": shared, "b": shared, "c": np.ones((2, 3))}, tmp_path)
    ).tensors.values()
    assert first.storage_id == second.storage_id != other.storage_id


def test_pickles_in_a_row_are_a_list(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(np.ones((2, 3))) + pickle.dumps(np.ones(3)))
    assert [tensor.shape for tensor in tk.open_checkpoint(path).tensors.values()] == [(2, 3), (3,)]


class FrozenDict(dict[str, Any]):
    """Flax's: made of a plain table."""

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class SparseState(NamedTuple):
    """jaxpruner's."""

    masks: Any
    inner_state: Any = None
    target_sparsities: Any = None
    count: Any = None


@pytest.mark.parametrize("packed", [False, True])
def test_masks_of_jaxpruner_are_paired_with_their_weights(packed: bool, tmp_path: Path) -> None:
    mask = np.eye(3, 5, dtype=np.uint8)
    state = SparseState({"fc": {"kernel": np.packbits(mask) if packed else mask, "bias": None}}, [np.ones((3, 5))])
    params = FrozenDict({"fc": {"kernel": np.ones((3, 5)), "bias": np.ones(5)}})
    checkpoint = tk.open_checkpoint(written({"params": params, "opt_state": (state, None)}, tmp_path))
    assert list(checkpoint.tensors) == ["fc.kernel", "fc.bias", "opt_state.0.inner_state.0", "masks.fc.kernel"]
    assert checkpoint.tensors["opt_state.0.inner_state.0"].aside == "optimizer state"
    assert np.array_equal(checkpoint.tensors["masks.fc.kernel"].read(), mask)
    assert tk.load(checkpoint.path).n_edges == 3


def test_arrays_that_hold_each_other_are_refused(tmp_path: Path) -> None:
    ring: dict[str, Any] = {"w": np.ones((2, 2))}
    ring["again"] = ring
    with pytest.raises(LimitExceededError, match="nests more than 200"):
        tk.open_checkpoint(written(ring, tmp_path))


def test_opening_reads_no_numbers(tmp_path: Path) -> None:
    path = written({"w": np.ones((2000, 2000))}, tmp_path)
    tk.open_checkpoint(path)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert checkpoint.tensors["w"].read().sum() == 4_000_000


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("protocol", range(6))
def test_an_attack_is_called_one(protocol: int, tmp_path: Path) -> None:
    with pytest.raises(UnsafePickleError, match=r"system.*nothing was run"):
        tk.open_checkpoint(written({"w": np.ones((2, 3)), "x": Attack()}, tmp_path, protocol))


def test_strict_limits_let_arrays_through_and_unknown_objects_not(tmp_path: Path) -> None:
    strict = Limits(pickle="strict")
    path = written({"w": ARRAYS["long"], "s": sparse.csr_matrix(np.eye(3)), "n": np.float32(2)}, tmp_path)
    assert len(tk.open_checkpoint(path, limits=strict).tensors) == 2
    with pytest.raises(UnsafePickleError, match="unknown"):
        tk.open_checkpoint(ZOO / "pickle/mlp-sklearn.pkl", limits=strict)
    with pytest.raises(UnsafePickleError, match="forbidden"):
        tk.open_checkpoint(path, limits=Limits(pickle="forbid"))


def array_pickle(
    shape: bytes = b"K\x02K\x03\x86", dtype: bytes = b"U\x02f8", data: bytes = b"C\x30" + bytes(48)
) -> bytes:
    return (
        b"\x80\x04cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01" + shape
        + b"cnumpy\ndtype\n" + dtype + b"\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + data + b"tb."
    )  # fmt: skip


LIES = {
    "too few bytes": array_pickle(data=b"C\x08" + bytes(8)),
    "too many bytes": array_pickle(data=b"C\x38" + bytes(56)),
    "a negative extent": array_pickle(shape=b"J\xff\xff\xff\xffK\x03\x86"),
    "an extent that is text": array_pickle(shape=b"U\x012K\x03\x86"),
    "a huge shape": array_pickle(shape=b"\x8a\x08" + b"\xff" * 7 + b"\x7fK\x03\x86"),
    "a shape that is a number": array_pickle(shape=b"K\x06"),
    "a type that is none": array_pickle(dtype=b"U\x05zebra"),
    "a type that is a list": array_pickle(dtype=b"]"),
    "objects as bytes": array_pickle(dtype=b"U\x02O8"),
    "numbers as objects": array_pickle(data=b"(K\x00K\x00K\x00K\x00K\x00K\x00l"),
    "no state": b"\x80\x04cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR.",
    "bytes behind": array_pickle() + b"\0\0\0",
    "no end": array_pickle()[:-1],
}


@pytest.mark.parametrize("data", LIES.values(), ids=LIES)
def test_an_array_that_lies_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match=r"x\.pkl \[pickle\]"):
        tk.open_checkpoint(path)


def test_an_honest_array_made_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(array_pickle())
    assert tk.open_checkpoint(tmp_path / "x.pkl").tensors["tensor"].shape == (2, 3)


@pytest.mark.parametrize(
    "attribute", [{"indices": np.array([0, 9])}, {"indptr": np.array([0, 7, 2])}, {"_shape": (1, 3)}, {"data": 3}]
)
def test_a_sparse_matrix_that_would_crash_scipy_is_refused(attribute: dict[str, Any], tmp_path: Path) -> None:
    matrix = sparse.csr_matrix(np.array([[0, 1.0], [2.0, 0]]))
    matrix.__dict__.update(attribute)
    path = written({"w": matrix}, tmp_path)
    with pytest.raises(CheckpointError):
        tk.load(path)


def test_records_and_text_are_listed_and_not_read(tmp_path: Path) -> None:
    value = {"names": np.array(["a", "bc"]), "records": np.zeros(2, [("a", "f4"), ("b", "i8")]), "w": np.ones((2, 3))}
    path = written(value, tmp_path)
    assert tk.load(path).n_edges == 6
    with pytest.raises(CheckpointError, match="cannot be read"):
        tk.open_checkpoint(path).tensors["records"].read()
