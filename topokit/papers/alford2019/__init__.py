"""Alford et al. 2019, Training Behavior of Sparse Neural Network Topologies: pruned structures and RadiX-Nets."""

from topokit.papers.alford2019.paper import PAPER

__all__ = ["PAPER"]
