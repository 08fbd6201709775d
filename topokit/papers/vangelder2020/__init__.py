"""Van Gelder et al. 2020, Deconstructing the Structure of Sparse Neural Networks: what wiring is worth by itself."""

from topokit.papers.vangelder2020.paper import PAPER

__all__ = ["PAPER"]
