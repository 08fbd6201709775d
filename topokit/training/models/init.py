"""Initial weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topokit.training.masks import Masks


def draw_weights(model: nn.Module, masks: Masks, rule: str, rng: torch.Generator) -> None:
    """Draw the maskable weights, uniform in (-b, b), and zero them where there is no edge.

    Parameters
    ----------
    model : torch.nn.Module
        Its other parameters stay as they are, but for the biases of rule 'torch', which get the bound of their layer.
    masks : Masks
        The edges.
    rule : {'he', 'he-sparse', 'torch'}
        b = sqrt(6 / fan-in) (He et al. 2015, Eq. 10) over all inputs or, in 'he-sparse', over the edges that reach
        the neuron (Evci et al., Gradient Flow in Sparse Neural Networks, AAAI 2022, section 3.1); or
        b = 1 / sqrt(fan-in), PyTorch's default for linear layers.
    rng : torch.Generator
    """
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            bound = _bound(mask, rule)
            _fill(parameters[name], bound.reshape(-1, *[1] * (mask.ndim - 1)), rng)
            parameters[name].masked_fill_(~mask, 0)
            bias = parameters.get(name.removesuffix("weight") + "bias")
            if rule == "torch" and bias is not None:
                _fill(bias, bound, rng)


def _bound(mask: Tensor, rule: str) -> Tensor:
    edges = mask if rule == "he-sparse" else torch.ones_like(mask)
    fan_in = edges.flatten(1).sum(1, dtype=torch.float32).clamp(min=1)
    return torch.sqrt((1 if rule == "torch" else 6) / fan_in)


def _fill(parameter: Tensor, bound: Tensor, rng: torch.Generator) -> None:
    uniform = torch.rand(parameter.shape, generator=rng, dtype=parameter.dtype)
    parameter.copy_((2 * uniform - 1) * bound)
