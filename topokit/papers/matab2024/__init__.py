"""Matab et al. 2024, Survival of the Most Connected: how sparse networks grow at random, by gradient or by momentum."""

from topokit.papers.matab2024.paper import PAPER

__all__ = ["PAPER"]
