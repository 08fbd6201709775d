"""SNIP (Lee, Ajanthan and Torr, ICLR 2019): the edges on which the loss depends most before training.

The network keeps the edges with the largest |w dL/dw| of all layers together, and then stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from topokit.training.methods.method import Method
from topokit.training.methods.start import Chosen, Start, best_overall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from topokit.training.models.base import SparseModel


def start_by_sensitivity(start: Start) -> Chosen:
    """Score the edges on ``snip_batches`` batches drawn at random, or on all samples where there are fewer."""
    size = start.config.batch_size
    chosen = start.rng.permutation(len(start.x))[: start.config.snip_batches * size]
    batches = [(start.x[part], start.y[part]) for part in (chosen[k : k + size] for k in range(0, len(chosen), size))]
    return best_overall(sensitivities(start.model.train(), start.layers, batches), start.n_edges)


def sensitivities(
    model: SparseModel, layers: Sequence[str], batches: Sequence[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """|w dL/dw| over its sum, for all weights of these layers; L is the mean cross-entropy over all batches."""
    import torch
    from torch.nn import functional

    weights = [model.maskable[name] for name in layers]
    n = sum(len(y) for _, y in batches)
    gradients = [torch.zeros_like(weight) for weight in weights]
    for x, y in batches:
        loss = functional.cross_entropy(model(x), y, reduction="sum") / n
        for total, part in zip(gradients, torch.autograd.grad(loss, weights), strict=True):
            total += part
    scores = [(weight.detach() * gradient).abs() for weight, gradient in zip(weights, gradients, strict=True)]
    total_score = sum(float(score.sum()) for score in scores) or 1.0
    return {name: score / total_score for name, score in zip(layers, scores, strict=True)}


SNIP = Method(name="snip", start=start_by_sensitivity)
