"""From bytes to normalised inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def normalised(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> NDArray[np.float32]:
    """(pixel / 255 - mean) / std per channel, in float32 and in that order, as torchvision computes it.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, channels, pixels)
        The images.
    mean, std : sequence of float, one per channel
        In units of [0, 1].

    Returns
    -------
    ndarray of float32, shape (n, channels * pixels)
        Each of the 256 values is computed once and looked up.
    """
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    inputs = np.empty(pixels.shape, np.float32)
    for channel, (centre, scale) in enumerate(zip(mean, std, strict=True)):
        table = (values - np.float32(centre)) / np.float32(scale)
        inputs[:, channel] = table[pixels[:, channel]]
    return inputs.reshape(len(pixels), -1)
