"""Layers, blocks of edges, the layered DAG they form, and series of it over time."""

from topokit.dag.block import EdgeBlock
from topokit.dag.layer import Layer
from topokit.dag.lazy_pattern import LazyPattern
from topokit.dag.network import LayeredDAG
from topokit.dag.patterns import BitmapPattern, CSRPattern, Pattern
from topokit.dag.provenance import Provenance, Skipped
from topokit.dag.reordered import reordered
from topokit.dag.series import Moment, Series, as_network, as_series
from topokit.dag.taps import Taps

__all__ = [
    "BitmapPattern",
    "CSRPattern",
    "EdgeBlock",
    "Layer",
    "LayeredDAG",
    "LazyPattern",
    "Moment",
    "Pattern",
    "Provenance",
    "Series",
    "Skipped",
    "Taps",
    "as_network",
    "as_series",
    "reordered",
]
