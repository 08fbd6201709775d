"""A graph under construction: how far it may unfold."""

from __future__ import annotations

import pytest

from topokit.loaders.formats.graphs.builder import GraphBuilder


def test_a_graph_of_too_many_nodes_is_given_up() -> None:
    build = GraphBuilder()
    for k in range(2**16):
        build.add("pass", "n", [f"v{k}"], [f"v{k + 1}"])
    with pytest.raises(ValueError, match="unfolds to more than 65,536 nodes"):
        build.add("pass", "n", ["v0"], ["w"])


def test_lists_of_too_many_numbers_are_given_up() -> None:
    build = GraphBuilder()
    with pytest.raises(ValueError, match="2,097,152 numbers"):
        build.add("transpose", "n", ["v"], ["w"], axes=[0] * 2**21)
