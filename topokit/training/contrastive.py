"""Contrastive divergence: what a Boltzmann machine makes of the data, against the data.

Hinton, Training products of experts by minimizing contrastive divergence (Neural Computation 14, 2002), with the
choices of the public code of SET for restricted Boltzmann machines (Mocanu et al. 2018): hidden units are drawn, 0 or
1, in both halves of the statistics, and visible units keep their chances unless ``sample_visible`` is set.

Every engine brings its own products and shares the rest: arrays are (n_neurons, n_samples), and the draws follow from
the generator alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.dropout import draws
from topokit.training.score import Score

_DRAWS = 2**16


class Machine(Protocol):
    """Visible and hidden units, of which each side is independent given the other."""

    def hidden_chances(self, visible: Tensor) -> Tensor:
        """Chances (n_hidden, n_samples) that hidden units are 1, given visible ones (n_visible, n_samples)."""
        ...

    def visible_chances(self, hidden: Tensor) -> Tensor:
        """The other way round."""
        ...


@dataclass(frozen=True, eq=False)
class Contrast:
    """The negative gradient of the data's likelihood, as far as a short chain tells it.

    The gradient of the weights is ``errors @ inputs.T``, that of the hidden biases the sum of `errors` over the
    samples.

    Attributes
    ----------
    errors : Tensor, shape (n_hidden, 2 n)
        Hidden states at the end of the chain, and those of the n samples with a minus, all over n.
    inputs : Tensor, shape (n_visible, 2 n)
        Visible states at its end, and the samples.
    visible_gradient : Tensor, shape (n_visible,)
        Gradient of the visible biases.
    score : Score
        Of the samples as the first step of the chain rebuilds them.
    """

    errors: Tensor
    inputs: Tensor
    visible_gradient: Tensor
    score: Score


def contrast(machine: Machine, visible: Tensor, config: TrainConfig, rng: np.random.Generator) -> Contrast:
    """Run a chain of ``cd_steps`` steps from the samples `visible` (n_visible, n)."""
    first = drawn(machine.hidden_chances(visible), rng)
    rebuilt = machine.visible_chances(first)
    seen, hidden = _answered(machine, rebuilt, config, rng)
    for _ in range(config.cd_steps - 1):
        seen, hidden = _answered(machine, machine.visible_chances(hidden), config, rng)
    return Contrast(
        errors=torch.cat((hidden, -first), 1) / visible.shape[1],
        inputs=torch.cat((seen, visible), 1),
        visible_gradient=(seen - visible).mean(1),
        score=rebuilding_score(visible, rebuilt),
    )


def _answered(
    machine: Machine, chances: Tensor, config: TrainConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Visible states with these chances, or the chances themselves, and hidden states drawn for them."""
    seen = drawn(chances, rng) if config.sample_visible else chances
    return seen, drawn(machine.hidden_chances(seen), rng)


def rebuilt_from_draws(machine: Machine, visible: Tensor, rng: np.random.Generator) -> Score:
    """How well hidden states that are drawn for the samples `visible` (n_visible, n) tell what these were."""
    return rebuilding_score(visible, machine.visible_chances(drawn(machine.hidden_chances(visible), rng)))


def rebuilding_score(visible: Tensor, chances: Tensor) -> Score:
    """Squared differences, the mean over the visible units and the sum over the samples."""
    loss = (visible - chances).square().sum(dtype=torch.float64) / len(visible)
    return Score(loss if loss.is_cuda else loss.item(), None, visible.shape[1])


def drawn(chances: Tensor, rng: np.random.Generator) -> Tensor:
    """States 0 or 1 with these chances (n_neurons, n_samples), which count to the nearest of 65,536 parts.

    The numbers are taken sample by sample, so it makes no difference in which batches samples come, as long as all but
    the last are multiples of four.
    """
    numbers = draws(rng, chances.shape[1], chances.shape[0]).T.astype(np.float32, order="C")
    return (torch.from_numpy(numbers).to(chances.device) + 0.5 < chances * _DRAWS).to(torch.float32)


def check_inputs(data: Data) -> None:
    """Refuse inputs outside [0, 1], which are no chances.

    Raises
    ------
    ConfigError
        There are some.
    """
    low = min(float(part.min()) for part in (data.train_x, data.test_x))
    high = max(float(part.max()) for part in (data.train_x, data.test_x))
    if not (low >= 0 and high <= 1):
        raise ConfigError(
            f"a Boltzmann machine takes inputs in [0, 1], and those of {data.name} lie in [{low:g}, {high:g}]: "
            "set normalise = false"
        )
