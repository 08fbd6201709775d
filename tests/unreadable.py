"""Checkpoints that cannot become a network, one of each sort that people have."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from onnx_models import model, node, save
from zoo_files import ROOT

Maker = Callable[[Path], Path]

NAN = np.float32("nan")


class Call:
    """Unpickles to a call of ``os.system``."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo attacked",)


def written(name: str, content: bytes | str) -> Maker:
    """A file of that content."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return make


def cut(sample: str, count: int) -> Maker:
    """A file of the zoo without its last bytes."""

    def make(folder: Path) -> Path:
        path = folder / Path(sample).name
        path.write_bytes((ROOT / sample).read_bytes()[:-count])
        return path

    return make


def changed(sample: str, change: Callable[[Path], object]) -> Maker:
    """A folder of the zoo after a change."""

    def make(folder: Path) -> Path:
        path = folder / Path(sample).name
        shutil.copytree(ROOT / sample, path)
        change(path)
        return path

    return make


def replaced(sample: str, old: bytes, new: bytes) -> Maker:
    """A file of the zoo in which some bytes are others."""
    data = (ROOT / sample).read_bytes()
    assert old in data
    return written(Path(sample).name, data.replace(old, new))


def linked(path: Path) -> None:
    """Put a symbolic link in the place of a file."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def linked_hard(path: Path) -> None:
    """Give a file a second name."""
    path.with_name("elsewhere").hardlink_to(path)


def rewritten(path: Path, old: str, new: str) -> None:
    """Change the text of a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def arrays(**tensors: Any) -> Maker:
    """An ``.npz`` file."""

    def make(folder: Path) -> Path:
        np.savez(folder / "x.npz", **tensors)
        return folder / "x.npz"

    return make


def saved(content: Any) -> Maker:
    """What ``torch.save`` writes."""

    def make(folder: Path) -> Path:
        torch.save(content, folder / "x.pt")
        return folder / "x.pt"

    return make


def safetensors(header: dict[str, Any], data: bytes = b"", name: str = "x.safetensors") -> Maker:
    """A safetensors file with that header, true or not."""
    text = json.dumps(header).encode()
    return written(name, struct.pack("<Q", len(text)) + text + data)


def tensor(shape: list[int], end: int, dtype: str = "F32") -> dict[str, Any]:
    """An entry of such a header that begins at 0."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}


def zipped(*members: tuple[str, bytes], name: str = "x.zip") -> Maker:
    """A zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for member, content in members:
            archive.writestr(member, content)
    return written(name, made.getvalue())


def tarred(member: str, **fields: Any) -> Maker:
    """A tar archive of one member with these fields."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(member)
        for key, value in fields.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    return written("x.tar", made.getvalue())


def hdf5(fill: Callable[[h5py.File], object]) -> Maker:
    """An HDF5 file that `fill` fills."""

    def make(folder: Path) -> Path:
        with h5py.File(folder / "x.h5", "w") as file:
            fill(file)
        return folder / "x.h5"

    return make


def onnx_outside(location: str) -> Maker:
    """An ONNX model that keeps its weights at that location."""

    def make(folder: Path) -> Path:
        made = model([node("MatMul", "x w", "y")], {"w": np.ones((6, 4), np.float32)})
        weights = made.graph.initializer[0]
        weights.ClearField("raw_data")
        weights.data_location = 1
        entry = weights.external_data.add()
        entry.key, entry.value = "location", location
        return save(made, folder)

    return make


def made_folder(*names: str) -> Maker:
    """A folder of empty files."""

    def make(folder: Path) -> Path:
        (folder / "x").mkdir()
        for name in names:
            (folder / "x" / name).touch()
        return folder / "x"

    return make


def pipe(folder: Path) -> Path:
    """A named pipe."""
    os.mkfifo(folder / "x.pt")
    return folder / "x.pt"


def loop(folder: Path) -> Path:
    """A link to itself, which the system refuses to follow."""
    (folder / "x.pt").symlink_to("x.pt")
    return folder / "x.pt"


HEADER = "%%MatrixMarket matrix coordinate real general\n"
CSR = {"format": b"csr", "shape": [2, 3], "data": [1.0, 1.0], "indices": [0, 1], "indptr": [0, 1, 2]}

UNREADABLE: dict[str, Maker] = {
    "nothing there": lambda folder: folder / "x.pt",
    "a pipe": pipe,
    "a link to itself": loop,
    "an empty file": written("x.pt", b""),
    "a note": written("x.pt", "weights: see the shared drive\n"),
    "a web page": written("x.pt", "<!DOCTYPE html><html>not found</html>"),
    "a pointer of Git LFS": written("x.pt", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"),
    "random bytes": written("x.pt", b"\x07\x13" * 500),
    "a folder of pictures": made_folder("a.png", "b.png"),
    "a recording": made_folder("run.json"),
    "a 7z archive": written("x.7z", b"7z\xbc\xaf\x27\x1c" + bytes(90)),
    "a graph in text": written("x.pbtxt", 'node {\n  name: "x"\n}\n'),
    "no weights": arrays(b=np.ones(3)),
    "sizes that do not fit": arrays(a=np.ones((3, 4)), b=np.ones((6, 2))),
    "NaN": arrays(a=np.full((2, 3), NAN)),
    "an object array with a call": lambda folder: _object_array(folder),
    "a pickle that runs a command": saved({"w": torch.ones(2, 3), "evil": Call()}),
    "another such": written("x.pkl", pickle.dumps(Call())),
    "a pickle cut short": cut("pickle/mlp.pkl", 40),
    "PyTorch cut short": cut("torch-zip/mlp.pt", 200),
    "old PyTorch cut short": cut("torch-legacy/mlp.pt", 40),
    "TorchScript cut short": cut("torchscript/mlp.pt", 100),
    "DCP without a part": changed("torch-dcp/mlp", lambda path: next(path.glob("*.distcp")).unlink()),
    "joblib cut short": cut("joblib/mlp-xz.joblib", 30),
    "a header of another length": safetensors({"w": tensor([2, 3], 20)}, bytes(20)),
    "a header that promises more": safetensors({"w": tensor([2, 3], 24)}, bytes(20)),
    "too many axes": safetensors({"w": tensor([1] * 12, 4)}, bytes(4)),
    "a shard that is missing": changed("hf-shards/mlp", lambda path: sorted(path.glob("*.safetensors"))[0].unlink()),
    "a shard that climbs out": changed("hf-shards/mlp", lambda path: _climbing(path)),
    "a shard that is a link": changed("hf-shards/mlp", lambda path: linked(sorted(path.glob("*.safetensors"))[0])),
    "a shard with two names": changed("hf-shards/mlp", lambda path: linked_hard(sorted(path.glob("*.safetensors"))[0])),
    "a zip of pictures": zipped(("a.png", b"\x89PNG"), ("b.png", b"\x89PNG")),
    "a zip that climbs out": zipped(("../x.npy", b""), name="x.npz"),
    "a zip without its end": cut("npz/mlp.npz", 30),
    "a tar with a link": tarred("w.npy", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "indices out of range": arrays(**{**CSR, "indices": [0, 3]}),
    "rows without end": written("x.mtx", HEADER + "99999999 3 1\n1 1 1.0\n"),
    "a matrix of too few lines": written("x.mtx", HEADER + "3 3 2\n1 1 1.0\n"),
    "edges in a circle": written("x.csv", "source,target\n0,1\n1,0\n"),
    "a graph with entities": written("x.graphml", '<!DOCTYPE g [<!ENTITY a "b">]><graphml>&a;</graphml>'),
    "a graph with a lost node": written("x.gexf", '<gexf><graph><edge source="a" target="b"/></graph></gexf>'),
    "HDF5 with an external link": hdf5(lambda file: file.__setitem__("w", h5py.ExternalLink("/etc/passwd", "/"))),
    "HDF5 with external numbers": hdf5(
        lambda file: file.create_dataset("w", (2, 3), "u1", external=[("/etc/passwd", 0, 6)])
    ),
    "HDF5 cut short": cut("hdf5/mlp.h5", 400),
    "Keras without weights": zipped(("metadata.json", b"{}"), ("config.json", b"{}"), name="x.keras"),
    "MATLAB cut short": cut("matlab/mlp.mat", 60),
    "ONNX beside lost weights": onnx_outside("weights.bin"),
    "ONNX that climbs out": onnx_outside("../weights.bin"),
    "ONNX cut short": cut("onnx/mlp-script.onnx", 10),
    "TFLite cut short": cut("tflite/mlp.tflite", 500),
    "GGUF cut short": cut("gguf/mlp.gguf", 100),
    "Flax cut short": cut("flax-msgpack/mlp.msgpack", 10),
    "Orbax without numbers": changed("orbax/mlp", lambda path: _without_numbers(path)),
    "TensorFlow without a shard": changed("tf-checkpoint/mlp", lambda path: next(path.glob("*.data*")).unlink()),
    "a SavedModel cut short": changed("savedmodel/mlp", lambda path: _shortened(path / "saved_model.pb")),
    "TensorFlow.js without a shard": changed("tfjs/mlp", lambda path: next(path.glob("*.bin")).unlink()),
    "Core ML without a model": changed(
        "coreml/mlp-program.mlpackage", lambda path: next(path.rglob("*.mlmodel")).unlink()
    ),
    "Paddle cut short": cut("paddle/mlp.pdparams", 40),
    "skops cut short": cut("skops/mlp.skops", 30),
}


def _object_array(folder: Path) -> Path:
    np.save(folder / "x.npy", np.array([Call()], dtype=object), allow_pickle=True)
    return folder / "x.npy"


def _climbing(path: Path) -> None:
    index = next(path.glob("*.index.json"))
    shard = sorted(path.glob("*.safetensors"))[0].name
    rewritten(index, shard, f"../{shard}")


def _shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _without_numbers(path: Path) -> None:
    for file in path.rglob("*"):
        if file.is_file() and file.parent.name == "d":
            file.unlink()
