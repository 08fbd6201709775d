"""From a file to a network."""

from __future__ import annotations

import os
from typing import Unpack

from topokit.dag import LayeredDAG
from topokit.errors import ParameterError
from topokit.loaders.assembly.network import network_of
from topokit.loaders.assembly.options import LoadOptions, split_options
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.isolation import load_isolated
from topokit.loaders.opening import open_checkpoint

Source = str | os.PathLike[str] | Checkpoint


def load(path: Source, **options: Unpack[LoadOptions]) -> LayeredDAG:
    """Read a checkpoint as a layered DAG, running nothing that is in it.

    An edge is what a mask of the file (``weight_mask`` beside ``weight_orig``, ``mask_fc1``, ``fc1.mask``, ...) or a
    sparse container says, even where the weight is 0; without either, every weight that is not exactly 0. Layers
    are called as the modules of the checkpoint, the first one ``input``. `topokit.inspect` shows what would be read.

    Parameters
    ----------
    path : path or Checkpoint
        A file, a folder that is one checkpoint, or what `open_checkpoint` returned.
    **options
        `topokit.loaders.LoadOptions` explains each: `masks`, `order`, `bias_row`, `structure`, `axes`, `threshold`,
        `nonfinite`, `quant_zero`, `conv`, `rnn`, `attention`, `embeddings`, `norm`, `reduce`, `input_shape`, `format`,
        `isolate`.

    Returns
    -------
    LayeredDAG
        Its provenance names the file, its checksum, how the order is known, what was left out and why.

    Raises
    ------
    CheckpointError
        The file cannot be read (`UnknownFormatError`, `UnsupportedFeatureError`, `CorruptCheckpointError`,
        `UnsafeCheckpointError`, `LimitExceededError`) or does not tell a network (`NoWeightsFoundError`,
        `AmbiguousTopologyError`, `NonFiniteWeightsError`).
    UnknownNameError
        `order` or `format` names what is not there.

    Examples
    --------
    >>> import numpy as np, topokit as tk
    >>> np.savez("net.npz", w1=np.ones((4, 3)), w2=np.eye(3))
    >>> tk.load("net.npz")
    LayeredDAG(4-3-3, 15 edges, density 71.43%)
    """
    format, chosen = split_options(options)
    if options.pop("isolate", False):
        return load_isolated(path_of(path), format, options)
    return network_of(opened(path, format), chosen)


def path_of(source: Source) -> str | os.PathLike[str]:
    """The path; `ParameterError` for what is open already, and was read here."""
    if isinstance(source, Checkpoint):
        raise ParameterError(f"{source.path} is open already, outside isolation: give isolate=True to open_checkpoint")
    return source


def opened(path: Source, format: str | None) -> Checkpoint:
    """The checkpoint itself, opened unless it is."""
    return path if isinstance(path, Checkpoint) else open_checkpoint(path, format=format)
