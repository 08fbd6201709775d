"""Networks recorded while they train, in a folder that anyone can read without topokit.

::

    RUN/
      run.json                        what was trained: schema, method, config, seeds, dataset, layers, versions
      frames/000000400.safetensors    the network after 400 optimizer steps; one file per recorded moment
      metrics.csv                     columns step, epoch, then whatever was measured; an empty cell was not measured

A frame is a safetensors file. Its metadata (strings all of them) has ``step``, where known ``epoch`` and ``update``
(number of the rewiring), ``metrics`` (a JSON object of numbers) and ``topokit`` (a JSON object: the ``layers`` with
name, size, kind and shape, the ``blocks`` of edges with name, source, target, kind, possible, mask_source and edges,
and the ``provenance``). The edges of block k stand in the tensor ``k.bitmap``, uint8 (n_source, ceil(n_target / 8)),
target j being bit j % 8 of byte j // 8, or in ``k.indptr`` and ``k.indices`` (compressed sparse rows), whichever is
smaller. ``k.weights`` and ``k.multiplicity`` hold one value per edge, row by row, targets ascending. Where several
numbers may stand behind an edge (a kernel, a flattened map, gates), the block has ``taps`` in the header (their
``count`` for each source, their ``shape``, and ``edges``, their number in all), and ``k.taps.bitmap``, or
``k.taps.indptr`` and ``k.taps.indices``, is their pattern with row ``source * count + tap``; ``k.taps.weights`` are
their values. Where the metadata has ``activations`` (a JSON list of names of layers), the float64 tensor
``activations.LAYER`` holds the mean |h| of each of that layer's neurons over some samples.

Every frame is written to a temporary name that begins with a dot, flushed and renamed, so a run that was killed
leaves whole frames and possibly such a temporary file, which readers ignore. Rows of ``metrics.csv`` are appended;
a last line without its line end was cut off and does not count.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from topokit.errors import MissingExtraError
from topokit.recording.recorder import TopologyRecorder
from topokit.recording.recording import Recording, open_recording
from topokit.recording.writer import RecordingWriter

if TYPE_CHECKING:
    from topokit.recording.adapters.huggingface import HuggingFaceRecorder
    from topokit.recording.adapters.lightning import LightningRecorder
    from topokit.recording.adapters.torch import network_from_module
    from topokit.recording.adapters.torch_activations import mean_activations

_HOMES = {
    "HuggingFaceRecorder": "topokit.recording.adapters.huggingface",
    "LightningRecorder": "topokit.recording.adapters.lightning",
    "mean_activations": "topokit.recording.adapters.torch_activations",
    "network_from_module": "topokit.recording.adapters.torch",
}

__all__ = [
    "HuggingFaceRecorder",
    "LightningRecorder",
    "Recording",
    "RecordingWriter",
    "TopologyRecorder",
    "mean_activations",
    "network_from_module",
    "open_recording",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'topokit.recording' has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("torch", name) from error
