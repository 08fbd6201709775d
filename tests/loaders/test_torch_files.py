"""PyTorch files: what torch.save wrote comes back bit for bit, without torch, and what belongs to the model is told."""

from __future__ import annotations

import argparse
import collections
import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import same, state_dict
from scipy import sparse
from torch import nn
from torch.nn.utils import prune

import topokit as tk
from topokit.errors import CorruptCheckpointError, LimitExceededError, NoWeightsFoundError, UnsupportedFeatureError
from topokit.loaders import Limits

DTYPES = (
    *(torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32),
    *(torch.int64, torch.uint16, torch.uint32, torch.uint64, torch.complex64, torch.complex128),
)
WIDENED = (
    *(torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2),
    *(torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu),
)


def saved(value: Any, folder: Path) -> Path:
    torch.save(value, folder / "net.pt")
    return folder / "net.pt"


def read(path: Path, name: str) -> Any:
    return tk.open_checkpoint(path).tensors[name].read()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_of_numpy_comes_back_bit_for_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.arange(24).reshape(4, 6).to(dtype)
    assert same(read(saved({"w": tensor}, tmp_path), "w"), tensor.numpy())


@pytest.mark.parametrize("dtype", WIDENED, ids=str)
def test_the_other_floats_are_widened_as_torch_does(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.linspace(0.01, 3, 24).reshape(4, 6).to(dtype)
    path = saved({"w": tensor, "part": tensor[1:, ::2]}, tmp_path)
    assert same(read(path, "w"), tensor.float().numpy())
    assert same(read(path, "part"), tensor[1:, ::2].float().numpy())


def test_views_of_one_storage_come_back(tmp_path: Path) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    views = {
        "transposed": whole.t(),
        "rows": whole[1:3],
        "columns": whole[:, 2],
        "strided": whole[::2, 1::3],
        "corner": whole[3:, 5:],
        "expanded": whole[:1].expand(3, 6),
        "none": whole[4:],
        "scalar": whole[2, 3],
        "permuted": whole.reshape(2, 2, 6).permute(2, 0, 1),
    }
    path = saved({"whole": whole, **views}, tmp_path)
    for name, view in views.items():
        assert same(read(path, name), view.numpy()), name


def test_a_padded_and_a_cloned_tensor_are_no_aliases_and_a_tied_one_is(tmp_path: Path) -> None:
    weight = torch.randn(3, 3)
    tied = {"a.weight": weight, "b.weight": weight, "c.weight": weight.clone(), "d.weight": weight[:2].t()}
    path = saved(tied, tmp_path)
    tensors = tk.open_checkpoint(path).tensors
    identities = [tensors[name].storage_id for name in tied]
    assert identities[0] == identities[1]
    assert len(set(identities)) == 3
    inspection = tk.inspect(path, order=["a", "c"])
    assert [row.used_as is not None for row in inspection.tensors] == [True, False, True, False]
    assert tk.inspect(saved({"a.weight": weight, "b.weight": weight}, tmp_path)).tensors[1].skipped == (
        "the same tensor as 'a.weight'"
    )


def test_parameters_and_buffers_with_attributes_come_back(tmp_path: Path) -> None:
    parameter = nn.Parameter(torch.randn(2, 3))
    parameter.tag = "kept"
    path = saved({"w": parameter, "b": nn.Buffer(torch.ones(3, 4))}, tmp_path)
    assert same(read(path, "w"), parameter.detach().numpy())
    assert same(read(path, "b"), np.ones((3, 4), np.float32))


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64], ids=str)
def test_sparse_tensors_come_back(layout: torch.layout, dtype: torch.dtype, tmp_path: Path) -> None:
    dense = torch.kron(torch.tensor([[1, 0, 2], [0, 0, 3]]), torch.ones(2, 2)).to(dtype)
    tensor = dense.to_sparse(layout=layout, blocksize=(2, 2) if layout == torch.sparse_bsr else None)
    listed = tk.open_checkpoint(saved({"w": tensor}, tmp_path)).tensors["w"]
    assert listed.layout == str(layout).removeprefix("torch.sparse_")
    values = listed.read()
    assert isinstance(values, sparse.csr_array)
    assert np.array_equal(values.toarray(), (dense.float() if dtype == torch.bfloat16 else dense).numpy())


def test_stored_zeros_of_a_sparse_tensor_are_edges(tmp_path: Path) -> None:
    tensor = torch.sparse_coo_tensor([[0, 1, 1], [0, 1, 2]], [1.0, 0.0, 2.0], (2, 3))
    network = tk.load(saved({"fc.weight": tensor}, tmp_path))
    assert [layer.size for layer in network.layers] == [3, 2]
    assert np.array_equal(network.blocks[0].adjacency().toarray(), [[1, 0], [0, 1], [0, 1]])
    assert tk.load(tmp_path / "net.pt", structure="values").n_edges == 2


def test_uncoalesced_entries_are_added(tmp_path: Path) -> None:
    tensor = torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 2.0], (2, 3))
    assert np.array_equal(read(saved({"w": tensor}, tmp_path), "w").toarray(), [[0, 3, 0], [0, 0, 0]])


def test_sparse_indices_out_of_range_are_refused(tmp_path: Path) -> None:
    tensor = torch.sparse_csr_tensor([0, 1, 2], [0, 10**6], [1.0, 2.0], (2, 3), check_invariants=False)
    path = saved({"w": tensor}, tmp_path)
    assert tk.open_checkpoint(path).tensors["w"].shape == (2, 3)
    with pytest.raises(CorruptCheckpointError, match=r"'w'.*broken indices"):
        tk.load(path)


def test_hybrid_sparse_tensors_are_not_read(tmp_path: Path) -> None:
    tensor = torch.sparse_coo_tensor([[0, 1]], [[1.0, 2.0], [3.0, 4.0]], (2, 2))
    with pytest.raises(UnsupportedFeatureError, match="save it dense"):
        read(saved({"w": tensor}, tmp_path), "w")


def test_numbers_of_an_unreadable_type_are_listed_and_not_read(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2, 3, dtype=torch.complex32)}, tmp_path)
    entry = tk.open_checkpoint(path).tensors["w"]
    assert (entry.shape, entry.dtype) == ((2, 3), "complex32")
    with pytest.raises(UnsupportedFeatureError, match="complex32"):
        entry.read()


def pruned_model() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3))
    prune.random_unstructured(model[0], "weight", 0.5)
    prune.random_unstructured(model[0], "bias", 0.5)
    return model


def test_pruned_weights_are_one_block_and_the_mask_decides(tmp_path: Path) -> None:
    model = pruned_model()
    with torch.no_grad():
        model[0].weight_orig[model[0].weight_mask.nonzero()[0][0]] = 0
    network = tk.load(saved(model.state_dict(), tmp_path))
    mask = model[0].weight_mask.numpy().T
    assert [layer.name for layer in network.layers] == ["input", "0", "3"]
    assert np.array_equal(network.blocks[0].adjacency().toarray(), mask == 1)
    assert network.blocks[0].mask_source == "mask"
    effective = (model[0].weight_orig * model[0].weight_mask).detach().numpy().T
    assert np.array_equal(network.blocks[0].weight_matrix().toarray(), effective)
    assert network.provenance.mask_source == "mask, values"
    assert any("edges of the mask have weight 0" in note for note in network.provenance.notes)
    values = tk.load(tmp_path / "net.pt", structure="values")
    assert values.blocks[0].n_edges == np.count_nonzero(effective) < network.blocks[0].n_edges


def test_every_role_is_told(tmp_path: Path) -> None:
    inspection = tk.inspect(saved(pruned_model().state_dict(), tmp_path))
    roles = {row.name: row.role for row in inspection.tensors}
    assert roles == {
        **{"0.weight_orig": "weight", "0.weight_mask": "mask", "0.bias_orig": "bias", "0.bias_mask": "mask"},
        **{"2.weight": "norm", "2.bias": "norm", "2.running_mean": "buffer", "2.running_var": "buffer"},
        **{"2.num_batches_tracked": "buffer", "3.weight": "weight", "3.bias": "bias"},
    }


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "net"])
def test_only_the_model_of_a_training_checkpoint_counts(optimizer: Any, key: str, tmp_path: Path) -> None:
    model = pruned_model()
    steps = optimizer(model.parameters(), lr=0.1, **({"momentum": 0.9} if optimizer is torch.optim.SGD else {}))
    model(torch.randn(8, 6)).sum().backward()
    steps.step()
    checkpoint = {
        "epoch": 3,
        "best": torch.tensor(0.9),
        "optimizer": steps.state_dict(),
        key: model.state_dict(),
        "scheduler": torch.optim.lr_scheduler.StepLR(steps, 3).state_dict(),
        "args": argparse.Namespace(lr=0.1, noise=torch.randn(6, 5)),
        "ema": model.state_dict(),
        "rng_state": torch.get_rng_state(),
    }
    path = saved(checkpoint, tmp_path)
    assert tk.load(path).equals(tk.load(saved(model.state_dict(), tmp_path.parent)))
    network = tk.load(path)
    reasons = {skipped.tensor: skipped.reason for skipped in network.provenance.skipped}
    assert {reason for name, reason in reasons.items() if name.startswith("optimizer.")} == {"optimizer state"}
    assert key in reasons["ema.3.weight"]
    assert tk.open_checkpoint(path).metadata["epoch"] == 3
    assert any("argparse.Namespace" in note for note in network.provenance.notes)


def test_an_optimizer_alone_has_no_weights(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    steps = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    steps.step()
    with pytest.raises(NoWeightsFoundError, match="optimizer"):
        tk.load(saved(steps.state_dict(), tmp_path))


def test_masks_beside_the_model_are_its_masks(tmp_path: Path) -> None:
    tensors = state_dict()
    masks = {name: (tensor != 0) for name, tensor in tensors.items() if tensor.ndim == 2}
    dense = {name: torch.ones_like(tensor) for name, tensor in tensors.items()}
    network = tk.load(saved({"state_dict": dense, "masks": masks}, tmp_path))
    assert network.n_edges == sum(int(mask.sum()) for mask in masks.values())
    assert network.provenance.mask_source == "mask"


def test_a_whole_pickled_module_is_its_state_dict(tmp_path: Path) -> None:
    model = pruned_model()
    whole = tk.load(saved(model, tmp_path))
    assert whole.equals(tk.load(saved(model.state_dict(), tmp_path)))
    wrapped = tk.load(saved({"model": model, "epoch": 1}, tmp_path))
    assert wrapped.equals(whole)


def test_an_ordinary_table_an_ordered_one_and_a_list_are_read(tmp_path: Path) -> None:
    weights = [torch.ones(3, 4), torch.ones(2, 3)]
    for value in (
        {"a.weight": weights[0], "b.weight": weights[1]},
        collections.OrderedDict([("a.weight", weights[0]), ("b.weight", weights[1])]),
        weights,
        tuple(weights),
    ):
        assert [layer.size for layer in tk.load(saved(value, tmp_path)).layers] == [4, 3, 2]


def test_a_lone_tensor_is_read(tmp_path: Path) -> None:
    assert tk.load(saved(torch.ones(3, 4), tmp_path)).n_edges == 12


def test_the_order_is_that_of_insertion(tmp_path: Path) -> None:
    path = saved({"z.weight": torch.ones(3, 4), "a.weight": torch.ones(3, 3), "m.weight": torch.ones(3, 3)}, tmp_path)
    assert [layer.name for layer in tk.load(path).layers] == ["input", "z", "a", "m"]


@pytest.mark.parametrize("value", [{}, {"epoch": 3}, {"bias": torch.ones(3)}, 3], ids=str)
def test_a_file_without_a_matrix_has_no_weights(value: Any, tmp_path: Path) -> None:
    path = saved(value, tmp_path)
    with pytest.raises(NoWeightsFoundError, match="no weight matrix"):
        tk.load(path)
    inspection = tk.inspect(path)
    assert (inspection.layers, inspection.blocks) == ((), ())
    assert "no weight matrix" in (inspection.problem or "")


def rewritten(path: Path, changes: dict[str, bytes | None]) -> Path:
    """The archive with members replaced, or left out where None."""
    copy = path.with_name("changed.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            content = changes.get(info.filename.split("/", 1)[1], old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
    return copy


def test_a_file_of_the_other_byte_order_is_read(tmp_path: Path) -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    half = tensor.bfloat16()
    path = saved({"w": tensor, "h": half}, tmp_path)
    swapped = {
        "byteorder": b"big",
        "data/0": tensor.numpy().byteswap().tobytes(),
        "data/1": half.view(torch.uint16).numpy().byteswap().tobytes(),
    }
    other = rewritten(path, swapped)
    assert np.array_equal(read(other, "w"), tensor.numpy())
    assert np.array_equal(read(other, "h"), tensor.numpy())
    with pytest.raises(CorruptCheckpointError, match="byte order"):
        tk.load(rewritten(path, {"byteorder": b"middle"}))


def test_a_byte_order_is_a_word_and_no_gigabyte(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2, 3)}, tmp_path)
    bomb = rewritten(path, {"byteorder": bytes(10**8)})
    tracemalloc.start()
    with pytest.raises(CorruptCheckpointError, match="byte order"):
        tk.open_checkpoint(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**7


def test_deflated_storages_are_read_within_the_limit(tmp_path: Path) -> None:
    path = saved({"w": torch.zeros(300, 300)}, tmp_path)
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    assert read(packed, "w").shape == (300, 300)
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(packed, limits=Limits(decompressed_bytes=100_000))


def test_files_without_checksums_are_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        path = saved({"w": torch.ones(2, 3)}, tmp_path)
    finally:
        torch.serialization.set_crc32_options(True)
    assert tk.load(path).n_edges == 6


def test_a_damaged_storage_is_found_by_its_checksum_when_read(tmp_path: Path) -> None:
    path = saved({"w": torch.full((2, 3), 7.0)}, tmp_path)
    data = path.read_bytes()
    assert data.count(np.full(6, 7, np.float32).tobytes()) == 1
    path.write_bytes(data.replace(np.full(6, 7, np.float32).tobytes(), np.full(6, 8, np.float32).tobytes()))
    assert tk.open_checkpoint(path).tensors["w"].shape == (2, 3)
    with pytest.raises(CorruptCheckpointError, match="checksum"):
        tk.load(path)


@pytest.mark.parametrize(
    "changes",
    [{"data/0": b"\0" * 20}, {"data/0": b"\0" * 28}, {"data/0": None}, {"data.pkl": b"\x80\x02}.extra"}],
    ids=["short storage", "long storage", "no storage", "after the end"],
)
def test_an_archive_that_contradicts_its_pickle_is_refused(changes: dict[str, bytes | None], tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2, 3)}, tmp_path)
    with pytest.raises(CorruptCheckpointError):
        tk.open_checkpoint(rewritten(path, changes))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x02K\x03\x86", b"K\x03K\x03\x86"),
        (b"K\x03K\x01\x86", b"K\x04K\x01\x86"),
        (b"K\x00K\x02", b"K\x01K\x02"),
        (b"K\x02K\x03\x86", b"J\xff\xff\xff\xffK\x03\x86"),
        (b"K\x03K\x01\x86", b"J\xff\xff\xff\xffK\x01\x86"),
        (b"K\x03K\x01\x86", b"K\x03\x85"),
        (b"K\x02K\x03\x86", b"G\0\0\0\0\0\0\0\0K\x03\x86"),
        (b"FloatStorage", b"FloatStorugg"),
        (b"FloatStorage", b"DoubleStorage"),
        (b"storage", b"stowage"),
    ],
)
def test_tensors_that_reach_beyond_their_storage_are_refused(old: bytes, new: bytes, tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2, 3)}, tmp_path)
    with zipfile.ZipFile(path) as archive:
        pickled = archive.read("net/data.pkl")
    assert old in pickled
    with pytest.raises(CorruptCheckpointError):
        tk.open_checkpoint(rewritten(path, {"data.pkl": pickled.replace(old, new, 1)}))


def test_a_tensor_that_repeats_one_number_without_end_is_refused(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(1).expand(2**15, 2**15)}, tmp_path)
    with pytest.raises(CorruptCheckpointError, match="repeats"):
        tk.open_checkpoint(path)


def test_containers_without_end_exceed_the_limits(tmp_path: Path) -> None:
    deep: Any = torch.ones(2, 2)
    for _ in range(300):
        deep = [deep]
    with pytest.raises(LimitExceededError, match="nests"):
        tk.open_checkpoint(saved(deep, tmp_path))
    wide: Any = torch.ones(2, 2)
    for _ in range(60):
        wide = [wide, wide]
    with pytest.raises(LimitExceededError, match="nests"):
        tk.open_checkpoint(saved(wide, tmp_path))


def test_a_table_that_holds_itself_exceeds_the_limits(tmp_path: Path) -> None:
    table: dict[str, Any] = {"w": torch.ones(2, 2)}
    table["self"] = table
    buffer = io.BytesIO()
    torch.save(table, buffer)
    (tmp_path / "net.pt").write_bytes(buffer.getvalue())
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(tmp_path / "net.pt")


def test_a_tensor_that_is_negated_or_conjugated_on_reading_is_refused(tmp_path: Path) -> None:
    """Its stored numbers are not its values."""
    numbers = torch.complex(torch.ones(2, 3), torch.ones(2, 3)).conj()
    for tensor in (numbers, numbers.imag):
        with pytest.raises(CorruptCheckpointError, match="resolve it before saving"):
            tk.open_checkpoint(saved({"w": tensor}, tmp_path))


def test_a_pickle_beyond_the_limit_is_not_unpacked(tmp_path: Path) -> None:
    path = saved({"w": torch.ones(2, 3), "notes": "a" * 10_000}, tmp_path)
    assert tk.load(path).n_edges == 6
    with pytest.raises(LimitExceededError, match="has a pickle of"):
        tk.open_checkpoint(path, limits=Limits(header_bytes=5_000))
