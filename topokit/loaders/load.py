"""From a file to a network."""

from __future__ import annotations

import os
from collections.abc import Sequence

from topokit.dag import LayeredDAG
from topokit.loaders.assembly.network import network_of
from topokit.loaders.assembly.options import BiasRow, Masks, Options, Structure
from topokit.loaders.checkpoint import Axes, Checkpoint
from topokit.loaders.opening import open_checkpoint

Source = str | os.PathLike[str] | Checkpoint


def load(
    path: Source,
    *,
    masks: Masks | None = None,
    order: Sequence[str] | None = None,
    bias_row: BiasRow = "auto",
    structure: Structure = "auto",
    axes: Axes | None = None,
    format: str | None = None,
) -> LayeredDAG:
    """Read a checkpoint as a layered DAG, running nothing that is in it.

    An edge is what a mask of the file (``weight_mask`` beside ``weight_orig``, ``mask_fc1``, ``fc1.mask``, ...) or a
    sparse container says, even where the weight is 0; without either, every weight that is not exactly 0. Layers
    are called as the modules of the checkpoint, the first one ``input``. `topokit.inspect` shows what would be read.

    Parameters
    ----------
    path : path or Checkpoint
        A file, a folder with one SciPy matrix per layer, or what `open_checkpoint` returned.
    masks : path or mapping, optional
        Masks of 0 and 1 by the name of their weight or module, each of its weight's stored shape; they win over
        masks in the file.
    order : sequence of str, optional
        Tensors or modules that form the chain, input side first. Otherwise the order of a PyTorch file, or
        the natural order of the names elsewhere, is taken if the sizes chain.
    bias_row : {'auto', 'last', None}
        Whether the last row of (in, out) matrices holds biases: 'auto' drops it from sparse matrices when each has one
        row more than the one before has columns, 'last' from all matrices, None never.
    structure : {'auto', 'values'}
        'values' ignores stored zeros and lets masks only multiply the weights: an edge is a non-zero product.
    axes : {'torch', 'source-target'}, optional
        (out, in, *kernel) or (*kernel, in, out). PyTorch and safetensors files are read as the first, NumPy and SciPy
        files as the second unless given.
    format : str, optional
        Name of the reader; told by content unless given.

    Returns
    -------
    LayeredDAG
        A chain; its provenance names the file, its checksum, the order, what was left out and why.

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
    options = Options(masks=masks, order=order, bias_row=bias_row, structure=structure, axes=axes)
    return network_of(opened(path, format), options)


def opened(path: Source, format: str | None) -> Checkpoint:
    """The checkpoint itself, opened unless it is."""
    return path if isinstance(path, Checkpoint) else open_checkpoint(path, format=format)
