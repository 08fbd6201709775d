"""Pruning by magnitude: which edges go, how many, and the cubic of Zhu and Gupta."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_training import change

from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import LayerView

Layers = dict[str, LayerView]


def layer(n: int, *, n_edges: int, n_target: int, seed: int = 0) -> LayerView:
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.permutation(n)[:n_edges])
    # Few distinct values, so that ties are common.
    return LayerView((1, n), edges, rng.integers(-5, 6, n_edges).astype(np.float32), n_target)


def pruned(layers: Layers, method: str, stage: float, **options: object) -> dict[str, list[int]]:
    """Dropped positions by layer."""
    rule, config = METHODS.load(method).rule, TrainConfig(method=method).replace(**options)
    done = rule(layers, change(0.0, config=config, stage=stage))
    assert all(len(rewiring.grown) == 0 for rewiring in done.values())
    return {name: rewiring.dropped.tolist() for name, rewiring in done.items()}


def smallest_first(layers: Layers) -> list[tuple[str, int]]:
    """Edges of all layers by magnitude, of equal ones the first."""
    listed = [
        (abs(weight), place, name, position)
        for place, (name, view) in enumerate(layers.items())
        for position, weight in zip(view.edges.tolist(), view.weights.tolist(), strict=True)
    ]
    return [(name, position) for _, _, name, position in sorted(listed, key=lambda edge: (edge[0], edge[1], edge[3]))]


@pytest.mark.parametrize("stage", np.linspace(0, 1, 9))
def test_gradual_pruning_follows_the_cubic_exactly(stage: float) -> None:
    """s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3, Eq. 1, with s_i = 0."""
    view = layer(1000, n_edges=1000, n_target=73)
    final = 1 - 73 / 1000
    sparsity = final + (0 - final) * (1 - stage) ** 3
    assert len(pruned({"a": view}, "gradual", stage)["a"]) == round(sparsity * 1000)


@given(st.integers(2, 60), st.integers(1, 60), st.data())
def test_each_layer_loses_its_smallest_edges_down_to_its_density(n: int, target: int, data: st.DataObject) -> None:
    n_edges = data.draw(st.integers(0, n))
    layers = {"a": layer(n, n_edges=n_edges, n_target=min(target, n)), "b": layer(50, n_edges=50, n_target=7, seed=1)}
    for method in ("gradual", "one-shot", "imp"):
        done = pruned(layers, method, 1.0)
        for name, view in layers.items():
            count = max(0, len(view.edges) - view.n_target_edges)
            assert done[name] == sorted(position for _, position in smallest_first({name: view})[:count])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9))
def test_one_threshold_for_all_layers(n_a: int, n_b: int, seed: int) -> None:
    layers = {
        "a": layer(40, n_edges=n_a, n_target=3, seed=seed),
        "b": layer(40, n_edges=n_b, n_target=9, seed=seed + 1),
    }
    done = pruned(layers, "one-shot", 1.0, prune_scope="global")
    expected = smallest_first(layers)[: max(0, n_a + n_b - 12)]
    assert [(name, at) for name in done for at in done[name]] == sorted(expected)


def test_layers_kept_dense_are_left_alone() -> None:
    layers = {name: layer(40, n_edges=40, n_target=4) for name in "abc"}
    for scope in ("layer", "global"):
        done = pruned(layers, "one-shot", 1.0, prune_scope=scope, dense_input=True, dense_output=True)
        assert [len(done[name]) for name in "abc"] == [0, 36, 0]


def test_rounds_take_the_same_share_each() -> None:
    remaining, left = 1000, []
    for j in range(1, 6):
        view = layer(1000, n_edges=remaining, n_target=50)
        remaining -= len(pruned({"a": view}, "imp", j / 5)["a"])
        left.append(remaining)
    assert left == [round(1000 * 0.05 ** (j / 5)) for j in range(1, 6)]
    assert left[-1] == 50


@given(st.integers(0, 500), st.floats(0.01, 0.99))
def test_a_round_takes_the_ceiling_of_the_share(n: int, share: float) -> None:
    view = layer(500, n_edges=n, n_target=1)
    assert len(pruned({"a": view}, "imp", 0.5, prune_fraction=share)["a"]) == ceil(share * n)
