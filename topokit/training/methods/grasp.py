"""GraSP (Wang, Zhang and Grosse, ICLR 2020): the edges without which the least gradient would flow.

The score -w (H g), with the gradient g of the loss and its Hessian H, says how much the squared norm of the gradient
changes when the edge goes; the edges with the largest scores go, and the network then stays as it is. As in the
authors' code the output layer has Glorot's normal weights while edges are scored, and H g comes from two halves of the
samples, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from topokit.training.methods.method import Method
from topokit.training.methods.start import Chosen, Start, best_overall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from topokit.training.models.base import SparseModel


@dataclass(frozen=True)
class StartByGradientFlow:
    """The rule of GraSP.

    Attributes
    ----------
    temperature : float
        What the class scores are divided by.
    samples_per_class : int
        Drawn at random; all of a class that has fewer.
    """

    temperature: float = 200.0
    samples_per_class: int = 25

    def __call__(self, start: Start) -> Chosen:
        """Keep the edges with the smallest scores."""
        order = start.rng.permutation(len(start.y))
        classes = start.y.numpy()[order]
        firsts = [np.flatnonzero(classes == label)[: self.samples_per_class] for label in np.unique(classes)]
        chosen = order[np.sort(np.concatenate(firsts))]
        _draw_output_layer(start)
        halves = [(start.x[part], start.y[part]) for part in np.array_split(chosen, 2) if len(part)]
        scores = flow_changes(start.model.train(), start.layers, halves, temperature=self.temperature)
        return best_overall({name: -score for name, score in scores.items()}, start.n_edges)


def flow_changes(
    model: SparseModel,
    layers: Sequence[str],
    batches: Sequence[tuple[Tensor, Tensor]],
    *,
    temperature: float,
) -> dict[str, Tensor]:
    """-w (H g) over the magnitude of its sum, for all weights of these layers.

    L is the mean cross-entropy over all batches of scores over `temperature`; g and H are over the weights of all
    layers that could be sparse, also of those not asked for.
    """
    import torch
    from torch.nn import functional

    weights = list(model.maskable.values())
    n = sum(len(y) for _, y in batches)

    def gradient(x: Tensor, y: Tensor, *, again: bool) -> tuple[Tensor, ...]:
        loss = functional.cross_entropy(model(x) / temperature, y, reduction="sum") / n
        return torch.autograd.grad(loss, weights, create_graph=again)

    parts = [gradient(x, y, again=False) for x, y in batches]
    direction = [torch.stack(tensors).sum(0) for tensors in zip(*parts, strict=True)]
    products = [torch.zeros_like(weight) for weight in weights]
    for x, y in batches:
        products_along = [(a * b).sum() for a, b in zip(gradient(x, y, again=True), direction, strict=True)]
        along = torch.stack(products_along).sum()
        for total, part in zip(products, torch.autograd.grad(along, weights), strict=True):
            total += part
    named = dict(zip(model.maskable, zip(weights, products, strict=True), strict=True))
    scores = {name: -named[name][0].detach() * named[name][1] for name in layers}
    total_score = abs(sum(float(score.sum()) for score in scores.values())) or 1.0
    return {name: score / total_score for name, score in scores.items()}


def _draw_output_layer(start: Start) -> None:
    import torch

    *_, weight = start.model.maskable.values()
    deviation = sqrt(2 / (weight.shape[0] + weight.shape[1]))
    with torch.no_grad():
        weight.copy_(torch.from_numpy(start.rng.normal(0, deviation, tuple(weight.shape))))


GRASP = Method(name="grasp", start=StartByGradientFlow())
