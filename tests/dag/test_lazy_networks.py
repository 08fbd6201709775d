"""Networks whose edges are read when asked for: every consumer takes them, and what cannot fit is refused at once."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given
from strategies import chains, layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, LazyPattern, Provenance
from topokit.dag.codec import decode, encode
from topokit.errors import TooLargeError


def lazy(network: LayeredDAG) -> LayeredDAG:
    """The same network, its edges behind lazy patterns."""
    blocks = [
        replace(block, pattern=LazyPattern(block.out_degrees(), block.in_degrees(), lambda p=block.pattern: p))
        for block in network.blocks
    ]
    return replace(network, blocks=tuple(blocks))


@given(network=layered_dags())
def test_they_equal_the_network_in_memory(network: LayeredDAG) -> None:
    other = lazy(network)
    assert other.equals(network)
    assert network.equals(other)
    assert decode(*encode(other)).equals(network)
    assert other.with_backend("csr").equals(other.with_backend("bitmap"))
    assert [side.tolist() for side in other.edges()] == [side.tolist() for side in network.edges()]


@given(network=chains())
def test_analyzers_find_the_same(network: LayeredDAG) -> None:
    other = lazy(network)
    for analyze in (tk.degrees, tk.kshell, tk.dormant):
        options = {} if analyze is tk.kshell else {"layers": "all"}
        assert analyze(other, **options).frame.equals(analyze(network, **options).frame)
    assert tk.nnstd(other, network).total == 0
    assert tk.input_map(other).frame.equals(tk.input_map(network).frame)


def test_power_laws_need_no_edges() -> None:
    rng = np.random.default_rng(0)
    network = LayeredDAG.from_adjacencies([rng.random((90, 80)) < 0.2, rng.random((80, 70)) < 0.2])
    options = {"layers": "all", "replicates": 0}
    assert tk.power_law(unreadable(network), **options).frame.equals(tk.power_law(network, **options).frame)


def unreadable(network: LayeredDAG) -> LayeredDAG:
    def refuse() -> NoReturn:
        raise AssertionError("somebody asked for the edges")

    blocks = [
        replace(b, pattern=LazyPattern(b.out_degrees(), b.in_degrees(), refuse), weights=None) for b in network.blocks
    ]
    return replace(network, blocks=tuple(blocks))


@pytest.fixture
def vast() -> LayeredDAG:
    """Ten million billion edges; asking for any of them fails the test."""
    size = 10**8
    counts = np.broadcast_to(np.int64(size), size)
    layers = (Layer("a", size), Layer("b", size))
    one = EdgeBlock("a", "b", LazyPattern(counts, counts, lambda: pytest.fail("somebody asked for the edges")))
    return LayeredDAG(layers, (one,), Provenance(file="model.safetensors"))


def test_what_cannot_fit_is_refused_before_it_is_begun(vast: LayeredDAG) -> None:
    words = r"model.safetensors: its 10,000,000,000,000,000 edges take [\d,.]+ GiB at once where this machine has"
    for attempt in (vast.edges, vast.to_networkx, vast.to_igraph, lambda: tk.kshell(vast)):
        with pytest.raises(TooLargeError, match=words):
            attempt()
    assert vast.density == 1
    assert vast.in_degrees("b")[0] == 10**8
