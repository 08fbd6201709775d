"""PyTorch files for the tests: the sample files, and small ones made on the spot."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import torch
import zoo

DATA = Path(__file__).parent / "data"
LEGACY = {"_use_new_zipfile_serialization": False}
KERNELS = ("fc1", "fc2", "fc3")


def saved(value: Any, folder: Path, name: str = "net.pt", **how: Any) -> Path:
    """The file that torch.save writes."""
    with warnings.catch_warnings(action="ignore"):
        torch.save(value, folder / name, **how)
    return folder / name


def legacy(value: Any, folder: Path) -> Path:
    """The same in the form from before PyTorch 1.6."""
    return saved(value, folder, "old.pt", **LEGACY)


def as_bytes(value: Any, **how: Any) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **how)
    return buffer.getvalue()


def mlp_tensors() -> dict[str, Any]:
    """The tensors of the zoo's MLP under PyTorch's names, as arrays."""
    weights = zoo.mlp()
    named = {f"{name}.weight": weights[f"{name}.kernel"].T for name in KERNELS}
    return named | {f"{name}.bias": weights[f"{name}.bias"] for name in KERNELS}
