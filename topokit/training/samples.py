"""The samples of a run: what is trained on, validated on and tested on, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.randomness import stream


@dataclass(frozen=True, eq=False)
class Samples:
    """Training, validation and test samples of a data set.

    Batches are copies of rows, so they lie aligned in memory wherever the data set lies; results of matrix products
    can depend on that in the last bit.

    Attributes
    ----------
    train_x, train_y, test_x, test_y : Tensor
        The whole data set, (n, n_features) float32 and (n,) int64.
    training, validation, test : Tensor of int64
        Numbers of the samples to train on and to validate on, both among the training data, and to test on.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    training: Tensor
    validation: Tensor
    test: Tensor

    @classmethod
    def split(cls, data: Data, config: TrainConfig) -> Samples:
        """Take the samples asked for and set ``validation_fraction`` of the training data aside.

        With ``binarise`` inputs become 0 or 1. Those set aside are drawn at random by the seed, or are the last ones.

        Raises
        ------
        ConfigError
            Nothing would be left to train on, or with ``drop_last`` no whole batch; the validation part would be empty
            though one is asked for; or there are fewer samples than are to be taken.
        """
        train, test = taken(data, config)
        n, share = len(train), config.validation_fraction
        held = round(share * n)
        if held >= n or (share and not held):
            raise ConfigError(
                f"validation_fraction {share:g} of {n} samples keeps {held} for validation: leave some for each part"
            )
        if config.drop_last and n - held < config.batch_size:
            raise ConfigError(
                f"drop_last leaves nothing of {n - held} training samples, fewer than batch_size {config.batch_size}: "
                "lower it, or keep the last batch"
            )
        order = np.arange(n)[::-1] if config.validation == "last" else stream(config.seed, "split").permutation(n)
        return cls(
            train_x=_inputs(data.train_x, config),
            train_y=_tensor(data.train_y),
            test_x=_inputs(data.test_x, config),
            test_y=_tensor(data.test_y),
            training=_tensor(train[np.sort(order[held:])]),
            validation=_tensor(train[np.sort(order[:held])]),
            test=_tensor(test),
        )

    def to(self, device: str) -> Samples:
        """The same on that device."""
        return Samples(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def of(self, other: Samples) -> Samples:
        """The same numbers of samples, of the other's data set, which need not lie in memory twice."""
        whole = {"train_x": other.train_x, "train_y": other.train_y, "test_x": other.test_x, "test_y": other.test_y}
        return replace(self, **whole)

    def steps_per_epoch(self, batch_size: int, *, drop_last: bool = False) -> int:
        """Batches in one pass over the training samples; the last may be smaller, or is left out where it would be."""
        return len(self.training) // batch_size if drop_last else ceil(len(self.training) / batch_size)

    def batches(
        self, batch_size: int, rng: np.random.Generator, *, drop_last: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """One pass in random order: inputs (n, n_features) and classes (n,) of each batch."""
        order = self.training[_tensor(rng.permutation(len(self.training))).to(self.training.device)]
        for batch in range(self.steps_per_epoch(batch_size, drop_last=drop_last)):
            part = order[batch * batch_size : (batch + 1) * batch_size]
            yield self.train_x[part], self.train_y[part]


def taken(data: Data, config: TrainConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the training and test samples that ``train_samples`` and ``test_samples`` ask for, ascending.

    They are those of the script that Curci et al. published with their tutorial on scalable deep learning (2020), whose
    defaults are 5,000 and 1,000 of Fashion-MNIST: the first ones after NumPy's generator of that time, with seed 0, has
    shuffled the training samples and then the test samples. They do not depend on the seed of the run.

    Raises
    ------
    ConfigError
        There are fewer.
    """
    rng = np.random.RandomState(0)
    parts = {"train_samples": len(data.train_x), "test_samples": len(data.test_x)}
    chosen = []
    for name, n in parts.items():
        count = getattr(config, name) or n
        if count > n:
            raise ConfigError(f"{name} {count} of {data.name}: there are {n}; 0 takes them all")
        chosen.append(np.sort(rng.permutation(n)[:count]))
    return chosen[0], chosen[1]


def _inputs(array: NDArray[np.float32], config: TrainConfig) -> Tensor:
    return _tensor((array > 0.5).astype(np.float32) if config.binarise else array)


def _tensor(array: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.require(array, requirements="W"))
