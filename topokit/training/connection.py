"""Whether signals still pass through a network: layers that lost all edges, outputs that no input reaches."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from topokit.analyzers.dormancy.paths import reach
from topokit.dag import LayeredDAG


class ConnectionWarning(UserWarning):
    """A change of the wiring has cut through the network."""


@dataclass(frozen=True)
class Connection:
    """What is cut.

    Attributes
    ----------
    empty : tuple of str
        Pairs of layers that no edge is left between, such as ``'hidden2 and output'``.
    cut_outputs, n_outputs : int
        Output neurons that no path from an input neuron reaches, and all of them.
    """

    empty: tuple[str, ...] = ()
    cut_outputs: int = 0
    n_outputs: int = 0

    @classmethod
    def of(cls, network: LayeredDAG) -> Connection:
        """Look at a network; linear in its edges."""
        forward = reach(network).forward
        reached = [forward[layer.name] for layer in network.outputs]
        return cls(
            empty=tuple(f"{block.source} and {block.target}" for block in network.blocks if not block.n_edges),
            cut_outputs=sum(int((~neurons).sum()) for neurons in reached),
            n_outputs=sum(len(neurons) for neurons in reached),
        )

    def metrics(self) -> dict[str, float]:
        """Columns of ``metrics.csv``."""
        return {"empty_layers": len(self.empty), "cut_outputs": self.cut_outputs}

    def warn(self, step: int) -> None:
        """Say what is cut, if anything, as a `ConnectionWarning`."""
        parts = [f"no edge is left between {pair}" for pair in self.empty]
        if self.cut_outputs:
            parts.append(f"no path from an input reaches {self.cut_outputs} of {self.n_outputs} outputs")
        if parts:
            remedy = "training goes on; raise the density, or drop fewer edges at once"
            warnings.warn(f"step {step}: {'; '.join(parts)}: {remedy}", ConnectionWarning, stacklevel=2)
