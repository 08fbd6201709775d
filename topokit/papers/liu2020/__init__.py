"""Liu et al. 2020, Topological Insights into Sparse Neural Networks: the topological distance between networks."""

from topokit.papers.liu2020.paper import PAPER

__all__ = ["PAPER"]
