"""RadiX-Nets against their definition, written out with dense matrices, and against what it guarantees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import topokit as tk
from topokit.errors import ParameterError
from topokit.generators import RadixTopology, radix_net, same_density

Systems = list[tuple[int, ...]]

CASES: list[tuple[Systems, tuple[int, ...]]] = [
    ([(10, 10)], (8, 3, 1)),
    ([(2, 2, 2)], (1, 1, 1, 1)),
    ([(2, 3), (3, 2)], (1, 2, 3, 2, 1)),
    ([(3, 3, 4), (6,)], (1, 2, 2, 2, 1)),
]

factorings = {
    4: [(4,), (2, 2)],
    6: [(6,), (2, 3), (3, 2)],
    8: [(8,), (2, 4), (4, 2), (2, 2, 2)],
    12: [(12,), (3, 4), (2, 6), (2, 2, 3), (3, 2, 2)],
}


@st.composite
def topologies(draw: st.DrawFn) -> RadixTopology:
    n_base = draw(st.sampled_from(list(factorings)))
    systems = draw(st.lists(st.sampled_from(factorings[n_base]), min_size=1, max_size=3))
    if len(systems) > 1:
        systems[-1] = draw(st.sampled_from([*factorings[n_base], (2,), (n_base // 2,)]))
    n_widths = sum(map(len, systems)) + 1
    return RadixTopology(systems, draw(st.lists(st.integers(1, 3), min_size=n_widths, max_size=n_widths)))


def dense_layers(systems: Sequence[Sequence[int]], widths: Sequence[int]) -> list[np.ndarray]:
    """Sums of powers of the cyclic shift, and Kronecker products with matrices of ones."""
    n = prod(systems[0])
    shift = np.roll(np.eye(n, dtype=np.int64), 1, axis=1)
    layers = []
    for system in systems:
        place = 1
        for radix in system:
            layers.append(sum(np.linalg.matrix_power(shift, j * place) for j in range(radix)))
            place *= radix
    return [np.kron(np.ones(pair, np.int64), layer) for pair, layer in zip(pairwise(widths), layers, strict=True)]


def matrices(topology: RadixTopology) -> list[np.ndarray]:
    network = radix_net(topology.systems, topology.widths, n_inputs=topology.n_inputs)
    return [block.adjacency().toarray().astype(np.int64) for block in network.blocks]


def check_guarantees(topology: RadixTopology) -> None:
    layers, widths = matrices(topology), topology.widths
    expected = dense_layers(topology.systems, widths)
    assert all(np.array_equal(layer, definition) for layer, definition in zip(layers, expected, strict=True))
    for layer, radix, (before, after) in zip(layers, topology.radices, pairwise(widths), strict=True):
        assert set(np.unique(layer)) <= {0, 1}
        assert (layer.sum(1) == radix * after).all()
        assert (layer.sum(0) == radix * before).all()
        assert layer.mean() == pytest.approx(radix / topology.n_base)
    assert (np.linalg.multi_dot(layers) if len(layers) > 1 else layers[0]).astype(object).tolist() == [
        [topology.n_paths] * layers[-1].shape[1]
    ] * layers[0].shape[0]
    pairs = list(pairwise(widths))
    mean = sum(radix * a * b for radix, (a, b) in zip(topology.radices, pairs, strict=True))
    assert topology.density == pytest.approx(mean / (topology.n_base * sum(a * b for a, b in pairs)))
    assert topology.edge_counts == tuple(int(layer.sum()) for layer in layers)


@pytest.mark.parametrize(("systems", "widths"), CASES)
def test_published_networks_keep_their_guarantees(systems: Systems, widths: tuple[int, ...]) -> None:
    check_guarantees(RadixTopology(systems, widths))


@settings(deadline=None, max_examples=40)
@given(topologies())
def test_all_networks_keep_their_guarantees(topology: RadixTopology) -> None:
    check_guarantees(topology)


@pytest.mark.parametrize(("middle", "edges"), [(3, (23_520, 3_000)), (30, (235_200, 30_000))])
def test_inputs_cut_to_those_of_mnist(middle: int, edges: tuple[int, int]) -> None:
    topology = RadixTopology([(10, 10)], (8, middle, 1), 784)
    assert topology.sizes == (784, 100 * middle, 100)
    assert topology.edge_counts == edges
    first, second = matrices(topology)
    assert np.array_equal(first, dense_layers([(10, 10)], (8, middle, 1))[0][16:])
    assert (first @ second == middle).all()
    assert topology.n_paths == middle
    if middle == 3:
        assert dict(zip(*np.unique(first.sum(0), return_counts=True), strict=True)) == {
            70: 21,
            **dict.fromkeys(range(71, 80), 6),
            80: 225,
        }
        assert (np.linalg.matrix_rank(first), np.linalg.matrix_rank(second)) == (91, 10)


def test_eight_neurons_by_hand() -> None:
    topology = RadixTopology([(2, 2, 2)])
    assert [layer[0].nonzero()[0].tolist() for layer in matrices(topology)] == [[0, 1], [0, 2], [0, 4]]
    assert topology.density == 0.25


def test_the_random_twin_has_the_same_layers_and_edges() -> None:
    network = tk.radix_net([(2, 3), (3, 2)], (1, 2, 3, 2, 1))
    twin = same_density(network, 0)
    assert [layer.size for layer in twin.layers] == [layer.size for layer in network.layers]
    assert [block.n_edges for block in twin.blocks] == [block.n_edges for block in network.blocks]
    assert not twin.equals(network)


@pytest.mark.parametrize(
    ("systems", "widths", "problem"),
    [
        ([], (), "systems are ''"),
        ([(2, 3), ()], (), "systems are '2,3;'"),
        ([(2, 1)], (), "radices of 2 or more"),
        ([(2, 3), (5,)], (), "system 2 of 2,3;5 has the product 5 and the first 6"),
        ([(2, 3), (3,), (6,)], (), "system 2 of .* has the product 3"),
        ([(2, 3)], (1, 2), "take 3, one more than their radices"),
        ([(2, 3)], (1, 0, 1), "each at least 1"),
        ([(10**5, 10**5)], (), "at most 1000000000 are possible"),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(systems: Systems, widths: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem) as error:
        radix_net(systems, widths)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("n_inputs", "problem"), [(0, "at least one input"), (7, "take a larger first width")])
def test_inputs_that_are_not_there(n_inputs: int, problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        radix_net([(2, 3)], n_inputs=n_inputs)
