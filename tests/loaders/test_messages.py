"""What a person reads about a file that cannot become a network: what is wrong, where, and what to do next."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from unreadable import UNREADABLE

import topokit as tk
from topokit import errors
from topokit.loaders import Limits

# Of each sort the class and the whole message, with FILE for the path that was given.
MESSAGES: dict[str, tuple[type[tk.CheckpointError], str]] = {
    "nothing there": (
        errors.CheckpointError,
        "FILE: there is no such file or folder; check the path",
    ),
    "a pipe": (
        errors.CheckpointError,
        "FILE: is a device or a pipe, not a file; copy its contents to a file first",
    ),
    "a link to itself": (
        errors.CheckpointError,
        "FILE: is a link that leads nowhere; check the path",
    ),
    "an empty file": (
        errors.CorruptCheckpointError,
        "FILE: the file is empty; copy or download it again",
    ),
    "a note": (
        errors.UnknownFormatError,
        "FILE: is a text file, not a checkpoint; `topokit list formats` names what can be read",
    ),
    "a web page": (
        errors.UnknownFormatError,
        "FILE: is a web page; download the file itself",
    ),
    "a pointer of Git LFS": (
        errors.UnknownFormatError,
        "FILE: is a pointer to a file that Git LFS has not fetched; run `git lfs pull`",
    ),
    "random bytes": (
        errors.UnknownFormatError,
        "FILE: has a form that no reader knows; `topokit list formats` names what can be read",
    ),
    "a folder of pictures": (
        errors.UnknownFormatError,
        "FILE: is a folder, not a checkpoint; `topokit list formats` names the folders that can be read; "
        "tk.load_series reads several checkpoints",
    ),
    "a recording": (
        errors.UnsupportedFeatureError,
        "FILE: is a recording of many networks, not one checkpoint; open it with tk.open_recording, or load one "
        "of its frames/*.safetensors",
    ),
    "a 7z archive": (
        errors.UnsupportedFeatureError,
        "FILE: is recognised as compressed file (7z or zstd), which topokit does not read; unpack it and give "
        "the checkpoint inside",
    ),
    "a graph in text": (
        errors.UnsupportedFeatureError,
        "FILE: is recognised as TensorFlow graph as text, which topokit does not read; save it in binary form: "
        "tf.io.write_graph(..., as_text=False), or tf.saved_model.save",
    ),
    "no weights": (
        errors.NoWeightsFoundError,
        "FILE [npz]: has no weight matrix, only tensors of another kind (bias); see `topokit inspect`, and name "
        "the matrices with order=[...] if they are there",
    ),
    "sizes that do not fit": (
        errors.AmbiguousTopologyError,
        "FILE [npz]: the sizes of the weight tensors do not chain: 'a' 3->4, 'b' 6->2; give order=[...] or "
        'axes=, or read each tensor on its own with order="none"',
    ),
    "NaN": (
        errors.NonFiniteWeightsError,
        "FILE [npz] at 'a': has 6 NaN or infinite weights of 6; mend or replace them, or count them as edges "
        'with nonfinite="edge"',
    ),
    "an object array with a call": (
        errors.UnsafePickleError,
        "FILE [npy] at byte N of the pickle: the pickle calls 'posix.system', which no tensor needs; nothing "
        "was run; do not open it elsewhere, and ask for the weights as safetensors",
    ),
    "a pickle that runs a command": (
        errors.UnsafePickleError,
        "FILE [torch-zip] at byte N of the pickle: the pickle calls 'posix.system', which no tensor needs; "
        "nothing was run; do not open it elsewhere, and ask for the weights as safetensors",
    ),
    "another such": (
        errors.UnsafePickleError,
        "FILE [pickle] at byte N of the pickle: the pickle calls 'posix.system', which no tensor needs; nothing "
        "was run; do not open it elsewhere, and ask for the weights as safetensors",
    ),
    "a pickle cut short": (
        errors.CorruptCheckpointError,
        "FILE [pickle] at byte N of the pickle: the pickle ends early; copy or download it again",
    ),
    "PyTorch cut short": (
        errors.CorruptCheckpointError,
        "FILE: is a zip archive without a readable directory: its end is missing or damaged; copy or download it again",
    ),
    "old PyTorch cut short": (
        errors.CorruptCheckpointError,
        "FILE [torch-legacy] at storage 93912036233936: ends beyond the file; copy or download it again",
    ),
    "TorchScript cut short": (
        errors.CorruptCheckpointError,
        "FILE: is a zip archive without a readable directory: its end is missing or damaged; copy or download it again",
    ),
    "DCP without a part": (
        errors.CorruptCheckpointError,
        "FILE [torch-dcp] at '__0_0.distcp': names a file that is missing; put all files of the checkpoint into "
        "one folder",
    ),
    "joblib cut short": (
        errors.CorruptCheckpointError,
        "FILE [joblib] at the xz stream: ends early; copy or download it again",
    ),
    "a header of another length": (
        errors.CorruptCheckpointError,
        "FILE [safetensors] at 'w': takes 20 bytes where shape [2, 3] needs 24; copy or download it again",
    ),
    "a header that promises more": (
        errors.CorruptCheckpointError,
        "FILE [safetensors]: has 20 bytes of data where its header promises 24; copy or download it again",
    ),
    "too many axes": (
        errors.LimitExceededError,
        "FILE [safetensors] at 'w': has 12 axes where 8 are allowed; raise the limits if you trust the file",
    ),
    "a shard that is missing": (
        errors.CorruptCheckpointError,
        "FILE/model.safetensors.index.json [hf-shards] at 'model-00001-of-00003.safetensors': names a file that "
        "is missing; put all files of the checkpoint into one folder",
    ),
    "a shard that climbs out": (
        errors.UnsafePathError,
        "FILE/model.safetensors.index.json [hf-shards] at '../model-00001-of-00003.safetensors': names a file "
        "that is outside its folder, or not told plainly; a checkpoint names its files by plain paths inside its "
        "own folder",
    ),
    "a shard that is a link": (
        errors.UnsafeLinkError,
        "FILE/model.safetensors.index.json [hf-shards] at 'model-00001-of-00003.safetensors': is a link, or lies "
        "behind one; copy the file itself to that place, or allow links with Limits(links=...) if you trust the "
        "folder",
    ),
    "a shard with two names": (
        errors.UnsafeLinkError,
        "FILE/model.safetensors.index.json [hf-shards] at 'model-00001-of-00003.safetensors': is one of 2 names "
        "of a file (a hard link); copy the file itself to that place, or allow links with Limits(links=...) if "
        "you trust the folder",
    ),
    "a zip of pictures": (
        errors.UnknownFormatError,
        "FILE [archive]: is an archive of 2 files such as 'a.png', 'b.png', none of which is a checkpoint that "
        "stands alone; unpack it and give the checkpoint inside",
    ),
    "a zip that climbs out": (
        errors.UnsafePathError,
        "FILE [npz] at '../x.npy': has a name that is absolute, climbs out of the archive or hides part of "
        "itself; do not unpack it; ask for an archive of plain files",
    ),
    "a zip without its end": (
        errors.CorruptCheckpointError,
        "FILE: is a zip archive without a readable directory: its end is missing or damaged; copy or download it again",
    ),
    "a tar with a link": (
        errors.UnsafeLinkError,
        "FILE [archive] at 'w.npy': is a link, which may lead out of the archive; do not unpack it; ask for an "
        "archive of plain files",
    ),
    "indices out of range": (
        errors.CorruptCheckpointError,
        "FILE [scipy-sparse] at 'x': contents make no sense (indices must be < 3); copy or download it again",
    ),
    "rows without end": (
        errors.LimitExceededError,
        "FILE [matrix-market] at 'x': declares 99,999,999 rows or columns of a sparse matrix where 4,194,304 are "
        "allowed; raise the limits if you trust the file",
    ),
    "a matrix of too few lines": (
        errors.CorruptCheckpointError,
        "FILE [matrix-market]: holds numbers in shape (1, 3) where (2, 3) is promised; write the file again",
    ),
    "edges in a circle": (
        errors.CorruptCheckpointError,
        "FILE [edge-list]: has a cycle, or paths through more than 16,384 nodes, so it is no layered network; "
        "remove the edges that run back",
    ),
    "a graph with entities": (
        errors.UnsafeCheckpointError,
        "FILE [graphml]: declares a document type, with which it could define entities; remove the <!DOCTYPE "
        "...> if you trust the file",
    ),
    "a graph with a lost node": (
        errors.CorruptCheckpointError,
        "FILE [gexf]: has an edge at the node 'a', which is not there; write the file again",
    ),
    "HDF5 with an external link": (
        errors.UnsafePathError,
        "FILE [hdf5] at '/w': is a soft or external link, which is never followed; copy what it means into the file",
    ),
    "HDF5 with external numbers": (
        errors.UnsafePathError,
        "FILE [hdf5] at 'w': keeps its numbers in another file, which is never opened; save the numbers inside "
        "the file",
    ),
    "HDF5 cut short": (
        errors.CorruptCheckpointError,
        "FILE [hdf5]: an offset leads to byte 7,632 of 7,504; copy or download it again",
    ),
    "Keras without weights": (
        errors.UnknownFormatError,
        "FILE [archive]: is an archive of 2 files such as 'metadata.json', 'config.json', none of which is a "
        "checkpoint that stands alone; unpack it and give the checkpoint inside",
    ),
    "MATLAB cut short": (
        errors.CorruptCheckpointError,
        "FILE [matlab]: contents make no sense (bytes 1472 to 1552 lie beyond the end of the file); copy or "
        "download it again",
    ),
    "ONNX beside lost weights": (
        errors.CorruptCheckpointError,
        "FILE [onnx] at 'weights.bin': names a file that is missing; put all files of the checkpoint into one folder",
    ),
    "ONNX that climbs out": (
        errors.UnsafePathError,
        "FILE [onnx] at '../weights.bin': names a file that is outside its folder, or not told plainly; a "
        "checkpoint names its files by plain paths inside its own folder",
    ),
    "ONNX cut short": (
        errors.CorruptCheckpointError,
        "FILE [onnx]: contents make no sense (byte 22 begins 1,661 bytes where 1,655 are left); copy or download "
        "it again",
    ),
    "TFLite cut short": (
        errors.CorruptCheckpointError,
        "FILE [tflite]: an offset leads to byte 2,656 of 2,240; copy or download it again",
    ),
    "GGUF cut short": (
        errors.CorruptCheckpointError,
        "FILE [gguf] at 'fc3.bias': ends beyond the file; copy or download it again",
    ),
    "Flax cut short": (
        errors.CorruptCheckpointError,
        "FILE [flax-msgpack]: contents make no sense (142 bytes are announced where 132 follow); copy or "
        "download it again",
    ),
    "Orbax without numbers": (
        errors.CorruptCheckpointError,
        "FILE [orbax] at 'params.fc1.bias': cannot be read: its numbers are missing or damaged; copy the whole "
        "folder again",
    ),
    "TensorFlow without a shard": (
        errors.CorruptCheckpointError,
        "FILE/ckpt.index [tf-checkpoint] at 'ckpt.data-00000-of-00001': names a file that is missing; put all "
        "files of the checkpoint into one folder",
    ),
    "a SavedModel cut short": (
        errors.CorruptCheckpointError,
        "FILE [savedmodel]: contents make no sense (byte 6 begins 23,068 bytes where 23,048 are left); copy or "
        "download it again",
    ),
    "TensorFlow.js without a shard": (
        errors.CorruptCheckpointError,
        "FILE/model.json [tfjs] at 'group1-shard1of1.bin': names a file that is missing; put all files of the "
        "checkpoint into one folder",
    ),
    "Core ML without a model": (
        errors.CorruptCheckpointError,
        "FILE [coreml] at 'Data/com.apple.CoreML/model.mlmodel': names a file that is missing; put all files of "
        "the checkpoint into one folder",
    ),
    "Paddle cut short": (
        errors.CorruptCheckpointError,
        "FILE [paddle] at byte N of the pickle: the pickle makes no sense (12 bytes are announced where 10 "
        "follow); copy or download it again",
    ),
    "skops cut short": (
        errors.CorruptCheckpointError,
        "FILE: is a zip archive without a readable directory: its end is missing or damaged; copy or download it again",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_a_person_reads(name: str, tmp_path: Path) -> None:
    path = UNREADABLE[name](tmp_path)
    kind, message = MESSAGES[name]
    with pytest.raises(tk.CheckpointError) as caught:
        tk.load(path)
    said = re.sub(r"at byte \d+ of the pickle", "at byte N of the pickle", str(caught.value).replace(str(path), "FILE"))
    assert (type(caught.value), said) == (kind, message)
    assert caught.value.path.startswith(str(path))
    assert caught.value.remedy


def test_every_class_of_errors_and_every_family_of_formats_is_here() -> None:
    classes = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, tk.CheckpointError)
    }
    assert {kind for kind, _ in MESSAGES.values()} | {errors.TooLargeError} == classes
    assert len(MESSAGES) >= 40


def without_remedy(tree: ast.AST) -> list[int]:
    """Lines that raise an error about a file without a word on what to do next."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    kinds = {node: getattr(errors, node.func.id, None) for node in calls if isinstance(node.func, ast.Name)}
    return [
        node.lineno
        for node, kind in kinds.items()
        if isinstance(kind, type)
        and issubclass(kind, tk.CheckpointError)
        and kind.usual_remedy is None
        and not any(keyword.arg in ("remedy", None) for keyword in node.keywords)
    ]


def test_every_refusal_names_a_way_out() -> None:
    root = Path(tk.__file__).parent
    found = {path.name: without_remedy(ast.parse(path.read_text())) for path in root.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_too_many_edges_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    path = UNREADABLE["NaN"](tmp_path)
    checkpoint = tk.open_checkpoint(path, limits=Limits(edges=5))
    with pytest.raises(errors.TooLargeError) as caught:
        tk.load(checkpoint, nonfinite="edge")
    assert str(caught.value).replace(str(path), "FILE") == (
        "FILE [npz] at 'a': has 6 edges up to here where 5 are allowed; "
        "load fewer layers with order=[...] or raise the limits of open_checkpoint"
    )


def test_what_a_file_says_can_neither_break_the_line_nor_talk_to_the_terminal() -> None:
    error = tk.CheckpointError("a\nb", "says \x1b[31mred\u2028", place="x" * 10_000, remedy="mend it")
    assert str(error).startswith("a\\nb at xxx")
    assert str(error).endswith("...: says \\x1b[31mred\\u2028; mend it")
    assert len(str(error)) < 400
