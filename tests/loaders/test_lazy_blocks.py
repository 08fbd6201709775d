"""Blocks that hold no edges are the blocks that hold them, wherever the numbers lie and whatever neurons they join."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy import sparse

import topokit as tk
from topokit.dag import LazyPattern
from topokit.errors import NonFiniteWeightsError, TooLargeError
from topokit.loaders import Limits, open_checkpoint
from topokit.loaders.assembly import lazy as module
from topokit.loaders.assembly import network, plan
from topokit.loaders.assembly.blocks import block_of
from topokit.loaders.assembly.content import content_of
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.lazy import can_be_lazy, lazy_block, tells_tensor
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.picking import can_be_picked, picked_block
from topokit.loaders.assembly.plan import TensorBlock
from topokit.loaders.checkpoint import Quantisation, TensorEntry
from topokit.registry import FORMATS

ZOO = [path for name in FORMATS for path in sorted((Path(__file__).parents[1] / "data" / "zoo" / name).glob("*"))]


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MOST_HELD", 0)
    monkeypatch.setattr(network, "MOST_HELD", 0)


def entry_of(values: NDArray[Any], **how: Any) -> TensorEntry:
    return TensorEntry(
        name="w",
        shape=values.shape,
        dtype=values.dtype.name,
        nbytes=values.nbytes,
        path=Path("x"),
        format="test",
        reader=lambda: values,
        raw=lambda: values,
        **how,
    )


def planned_block(entry: TensorEntry, axes: str, rows: Any = None, columns: Any = None, size: int = 0) -> TensorBlock:
    lay = Lay(axes, entry.shape)
    ends = (lay.n_sources if rows is None else size, lay.n_targets if columns is None else size)
    return TensorBlock("a->b", "a", "b", ends, "dense", entry, None, lay, rows, columns, ends[0] * ends[1])


def assert_same(planned: TensorBlock, options: Options) -> None:
    assert can_be_lazy(planned)
    expected = block_of(planned, content_of(planned, options), options)
    found = lazy_block(planned, options, Limits())
    assert isinstance(found.pattern, LazyPattern)
    assert (found.name, found.kind, found.possible) == (expected.name, expected.kind, expected.possible)
    assert found.mask_source == expected.mask_source
    assert np.array_equal(found.adjacency().toarray(), expected.adjacency().toarray())
    assert np.array_equal(found.in_degrees(), expected.in_degrees())
    assert np.array_equal(found.out_degrees(), expected.out_degrees())
    if can_be_picked(planned):
        assert picked_block(planned, options).equals(expected)
    if tells_tensor(planned, options):
        assert found.n_edges == planned.tensor.count().nnz


def neurons(size: int, at_least: int) -> st.SearchStrategy[Any]:
    """The neurons that `size` rows or columns stand for: themselves, or any of some, several times or never."""
    some = st.lists(st.integers(at_least, 19), min_size=size, max_size=size)
    return st.none() | st.permutations(range(20)).map(lambda all_: np.array(all_[:size])) | some.map(np.array)


@given(data=st.data(), axes=st.sampled_from(["io", "oi"]), threshold=st.sampled_from([0.0, 1.5]))
def test_any_neurons_of_any_matrix(data: st.DataObject, axes: str, threshold: float) -> None:
    shape = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    kind = data.draw(st.sampled_from([np.float16, np.float32, np.float64, np.int8]))
    weights = rng.integers(-3, 4, shape).astype(kind)
    lay = Lay(axes, shape)
    rows, columns = data.draw(neurons(lay.n_sources, -1)), data.draw(neurons(lay.n_targets, -1))
    assert_same(planned_block(entry_of(weights), axes, rows, columns, 20), Options(threshold=threshold))


def test_wide_bitmaps_turn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 100)
    rng = np.random.default_rng(0)
    weights = (rng.random((37, 301)) < 0.3).astype(np.float32)
    assert_same(planned_block(entry_of(weights), "oi"), Options())


@pytest.mark.parametrize("quant_zero", ["edge", "absent"])
def test_quantised_zeros(quant_zero: Any) -> None:
    stored = np.random.default_rng(0).integers(0, 5, (6, 7), np.uint8)
    told = Quantisation(scale=np.array([0.5] * 6), zero_point=np.array([0, 1, 2, 3, 4, 5]), axis=0)
    assert_same(planned_block(entry_of(stored, quantisation=told), "oi"), Options(quant_zero=quant_zero))


def test_weights_that_are_no_numbers() -> None:
    planned = planned_block(entry_of(np.array([[1, np.nan], [0, np.inf]], np.float32)), "io")
    with pytest.raises(NonFiniteWeightsError, match="has 2 NaN or infinite weights of 4"):
        lazy_block(planned, Options(), Limits())
    assert lazy_block(planned, Options(nonfinite="edge"), Limits()).n_edges == 3
    assert picked_block(planned, Options(nonfinite="edge")).weights is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.bool, torch.int8])
def test_types_that_numpy_has_not(dtype: torch.dtype, tmp_path: Path) -> None:
    weights = ((torch.randn(20, 30) * 4) * (torch.rand(20, 30) < 0.3)).to(dtype)
    torch.save({"a.weight": weights}, tmp_path / "x.pt")
    (entry,) = open_checkpoint(tmp_path / "x.pt").tensors.values()
    assert_same(planned_block(entry, "oi"), Options())


def test_too_many_edges_are_refused_when_asked_for() -> None:
    planned = planned_block(entry_of(np.ones((8, 9), np.float32)), "io")
    block = lazy_block(planned, Options(), Limits(edges=71))
    assert block.n_edges == 72
    with pytest.raises(TooLargeError, match="has 72 edges where 71 are allowed; its degrees are known without them"):
        block.adjacency()
    with pytest.raises(TooLargeError, match="joins 8 with 9 neurons"):
        lazy_block(planned, Options(), Limits(edges=1)).pattern.source.func(planned, Options(), Limits(edges=1), 0)


def test_only_what_a_dense_matrix_tells_can_be_lazy() -> None:
    values = np.ones((2, 3), np.float32)
    assert can_be_lazy(planned_block(entry_of(values), "io"))
    assert not can_be_lazy(planned_block(entry_of(values, layout="csr"), "io"))
    kernel = TensorBlock("a->b", "a", "b", (2, 3), "conv", entry_of(values), None, Lay("kio", (1, 2, 3)), None, None, 6)
    assert not can_be_lazy(kernel)


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize("path", ZOO, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_networks_of_the_zoo(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily = tk.load(path)
    monkeypatch.undo()
    held = tk.load(path)
    for mine, own in zip(lazily.blocks, held.blocks, strict=True):
        assert np.array_equal(mine.adjacency().toarray(), own.adjacency().toarray())
        assert np.array_equal(mine.in_degrees(), own.in_degrees())
        assert (mine.name, mine.kind, mine.possible) == (own.name, own.kind, own.possible)


@pytest.mark.usefixtures("everything_is_large")
def test_a_large_network_says_what_it_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {f"fc{k}.weight": rng.integers(0, 2, (6, 6)).astype(np.float32) for k in range(3)}
    save_file(weights, tmp_path / "x.safetensors")
    found = tk.load(tmp_path / "x.safetensors")
    assert all(block.weights is None for block in found.blocks)
    (note,) = [note for note in found.provenance.notes if "large" in note]
    assert "weights are not kept" in note
    inspection = tk.inspect(tmp_path / "x.safetensors")
    assert [row.edges for row in inspection.blocks] == [block.n_edges for block in found.blocks]


def test_few_edges_are_held_however_large_the_matrices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MOST_HELD", 40)
    monkeypatch.setattr(network, "MOST_HELD", 40)
    weights = {f"fc{k}.weight": np.eye(6, dtype=np.float32) * 0.5 for k in range(3)}
    save_file(weights, tmp_path / "x.safetensors")
    found = tk.load(tmp_path / "x.safetensors")
    assert all(sparse.issparse(block.weight_matrix()) for block in found.blocks)
    assert open_checkpoint(tmp_path / "x.safetensors").sha256 == found.provenance.sha256
