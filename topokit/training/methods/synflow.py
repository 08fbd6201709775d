"""SynFlow (Tanaka, Kunin, Yamins and Ganguli, NeurIPS 2020, Algorithm 1): edges that carry the most flow, without data.

In the network with all parameters replaced by their magnitudes, R is the sum of the outputs for an input of ones, and
an edge has the score w dR/dw: the share of the flow that passes it. As all scores between two layers sum up to the same
number, pruning in many rounds leaves no layer empty. The network then stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from topokit.execute import progress
from topokit.training.methods.method import Method
from topokit.training.methods.start import Chosen, Start, best_overall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from topokit.training.models.base import SparseModel


@dataclass(frozen=True)
class StartBySynapticFlow:
    """The rule of SynFlow.

    Attributes
    ----------
    rounds : int
        After round k of n the density is the final one to the power of k / n.
    """

    rounds: int = 100

    def __call__(self, start: Start) -> Chosen:
        """Prune round by round, in double precision: products over many layers leave the single one."""
        import torch

        model = with_magnitudes(start.model)
        gone = {name: torch.zeros_like(model.maskable[name], dtype=torch.bool) for name in start.layers}
        n_possible = sum(mask.numel() for mask in gone.values())
        kept: Chosen = {}
        for k in progress(range(1, self.rounds + 1), "rounds of SynFlow"):
            scores = synaptic_flow(model, start.layers, n_features=start.x.shape[1])
            # Below any score of an edge that is still there, which may be 0.
            left = {name: score.masked_fill(gone[name], -1.0) for name, score in scores.items()}
            kept = best_overall(left, round(n_possible * (start.n_edges / n_possible) ** (k / self.rounds)))
            for name, mask in gone.items():
                mask.fill_(True).view(-1)[torch.from_numpy(kept[name])] = False
                model.maskable[name].data.masked_fill_(mask, 0)
        return kept


def with_magnitudes(model: SparseModel) -> SparseModel:
    """The model itself, now with the magnitudes of its parameters in double precision, ready for evaluation."""
    import torch

    with torch.no_grad():
        for tensor in model.double().eval().state_dict().values():
            tensor.abs_()
    return model


def synaptic_flow(model: SparseModel, layers: Sequence[str], *, n_features: int) -> dict[str, Tensor]:
    """w dR/dw of all weights of these layers, R the sum of the outputs for an input of ones."""
    import torch

    weights = [model.maskable[name] for name in layers]
    flow = model(torch.ones(1, n_features, dtype=torch.float64)).sum()
    gradients = torch.autograd.grad(flow, weights)
    return {name: (w.detach() * g) for name, w, g in zip(layers, weights, gradients, strict=True)}


SYNFLOW = Method(name="synflow", start=StartBySynapticFlow())
