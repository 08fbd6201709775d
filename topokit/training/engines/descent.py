"""A step of gradient descent of all parameters of a network under masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from topokit.training.config import TrainConfig
from topokit.training.engines.sgd import SGD

Tensors = Mapping[str, Tensor]


_IN_CACHE = 2**15


class Descent:
    """Steps that leave 0 where there is no edge.

    Parameters move together: on a GPU all of them, so that each operation is launched once; on the CPU as many as stay
    in the cache from one operation to the next, and a larger one alone. Results do not depend on it.

    Parameters
    ----------
    config : TrainConfig
        The optimizer's numbers, and the device.
    parameters : mapping of str to Tensor
        What is to move.
    undecayed : frozenset of str
        Those of them on which weight decay does not act.
    """

    def __init__(self, config: TrainConfig, parameters: Tensors, undecayed: frozenset[str]) -> None:
        self._sgd, self._undecayed = SGD.of(config), undecayed
        sizes = {name: parameter.numel() for name, parameter in parameters.items()}
        most = _IN_CACHE if config.device == "cpu" else sum(sizes.values())
        by_decay = [[name for name in sizes if (name in undecayed) == spared] for spared in (False, True)]
        self._groups = [group for names in by_decay for group in _groups(names, sizes, most)]

    @torch.no_grad()
    def step_(
        self,
        values: Tensors,
        gradients: Tensors,
        velocities: Tensors,
        gates: Tensors,
        *,
        learning_rate: float,
        everywhere: bool = False,
    ) -> None:
        """Update values and velocities in place; gradients are used up.

        Parameters
        ----------
        values, gradients, velocities : mapping of str to Tensor
            The parameters, the loss's gradient by them and their momentum, by name.
        gates : mapping of str to Tensor
            1 where there is an edge and 0 elsewhere, of those that have any.
        learning_rate : float
            The step size.
        everywhere : bool
            Whether momentum gathers where there is no edge too.
        """
        for names in self._groups:
            if not everywhere:
                _hide_(gradients, gates, names)
            moved = [[tensors[name] for name in names] for tensors in (values, gradients, velocities)]
            self._sgd.step_(*moved, learning_rate=learning_rate, decays=names[0] not in self._undecayed)
            if everywhere:
                _hide_(values, gates, names)


def _hide_(tensors: Tensors, gates: Tensors, names: Sequence[str]) -> None:
    masked = [name for name in names if name in gates]
    if masked:
        torch._foreach_mul_([tensors[name] for name in masked], [gates[name] for name in masked])


def _groups(names: Iterable[str], sizes: Mapping[str, int], most: int) -> list[list[str]]:
    """Names one after another, in groups of at most so many numbers together, or of one name."""
    groups: list[list[str]] = []
    room = 0
    for name in names:
        if sizes[name] > room or not groups:
            groups.append([])
            room = most
        groups[-1].append(name)
        room -= sizes[name]
    return groups
