"""Where this machine can compute."""

from __future__ import annotations

from topokit.errors import MissingExtraError


def fastest_device() -> str:
    """'cuda' where PyTorch finds a GPU, else 'cpu'.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", "training") from error
    return "cuda" if torch.cuda.is_available() else "cpu"
