"""PyTorch modules as networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from topokit.dag import LayeredDAG
from topokit.loaders.assembly.roles import mask_target, names_of
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.load import load

_FORMAT = "torch-module"
_NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)


def network_from_module(
    module: nn.Module, *, masks: Mapping[str, Any] | None = None, order: Sequence[str] | None = None
) -> LayeredDAG:
    """The wiring of a module as it is now: what `topokit.load` reads from a file of its ``state_dict()``.

    An edge is what a mask says, even where the weight is 0: one of `masks`, the ``weight_mask`` of
    ``torch.nn.utils.prune``, or a buffer, persistent or not, named as the mask of a weight (``mask``, ``fc1_mask``) or
    of its parametrization. Without a mask it is a weight that is not exactly 0. Matrices and kernels follow each other
    in the order of their registration; a convolution joins channels, the multiplicity of an edge counts its kernel's
    taps, and the block's `taps` say which of them there are and what they weigh. Layers bear the names of the modules,
    the first is ``input``.

    Parameters
    ----------
    module : torch.nn.Module
        On any device, of any dtype.
    masks : mapping of str to tensor or array, optional
        Masks of 0 and 1 by the name of their parameter or its module, each of its shape. Masks of biases do not count.
    order : sequence of str, optional
        Names of the parameters or modules that form the chain, input side first.

    Returns
    -------
    LayeredDAG
        A chain. It shares no memory with the module.

    Raises
    ------
    AmbiguousTopologyError
        The sizes do not chain in the order of registration; `order` says how.
    NoWeightsFoundError
        The module has no weight with two axes or more.
    NonFiniteWeightsError
        NaN or infinite weights.
    CheckpointError
        A mask belongs to no weight, has another shape, or holds other values than 0 and 1.
    """
    given = None if masks is None else {name: _values(mask) for name, mask in masks.items() if np.ndim(mask) > 1}
    network = load(_checkpoint(module), masks=given, order=order)
    return replace(network, provenance=replace(network.provenance, file="", sha256="", format=_FORMAT))


def _checkpoint(module: nn.Module) -> Checkpoint:
    place = Path(type(module).__name__)
    state = module.state_dict()
    # Not every mask is part of the state: a buffer may be registered as not persistent.
    weights = {called for name in state for called in names_of(name)}
    masks = {name: value for name, value in module.named_buffers() if mask_target(name) in weights}
    entries = [_entry(name, value, place) for name, value in (state | masks).items() if isinstance(value, Tensor)]
    return Checkpoint(
        path=place, format=_FORMAT, files=(), tensors={entry.name: entry for entry in entries}, order="insertion"
    )


def _entry(name: str, tensor: Tensor, place: Path) -> TensorEntry:
    return TensorEntry(
        name=name,
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        nbytes=tensor.numel() * tensor.element_size(),
        path=place,
        format=_FORMAT,
        reader=lambda: _values(tensor),
        layout="dense" if tensor.layout == torch.strided else "csr",
        axes="torch",
        storage_id=f"{tensor.data_ptr()}:{tensor.shape}" if tensor.layout == torch.strided else None,
    )


def _values(tensor: Any) -> Any:
    """A tensor as a NumPy array, or as a SciPy one when it is sparse; types that NumPy has not are widened."""
    if not isinstance(tensor, Tensor):
        return tensor
    held = tensor.detach().cpu()
    if held.layout != torch.strided:
        entries = held.to_sparse().coalesce()
        n_target, n_source = held.shape
        return sparse.csr_array((_values(entries.values()), _values(entries.indices())), shape=(n_target, n_source))
    return held.float().numpy() if held.is_floating_point() and held.dtype not in _NUMPY_FLOATS else held.numpy()
