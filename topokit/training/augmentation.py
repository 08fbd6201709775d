"""Training images changed at random, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.randomness import stream

Batches = Iterable[tuple[Tensor, Tensor]]

PADDING = 4
DEGREES = 10.0


class Augmentation:
    """What ``augment`` of a configuration does to images.

    'flip-crop' mirrors an image left to right with probability 1/2 and takes a part of its own size, anywhere in the
    image after padding by 4 reflected pixels on each side. It is what Nowak et al. 2023 do on CIFAR-10.
    'flip-rotate-crop' turns it in between by an angle from -10 to 10 degrees, interpolated linearly. Liu et al. 2020
    (section 4.1) name these three steps and no numbers; 10 degrees is what the Keras code of SET has.

    Parameters
    ----------
    config : TrainConfig
        Its ``augment`` and ``seed``.
    shape : tuple of int
        Of a sample: ``(height, width)`` or ``(channels, height, width)``.

    Raises
    ------
    ConfigError
        The samples are no images of more than 4 x 4 pixels.
    """

    def __init__(self, config: TrainConfig, shape: tuple[int, ...]) -> None:
        if config.augment != "none" and (len(shape) not in (2, 3) or min(shape[-2:]) <= PADDING):
            raise ConfigError(
                f"augment {config.augment!r} needs images of more than {PADDING} x {PADDING} pixels, "
                f"not samples of shape {shape}: set augment = 'none'"
            )
        self._config, self._shape = config, (1, *shape)[-3:]

    def batches(self, batches: Batches, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The same batches with their inputs (n, n_features) changed, as the seed and the epoch tell."""
        rng = stream(self._config.seed, "augment", epoch)
        for x, y in batches:
            yield self._changed(x, rng), y

    def _changed(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        if self._config.augment == "none":
            return x
        n = len(x)
        mirrored = rng.random(n) < 0.5
        shifts = rng.integers(-PADDING, PADDING + 1, (2, n))
        degrees = rng.uniform(-DEGREES, DEGREES, n) if "rotate" in self._config.augment else None
        return moved(x.view(n, *self._shape), mirrored, shifts, degrees).reshape(x.shape)


def moved(
    images: Tensor,
    mirrored: NDArray[np.bool_],
    shifts: NDArray[np.int64],
    degrees: NDArray[np.float64] | None = None,
) -> Tensor:
    """Images mirrored, turned and shifted, in this order; what comes in from outside is reflected at the border.

    Parameters
    ----------
    images : Tensor of float32, shape (n, channels, height, width)
    mirrored : ndarray of bool, shape (n,)
        Which are mirrored left to right.
    shifts : ndarray of int, shape (2, n)
        Rows and columns by which the part that is taken lies further down and right.
    degrees : ndarray, shape (n,), optional
        By how much they are turned, counterclockwise as rows are drawn downwards.

    Returns
    -------
    Tensor
        Of the shape of `images`.
    """
    n, channels, height, width = images.shape
    down, right = _placed(shifts, images)
    flips = _placed(mirrored, images)[:, None]
    rows = _reflected(torch.arange(height, device=images.device) + down[:, None], height)
    columns = _reflected(torch.arange(width, device=images.device) + right[:, None], width)
    if degrees is not None:
        angles = _placed(np.radians(degrees).astype(np.float32), images)
        return functional.grid_sample(
            images, _turned(rows, columns, angles, flips), padding_mode="reflection", align_corners=True
        )
    columns = torch.where(flips, width - 1 - columns, columns)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).view(n, 1, -1).expand(-1, channels, -1)
    return images.flatten(2).gather(2, pixels).view(images.shape)


def _placed(values: NDArray[Any], images: Tensor) -> Tensor:
    """Where the images are; a GPU is not waited for."""
    return torch.from_numpy(values).to(images.device, non_blocking=True)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Places up to ``size - 1`` beyond either end, mirrored at the first and the last, which are not repeated."""
    return (size - 1) - ((size - 1) - places.abs()).abs()


def _turned(rows: Tensor, columns: Tensor, angles: Tensor, flips: Tensor) -> Tensor:
    """Where pixels of the result lie in the image, (n, height, width, 2): x and y from -1 to 1."""
    middles = (rows.shape[1] - 1) / 2, (columns.shape[1] - 1) / 2
    y, x = (rows - middles[0])[:, :, None], (columns - middles[1])[:, None, :]
    sine, cosine = angles.sin()[:, None, None], angles.cos()[:, None, None]
    across = (cosine * x - sine * y) / middles[1]
    along = (sine * x + cosine * y) / middles[0]
    return torch.stack((torch.where(flips[:, :, None], -across, across), along), -1)
