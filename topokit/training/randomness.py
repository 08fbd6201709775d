"""Independent streams of random numbers, each a function of the seed, its purpose and where training stands.

So a run that continues from a checkpoint draws what an uninterrupted one would have drawn, without any stored state,
and two methods with the same seed see the same split, batches and initial weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    import torch

Purpose = Literal[
    "split",
    "masks",
    "weights",
    "activations",
    "batches",
    "growth",
    "dropout",
    "augment",
    "scores",
    "generations",
    "hidden",
]

_PURPOSES: dict[Purpose, int] = {purpose: k for k, purpose in enumerate(get_args(Purpose))}


def stream(seed: int, purpose: Purpose, position: int = 0) -> np.random.Generator:
    """The generator for that purpose.

    `position` is the epoch of batches and of augmentation, the number of the update of growth, and the step of dropout
    and of the hidden states of Boltzmann machines, from 1; 0 is their evaluation.
    """
    return np.random.default_rng((seed, _PURPOSES[purpose], position))


def torch_stream(seed: int, purpose: Purpose) -> torch.Generator:
    """The same for PyTorch."""
    import torch

    return torch.Generator().manual_seed(int(stream(seed, purpose).integers(2**63)))
