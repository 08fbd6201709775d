"""van Engers 2021, Towards Understanding and Modelling Sparse Training Algorithms at Extreme Sparsity Regime: accuracy
of SET against the share of edges that it rewires."""

from topokit.papers.vanengers2021.paper import PAPER

__all__ = ["PAPER"]
