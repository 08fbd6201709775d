"""The zoo's networks inside archives and compressed files.

``python tests/data/make/archives.py`` packs files of the other formats under ``zoo/archive`` with Python's own
``tarfile``, ``zipfile``, ``gzip``, ``bz2`` and ``lzma``; run it after the other scripts.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from pathlib import Path

ZOO = Path(__file__).parents[1] / "zoo"
PACKED = ZOO / "archive"
NOTE = Path(__file__)


def tar(name: str, source: Path, mode: str, inside: str) -> None:
    """A tar archive with the checkpoint and a file that is none."""
    with tarfile.open(PACKED / name, mode) as archive:
        archive.add(NOTE, "folder/note.py")
        archive.add(source, inside)


def main() -> None:
    """Write all files."""
    PACKED.mkdir(parents=True, exist_ok=True)
    tflite, pickled, keras = ZOO / "tflite", ZOO / "torch-zip", ZOO / "keras"
    tar("mlp.tar", tflite / "mlp.tflite", "w", "folder/mlp.tflite")
    tar("mlp.nemo", pickled / "mlp.pt", "w:gz", "./model_weights.ckpt")
    tar("convnet.tar.gz", keras / "convnet.keras", "w:gz", "a" * 120 + "/convnet.keras")
    tar("lstm.tar.xz", tflite / "lstm.tflite", "w:xz", "lstm.tflite")
    with zipfile.ZipFile(PACKED / "transformer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tflite / "transformer.tflite", "folder/transformer.tflite")
        archive.write(NOTE, "note.py")
    onnx = ZOO / "onnx" / "convnet-dynamo.onnx"
    (PACKED / "convnet.onnx.gz").write_bytes(gzip.compress(onnx.read_bytes()))
    (PACKED / "convnet.onnx.bz2").write_bytes(bz2.compress(onnx.read_bytes()))
    (PACKED / "mlp.tflite.xz").write_bytes(lzma.compress((tflite / "mlp.tflite").read_bytes()))


if __name__ == "__main__":
    main()
