from __future__ import annotations

from itertools import pairwise
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.errors import ParameterError
from topokit.generators import (
    er_epsilon_edge_counts,
    erk_edge_counts,
    erk_weight_counts,
    uniform_edge_counts,
)
from topokit.generators.counts import er_epsilon_expected, erk_expected

MLP = (3072, 1024, 512, 10)
CONVNET = [(32, 3, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (10, 128)]

widths = st.lists(st.integers(1, 400), min_size=2, max_size=6)
densities = st.floats(1e-4, 1.0)


def densities_of(shapes: list[tuple[int, ...]], density: float) -> list[float]:
    return [edges / prod(shape) for edges, shape in zip(erk_expected(shapes, density), shapes, strict=True)]


@pytest.mark.parametrize(
    ("density", "counts", "layer_densities"),
    [
        (0.05, (129_918, 48_719, 5_120), (0.04130, 0.09292, 1)),
        (0.1, (263_559, 98_835, 5_120), (0.08378, 0.18851, 1)),
        (0.2, (530_842, 199_065, 5_120), (0.16875, 0.37969, 1)),
    ],
)
def test_erk_of_the_cifar_mlp(density: float, counts: tuple[int, ...], layer_densities: tuple[float, ...]) -> None:
    assert erk_edge_counts(MLP, density) == counts
    assert densities_of(list(pairwise(MLP)), density) == pytest.approx(layer_densities, abs=5e-6)


@pytest.mark.parametrize(
    ("density", "expected"),
    [
        (0.05, (0.47804, 0.05575, 0.02705, 1)),
        (0.1, (1, 0.13441, 0.06523, 1)),
        (0.2, (1, 0.30836, 0.14965, 1)),
    ],
)
def test_erk_of_a_convnet(density: float, expected: tuple[float, ...]) -> None:
    assert densities_of(CONVNET, density) == pytest.approx(expected, abs=2e-5)


def test_er_looks_at_the_channels_alone() -> None:
    densities = erk_expected(CONVNET, 0.05, kernels=False) / list(map(prod, CONVNET))
    assert densities / densities[0] == pytest.approx([(a + b) / (a * b) / (35 / 96) for a, b, *_ in CONVNET])
    assert sum(erk_weight_counts(CONVNET, 0.05, kernels=False)) == sum(erk_weight_counts(CONVNET, 0.05))
    assert erk_weight_counts(list(pairwise(MLP)), 0.05, kernels=False) == erk_edge_counts(MLP, 0.05)


def rigl_densities(shapes: list[tuple[int, ...]], density: float) -> list[float]:
    """The published loop: tensors that attain the highest probability become dense, one tie at a time."""
    dense: set[int] = set()
    raw = [sum(shape) / prod(shape) for shape in shapes]
    while True:
        budget = density * sum(map(prod, shapes)) - sum(prod(shapes[k]) for k in dense)
        others = [k for k in range(len(shapes)) if k not in dense]
        if not others:
            return [1.0] * len(shapes)
        epsilon = budget / sum(raw[k] * prod(shapes[k]) for k in others)
        highest = max(raw[k] for k in others)
        if epsilon * highest <= 1:
            return [1.0 if k in dense else epsilon * raw[k] for k in range(len(shapes))]
        dense |= {k for k in others if raw[k] == highest}


@given(sizes=widths, density=densities)
def test_erk_equals_the_published_loop(sizes: list[int], density: float) -> None:
    shapes = list(pairwise(sizes))
    assert densities_of(shapes, density) == pytest.approx(rigl_densities(shapes, density), rel=1e-9)


@given(sizes=widths, density=densities)
def test_erk_keeps_the_total_and_the_capacities(sizes: list[int], density: float) -> None:
    counts = erk_edge_counts(sizes, density)
    capacities = [n_in * n_out for n_in, n_out in pairwise(sizes)]
    assert sum(counts) == pytest.approx(density * sum(capacities), abs=0.5 + 1e-6)
    assert all(0 <= count <= capacity for count, capacity in zip(counts, capacities, strict=True))


def test_full_density_is_dense() -> None:
    assert erk_edge_counts((7, 5, 3), 1) == uniform_edge_counts((7, 5, 3), 1) == (35, 15)
    assert erk_weight_counts(CONVNET, 1.0) == tuple(map(prod, CONVNET))


def test_set_counts_of_the_scads_network() -> None:
    assert er_epsilon_edge_counts((784, 1000, 1000, 1000, 10), 13) == (23_192, 26_000, 26_000, 10_000)
    assert er_epsilon_expected((784, 1000), 13) / (784 * 1000) == pytest.approx(13 * 1784 / 784_000)


def test_uniform_counts_round_each_layer() -> None:
    assert uniform_edge_counts((784, 300, 100), 0.05) == (11_760, 1_500)


@pytest.mark.parametrize("density", [0, -0.1, 1.0001, float("nan"), float("inf")])
def test_density_out_of_range_is_one_clear_line(density: float) -> None:
    for count in (erk_edge_counts, uniform_edge_counts):
        with pytest.raises(ParameterError, match=r"density is .*above 0 and at most 1") as error:
            count((4, 3, 2), density)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("sizes", [(), (4,), (4, 0, 2), (4, -3)])
def test_sizes_without_a_layer_pair_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="at least two layers"):
        erk_edge_counts(sizes, 0.5)


@pytest.mark.parametrize("epsilon", [0, -1, float("nan"), float("inf")])
def test_epsilon_out_of_range_is_refused(epsilon: float) -> None:
    with pytest.raises(ParameterError, match="epsilon is"):
        er_epsilon_edge_counts((4, 3), epsilon)


@pytest.mark.parametrize("shapes", [[], [()], [(3, 0)]])
def test_empty_shapes_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        erk_weight_counts(shapes, 0.5)
