"""Models of which only names and shapes matter: pruned and saved, or listed without any numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from topokit.loaders.checkpoint import Checkpoint, TensorEntry


def saved(model: nn.Module, path: Path, *, density: float = 0.3) -> Path:
    """The model, pruned at random, as a state dict."""
    torch.manual_seed(2)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data = torch.randn_like(parameter) * (torch.rand_like(parameter) < density)
    torch.save(model.state_dict(), path)
    return path


def named(model: nn.Module) -> Callable[[str, Tensor], tuple[str, ...]]:
    """What the tensor of a weight is called."""
    by_place = {values.data_ptr(): name for name, values in model.state_dict().items()}
    return lambda operation, weight: (by_place[weight.data_ptr()],)


def listed(tensors: Mapping[str, Any], **metadata: Any) -> Checkpoint:
    """A checkpoint of tensors of these shapes, or with the shapes of these, that cannot be read."""
    path = Path("listed.pt")
    shapes = {name: tuple(getattr(tensor, "shape", tensor)) for name, tensor in tensors.items()}
    entries = {
        name: TensorEntry(
            name=name,
            shape=shape,
            dtype="float32",
            nbytes=4,
            path=path,
            format="torch-zip",
            reader=_no_numbers,
            axes="torch",
        )
        for name, shape in shapes.items()
    }
    return Checkpoint(path=path, format="torch-zip", files=(), tensors=entries, order="insertion", metadata=metadata)


def _no_numbers() -> Any:
    raise AssertionError("names and shapes are all that there is to read")
