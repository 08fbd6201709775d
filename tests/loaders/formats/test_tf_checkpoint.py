"""TensorFlow checkpoints: what TensorFlow wrote, and tables that it would not write."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import zoo
from checkpoint_files import same
from wire import fixed32, integer, message, varint

import topokit as tk
from topokit import errors
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.tensorflow_files.crc32c import masked_crc32c
from topokit.loaders.formats.tensorflow_files.slices import slice_key

DATA = Path(__file__).parents[2] / "data"
MLP = DATA / "zoo" / "tf-checkpoint" / "mlp"
SAMPLES = DATA / "samples" / "tf-checkpoint"


def raw(data: bytes) -> Raw:
    return np.frombuffer(data, np.uint8)


def test_tensors_are_those_of_the_network_under_the_names_of_its_variables() -> None:
    tensors = tk.open_checkpoint(MLP).tensors
    expected = zoo.mlp()
    assert {name.removeprefix("mlp/") for name in tensors} - {"save_counter"} == {
        name.replace(".", "/") for name in expected
    }
    for name, values in expected.items():
        assert same(tensors[f"mlp/{name.replace('.', '/')}"].read(), values)


@pytest.mark.parametrize("name", ["ckpt-1.index", "ckpt-1.data-00000-of-00001", "checkpoint", "."])
def test_a_checkpoint_goes_by_any_of_its_names(name: str) -> None:
    checkpoint = tk.open_checkpoint(SAMPLES / "training" / name)
    assert checkpoint.format == "tf-checkpoint"
    assert len(checkpoint.tensors) == 21
    assert [file.name for file in checkpoint.files] == ["ckpt-1.index", "ckpt-1.data-00000-of-00001"]


def test_what_only_the_optimizer_leads_to_is_aside() -> None:
    tensors = tk.open_checkpoint(SAMPLES / "training").tensors
    aside = {name for name, entry in tensors.items() if entry.aside == "optimizer state"}
    assert {name.split("/")[0] for name in aside} == {"adam"}
    assert len(aside) == 14
    assert not tensors["mlp/fc1/kernel"].aside


def test_masks_of_a_pruned_graph_define_its_edges() -> None:
    path = SAMPLES / "masked"
    tensors = tk.open_checkpoint(path).tensors
    assert tensors["fc1/mask"].role == "mask"
    assert tensors["fc1/weights/Momentum"].aside == "optimizer state"
    assert (tensors["fc1/weights"].read() != 0).all()
    zoo.assert_wired(tk.load(path), "mlp")


def test_slices_of_partitioned_variables_are_put_together() -> None:
    tensors = tk.open_checkpoint(SAMPLES / "partitioned").tensors
    for name in ("fc1", "fc2", "fc3"):
        assert same(tensors[f"{name}/kernel"].read(), zoo.mlp()[f"{name}.kernel"])


def read_all(path: Path) -> None:
    for tensor in tk.open_checkpoint(path).tensors.values():
        tensor.read()


def crc_bit_by_bit(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize("count", [0, 1, 9, 255, 256, 257, 1000, 256 * 3, 100_001])
def test_checksums_are_crc_32c(count: int) -> None:
    data = np.random.default_rng(count).integers(0, 256, count, dtype=np.uint8)
    crc = crc_bit_by_bit(data.tobytes())
    assert masked_crc32c(data) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_the_published_checksum_of_nine_digits() -> None:
    """RFC 3720, appendix B.4 has zeros; the catalogue of parametrised CRC algorithms has these digits."""
    assert crc_bit_by_bit(b"123456789") == 0xE3069283


def test_a_flipped_bit_of_the_data_is_noticed(tmp_path: Path) -> None:
    folder = shutil.copytree(MLP, tmp_path / "mlp")
    data = next(folder.glob("*.data-*"))
    damaged = bytearray(data.read_bytes())
    damaged[100] ^= 1
    data.write_bytes(damaged)
    with pytest.raises(errors.CorruptCheckpointError, match="wrong checksum"):
        read_all(folder)


def test_several_checkpoints_in_a_folder_are_not_guessed_from(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for file in MLP.iterdir():
            shutil.copy(file, tmp_path / file.name.replace("ckpt", name))
    with pytest.raises(errors.UnsupportedFeatureError, match=r"holds 2 checkpoints: a\.index, b\.index; give one"):
        tk.open_checkpoint(tmp_path)
    assert tk.open_checkpoint(tmp_path / "b.index").tensors


HEADER = integer(1, 1)
KERNEL = np.arange(6, dtype="<f4").reshape(2, 3)


def entry(
    shape: tuple[int, ...] = (2, 3),
    *,
    dtype: int = 1,
    shard: int = 0,
    offset: int = 0,
    size: int = 24,
    more: bytes = b"",
) -> bytes:
    """An entry of the index, by default of a matrix at the start of the data."""
    dims = b"".join(message(2, integer(1, extent)) for extent in shape)
    checksum = fixed32(6, masked_crc32c(raw(KERNEL.tobytes()[:size])))
    return b"".join(
        (integer(1, dtype), message(2, dims), integer(3, shard), integer(4, offset), integer(5, size), checksum, more)
    )


def block(entries: list[tuple[bytes, bytes, int]]) -> bytes:
    """Entries of (rest of the key, value, what it shares with the key before)."""
    body = b"".join(
        varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value for rest, value, shared in entries
    )
    return body + bytes(4) + (1).to_bytes(4, "little")


def table(entries: list[tuple[bytes, bytes, int]], kind: int = 0) -> bytes:
    """A table of one block."""
    made, handles = b"", []
    for content in (block(entries), b""):
        if not content:
            content = block([(b"~", handles[0], 0)])
        handles.append(varint(len(made)) + varint(len(content)))
        stored = content + bytes([kind])
        made += stored + masked_crc32c(raw(stored)).to_bytes(4, "little")
    footer = (handles[0] + handles[1]).ljust(40, b"\0")
    return made + footer + bytes.fromhex("57fb808b247547db")


def save(folder: Path, content: bytes, data: bytes = KERNEL.tobytes()) -> Path:
    (folder / "m.data-00000-of-00001").write_bytes(data)
    path = folder / "m.index"
    path.write_bytes(content)
    return path


def bundle(entries: Mapping[bytes, bytes], header: bytes = HEADER) -> bytes:
    return table([(b"", header, 0), *((key, value, 0) for key, value in entries.items())])


def test_a_table_by_hand_reads_as_one_of_tensorflow(tmp_path: Path) -> None:
    tensors = tk.open_checkpoint(save(tmp_path, bundle({b"w": entry()}))).tensors
    assert same(tensors["w"].read(), KERNEL)


def test_big_endian_data(tmp_path: Path) -> None:
    data = KERNEL.astype(">f4").tobytes()
    checked = entry().replace(fixed32(6, masked_crc32c(raw(KERNEL.tobytes()))), fixed32(6, masked_crc32c(raw(data))))
    path = save(tmp_path, bundle({b"w": checked}, HEADER + integer(2, 1)), data)
    assert np.array_equal(tk.open_checkpoint(path).tensors["w"].read(), KERNEL)


def sliced(*extents: tuple[int, int]) -> bytes:
    """A variable of 2 x 3 in slices of rows."""
    parts = [message(1, integer(1, start) + integer(2, length)) + message(1, b"") for start, length in extents]
    return bundle(
        {b"w": entry(size=0, more=b"".join(message(7, part) for part in parts))}
        | {slice_key("w", (extent, (0, -1))): entry((1, 3), size=12) for extent in extents}
    )


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: table([(b"w", entry(), 0)]), errors.CorruptCheckpointError, "has no header"),
        (
            lambda: table([(b"", HEADER, 0), (b"w", entry(), 0), (b"w", entry(), 0)]),
            errors.CorruptCheckpointError,
            "twice",
        ),
        (lambda: table([(b"", HEADER, 0), (b"w", entry(), 3)]), errors.CorruptCheckpointError, "longer than the block"),
        (lambda: table([(b"", HEADER, 0)], kind=1), errors.UnsupportedFeatureError, "compressed index"),
        (lambda: bundle({}, message(1, b"\x08\x01")), errors.UnsupportedFeatureError, "before version 0.12"),
        (lambda: bundle({b"w": entry((2, -3))}), errors.CorruptCheckpointError, "shape"),
        (lambda: bundle({b"w": entry((2,) * 9)}), errors.LimitExceededError, "9 axes"),
        (lambda: bundle({b"w": entry((2**40, 2**20))}), errors.LimitExceededError, "bytes or elements"),
        (lambda: bundle({b"w": entry(shard=5)}), errors.CorruptCheckpointError, "file 5 of 1"),
        (lambda: bundle({b"w": entry(offset=8)}), errors.CorruptCheckpointError, "beyond the end"),
        (lambda: bundle({b"w": entry(offset=2**63)}), errors.CorruptCheckpointError, "beyond the end"),
        (lambda: bundle({b"w": entry(size=20)}), errors.CorruptCheckpointError, "takes 20 bytes"),
        (lambda: bundle({b"w": entry(dtype=21)}), errors.UnsupportedFeatureError, "variant"),
        (lambda: bundle({b"w": entry(dtype=999)}), errors.UnsupportedFeatureError, "type 999"),
        (lambda: bundle({b"\xff": entry()}), errors.CorruptCheckpointError, "utf-8"),
        (lambda: bundle({b"w": entry()}, integer(1, 2)), errors.CorruptCheckpointError, "missing"),
        (lambda: sliced((0, 1)), errors.CorruptCheckpointError, "leave gaps"),
        (lambda: sliced((0, 1), (0, 1)), errors.CorruptCheckpointError, "overlap"),
        (lambda: sliced((0, 1), (5, 1)), errors.CorruptCheckpointError, "outside an axis"),
    ],
)
def test_tables_that_tensorflow_would_not_write(
    make: Callable[[], bytes], kind: type[Exception], words: str, tmp_path: Path
) -> None:
    path = save(tmp_path, make())
    with pytest.raises(kind, match=words):
        read_all(path)


def test_keys_that_grow_by_sharing_are_bounded(tmp_path: Path) -> None:
    """A hundred kilobytes that would write out to twenty gigabytes of keys."""
    first = b"k" * 100_000
    growing = [(b"", HEADER, 0), (first, b"", 0), *((b"x", b"", 100_000 + k) for k in range(5000))]
    with pytest.raises(errors.LimitExceededError, match="keys of more than"):
        tk.open_checkpoint(save(tmp_path, table(growing)))


def test_a_list_of_checkpoints_stays_in_its_folder(tmp_path: Path) -> None:
    for name, kind in (("../m", errors.UnsafePathError), ("/tmp/m", errors.UnsafePathError)):
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\n')
        with pytest.raises(kind, match="outside its folder"):
            tk.open_checkpoint(tmp_path / "checkpoint")


def test_data_behind_a_link_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, bundle({b"w": entry()}))
    data = tmp_path / "m.data-00000-of-00001"
    data.rename(tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.UnsafeLinkError, match="is a link"):
        tk.open_checkpoint(path).tensors["w"].read()
