"""Edges chosen before training, against scores worked out in other ways."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from toy_training import run_steps, toy_data, toy_engine

from topokit.errors import ConfigError
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.engines.build import make_engine
from topokit.training.engines.first_edges import draw_parameters, first_edges, make_model
from topokit.training.engines.sparse import SparseEngine
from topokit.training.methods import Start, best_overall
from topokit.training.methods.grasp import StartByGradientFlow, flow_changes
from topokit.training.methods.snip import sensitivities, start_by_sensitivity
from topokit.training.methods.synflow import StartBySynapticFlow, synaptic_flow, with_magnitudes
from topokit.training.models.base import SparseModel
from topokit.training.samples import Samples

DATA = toy_data(n=120, features=10)
STARTS = ("snip", "grasp", "synflow")


def config(**values: Any) -> TrainConfig:
    return TrainConfig(**{"hidden": (12, 8), "density": 0.2, "init": "he", "validation_fraction": 0, **values})


def dense_model(config: TrainConfig) -> SparseModel:
    model = make_model(config, DATA)
    draw_parameters(model, [np.arange(weight.numel()) for weight in model.maskable.values()], config)
    return model


def start(config: TrainConfig, n_edges: int) -> Start:
    model, samples = dense_model(config), Samples.split(DATA, config)
    rng = np.random.default_rng(0)
    return Start(model, tuple(model.maskable), n_edges, samples.train_x, samples.train_y, config, rng)


def training_samples() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(DATA.train_x), torch.tensor(DATA.train_y)


def in_halves() -> list[tuple[torch.Tensor, torch.Tensor]]:
    x, y = training_samples()
    return [(x[:40].double(), y[:40]), (x[40:].double(), y[40:])]


def edges_of(config: TrainConfig) -> dict[str, np.ndarray]:
    return {name: np.flatnonzero(mask.numpy()) for name, mask in toy_engine(config, DATA).masks.items()}


def kept_overall(scores: dict[str, np.ndarray], count: int) -> set[tuple[str, int]]:
    """The edges of largest score by sorting them all."""
    everything = [(-value, name, k) for name, values in scores.items() for k, value in enumerate(values.reshape(-1))]
    return {(name, k) for _, name, k in sorted(everything)[:count]}


def as_set(edges: dict[str, np.ndarray]) -> set[tuple[str, int]]:
    return {(name, int(k)) for name, at in edges.items() for k in at}


numbers = st.sampled_from([0.0, 0.5, 1.0, -1.0, 2.5])


@given(st.lists(st.lists(numbers, min_size=1, max_size=8), min_size=1, max_size=4), st.data())
def test_the_best_of_all_layers_are_those_of_a_stable_sort(layers: list[list[float]], data: st.DataObject) -> None:
    scores = {f"layer{k}": torch.tensor(values) for k, values in enumerate(layers)}
    count = data.draw(st.integers(0, sum(map(len, layers))))
    chosen = best_overall(scores, count)
    assert as_set(chosen) == kept_overall({name: values.numpy() for name, values in scores.items()}, count)
    assert list(chosen) == list(scores)
    assert all((np.diff(at) > 0).all() for at in chosen.values())


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="not finite before training: take smaller initial weights"):
        best_overall({"layer": torch.tensor([1.0, float("inf")])}, 1)


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(STARTS),
    st.sampled_from([0.4, 0.748, 1.0]),
    st.booleans(),
    st.sampled_from(["he", "he-sparse", "torch", "kaiming-normal"]),
    st.integers(0, 100),
)
def test_as_many_edges_as_the_density_says_and_no_change(
    method: str, density: float, dense_output: bool, init: str, seed: int
) -> None:
    options = config(method=method, density=density, dense_input=not dense_output, dense_output=dense_output)
    engine = toy_engine(options.replace(init=init, seed=seed), DATA)
    *others, last = list(engine.masks.values())[:: 1 if dense_output else -1]
    assert last.all()
    assert sum(int(mask.sum()) for mask in others) == round(density * sum(mask.numel() for mask in others))
    before = {name: mask.clone() for name, mask in engine.masks.items()}
    run_steps(engine, DATA, 4)
    for name, mask in engine.masks.items():
        assert torch.equal(mask, before[name])
        assert not engine.parameters[name][~mask].any()
        assert not engine.momentum[name][~mask].any()


@pytest.mark.parametrize("method", STARTS)
def test_chosen_edges_start_with_the_weights_that_were_scored(method: str) -> None:
    engine, dense = toy_engine(config(method=method), DATA), dense_model(config())
    for name, mask in engine.masks.items():
        assert torch.equal(engine.parameters[name][mask], dense.maskable[name][mask])


@pytest.mark.parametrize("method", STARTS)
def test_the_wiring_follows_from_the_seed_alone(method: str) -> None:
    first, again = config(method=method), config(method=method, learning_rate=0.3, engine="masked")
    assert as_set(edges_of(first)) == as_set(edges_of(again))
    assert as_set(edges_of(first)) != as_set(edges_of(config(method=method, seed=1)))


@pytest.mark.parametrize("method", STARTS)
def test_every_engine_starts_from_the_same_edges_and_weights(method: str) -> None:
    options = config(method=method, activation="srelu", density=0.5)
    networks = [make_engine(options.replace(engine=name), METHODS.load(method), DATA) for name in ("masked", "sparse")]
    assert isinstance(networks[1], SparseEngine)
    assert networks[0].network().equals(networks[1].network())


def test_sensitivity_is_weight_times_gradient_over_the_sum() -> None:
    model, batches = dense_model(config()).double(), in_halves()
    scores = sensitivities(model, tuple(model.maskable), batches)
    gates = {name: torch.ones_like(weight, requires_grad=True) for name, weight in model.named_parameters()}

    def loss() -> torch.Tensor:
        gated = {name: weight * gates[name] for name, weight in model.named_parameters()}
        x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
        return functional.cross_entropy(torch.func.functional_call(model, gated, (x,)), y)

    gradients = torch.autograd.grad(loss(), list(gates.values()))
    expected = {name: gradient.abs() for name, gradient in zip(gates, gradients, strict=True)}
    total = sum(float(expected[name].sum()) for name in scores)
    for name, score in scores.items():
        assert score.numpy() == pytest.approx((expected[name] / total).numpy(), rel=1e-9)
    assert sum(float(score.sum()) for score in scores.values()) == pytest.approx(1)


def test_snip_keeps_the_largest_sensitivities_of_its_batches() -> None:
    options = config(method="snip", batch_size=30, snip_batches=2)
    chosen = start_by_sensitivity(start(options, 50))
    x, y = training_samples()
    rows = np.random.default_rng(0).permutation(60)
    scores = sensitivities(dense_model(options), tuple(chosen), [(x[rows], y[rows])])
    best = kept_overall({name: score.numpy() for name, score in scores.items()}, 60)
    assert len(as_set(chosen)) == 50
    assert as_set(chosen) <= best


def test_flow_change_is_a_hessian_vector_product() -> None:
    """By central differences of the gradient along itself; tanh has no kinks for them to step over."""
    model, batches, step = dense_model(config()).double(), in_halves(), 1e-5
    model.activations = torch.nn.ModuleList([torch.nn.Tanh(), torch.nn.Tanh()])
    weights = list(model.maskable.values())
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))

    def gradient() -> list[torch.Tensor]:
        return list(torch.autograd.grad(functional.cross_entropy(model(x) / 7, y), weights))

    def moved(by: float, direction: list[torch.Tensor]) -> list[torch.Tensor]:
        with torch.no_grad():
            for weight, along in zip(weights, direction, strict=True):
                weight += by * along
        return gradient()

    scores = flow_changes(model, tuple(model.maskable)[1:], batches, temperature=7)
    direction = gradient()
    ahead, behind = moved(step, direction), moved(-2 * step, direction)
    moved(step, direction)
    products = [(a - b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]
    expected = [-weight.detach() * product for weight, product in zip(weights, products, strict=True)][1:]
    total = abs(sum(float(score.sum()) for score in expected))
    assert list(scores) == list(model.maskable)[1:]
    for score, numeric in zip(scores.values(), expected, strict=True):
        assert score.numpy() == pytest.approx((numeric / total).numpy(), rel=1e-5, abs=1e-7)


def test_grasp_drops_the_largest_scores() -> None:
    """With all samples of each class and the output layer as the rule draws it."""
    options = config(method="grasp")
    chosen = StartByGradientFlow(samples_per_class=10**6)(start(options, 70))
    model, rng = dense_model(options), np.random.default_rng(0)
    rng.permutation(60)
    last = list(model.maskable.values())[-1]
    with torch.no_grad():
        last.copy_(torch.tensor(rng.normal(0, sqrt(2 / 11), (3, 8))))
    x, y = training_samples()
    scores = flow_changes(model.double(), tuple(model.maskable), [(x.double(), y)], temperature=200)
    ranked = {name: -score.numpy() for name, score in scores.items()}
    assert len(as_set(chosen)) == 70
    assert kept_overall(ranked, 68) <= as_set(chosen) <= kept_overall(ranked, 72)


def test_grasp_looks_at_as_many_samples_of_each_class() -> None:
    seen: list[torch.Tensor] = []

    begun = start(config(method="grasp"), 60)
    begun.model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    StartByGradientFlow(samples_per_class=5)(begun)
    rows = torch.cat(seen[: len(seen) // 2])
    x, y = training_samples()
    classes = [int(y[(x == row).all(1)][0]) for row in rows]
    assert sorted(classes) == [0] * 5 + [1] * 5 + [2] * 5
    assert len(rows.unique(dim=0)) == 15


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 15), max_size=4).map(tuple), st.integers(0, 100))
def test_synaptic_flow_is_conserved_from_layer_to_layer(hidden: tuple[int, ...], seed: int) -> None:
    model = with_magnitudes(dense_model(config(hidden=hidden, seed=seed)))
    scores = synaptic_flow(model, tuple(model.maskable), n_features=10)
    magnitudes = [weight.detach().numpy() for weight in model.maskable.values()]
    flow = np.linalg.multi_dot([np.ones((1, 3)), *reversed(magnitudes), np.ones((10, 1))]).item()
    for score, weight in zip(scores.values(), magnitudes, strict=True):
        assert (weight >= 0).all()
        assert float(score.sum()) == pytest.approx(flow, rel=1e-12)
    through = list(scores.values())
    for above, below in zip(through[1:], through[:-1], strict=True):
        assert above.sum(0).numpy() == pytest.approx(below.sum(1).numpy(), rel=1e-9)


@pytest.mark.parametrize(("count", "rounds"), [(30, 20), (5, 100)])
def test_synflow_is_its_algorithm(count: int, rounds: int) -> None:
    """Matrix products in NumPy, sorting all edges in every round; of few edges some carry no flow."""
    options = config(method="synflow")
    chosen = StartBySynapticFlow(rounds)(start(options, count))
    weights = [np.abs(w.detach().numpy().astype(float)) for w in dense_model(options).maskable.values()]
    names, total = list(chosen), sum(w.size for w in weights)
    alive = {(name, k) for name, w in zip(names, weights, strict=True) for k in range(w.size)}
    for round_ in range(1, rounds + 1):
        first, second, third = weights
        ahead = [third.sum(0) @ second, third.sum(0), np.ones(3)]
        behind = [np.ones(10), first.sum(1), second @ first.sum(1)]
        scores = [w * np.outer(a, b) for w, a, b in zip(weights, ahead, behind, strict=True)]
        ranked = sorted(alive, key=lambda edge: (-scores[names.index(edge[0])].reshape(-1)[edge[1]], edge))
        alive = set(ranked[: round(total * (count / total) ** (round_ / rounds))])
        for name, w in zip(names, weights, strict=True):
            w.reshape(-1)[[k for k in range(w.size) if (name, k) not in alive]] = 0
    assert as_set(chosen) == alive


def test_synflow_leaves_no_layer_empty_where_one_shot_does() -> None:
    """At one edge more than there are layers (Tanaka et al. 2020, Figure 1)."""
    options = config(method="synflow", hidden=(60, 40, 20))
    begun = start(options, 8)
    assert min(map(len, StartBySynapticFlow()(begun).values())) >= 1
    assert min(map(len, StartBySynapticFlow(rounds=1)(start(options, 8)).values())) == 0


def test_an_emptied_layer_is_reported_with_the_remedy() -> None:
    options = config(method="snip", hidden=(60, 40, 20), density=0.002)
    with pytest.raises(ConfigError, match=r"'snip' leaves none of the \d+ edges of layers\.\d\.weight .*'synflow'"):
        toy_engine(options, DATA)


def test_nothing_to_choose_where_all_layers_are_dense() -> None:
    options = config(method="snip", hidden=(), dense_output=True)
    assert [len(at) for at in first_edges(options, METHODS.load("snip"), [(3, 10)], DATA)] == [30]


def test_the_edges_of_epsilon_are_shared_out() -> None:
    options = config(method="synflow", mask="er-epsilon", epsilon=2.0)
    assert sum(map(len, edges_of(options).values())) == 2 * (22 + 20) + 22


def test_convolutions_are_scored_with_the_rest() -> None:
    images = replace(toy_data(n=24, features=192), shape=(3, 8, 8))
    for method in ("snip", "grasp"):
        options = config(method=method, model="cifar-resnet-20", density=0.3)
        engine = toy_engine(options, images)
        assert engine.masks.n_edges == round(0.3 * sum(mask.numel() for mask in engine.masks.values()))
    model = with_magnitudes(toy_engine(config(method="dense", model="cifar-resnet-20"), images).model)
    first, *_, last = synaptic_flow(model, tuple(model.maskable), n_features=192).values()
    assert first.ndim == 4
    assert float(first.sum()) == pytest.approx(float(last.sum()), rel=1e-9)
