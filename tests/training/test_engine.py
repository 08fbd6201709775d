"""What stays true of weights, masks and momentum at every step of training."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_training import change, run_steps, toy_batch, toy_data, toy_engine

from topokit.errors import ConfigError
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.data.digits import DIGITS
from topokit.training.engines.masked import MaskedEngine
from topokit.training.method_options import check_options
from topokit.training.methods import Rewiring
from topokit.training.wiring import edge_counts

WITHOUT_SCORES = [name for name in METHODS if METHODS.load(name).start is None]


def is_possible(config: TrainConfig) -> bool:
    """Whether the method can do so and every layer of the toy network gets an edge; other ones are refused."""
    sizes = (12, *config.hidden) if config.model == "rbm" else (12, *config.hidden, 3)
    try:
        check_options(config, METHODS.load(config.method))
        return bool(edge_counts(config, [(n_out, n_in) for n_in, n_out in pairwise(sizes)]))
    except ConfigError:
        return False


configs = st.builds(
    TrainConfig,
    method=st.sampled_from(WITHOUT_SCORES),
    hidden=st.lists(st.integers(1, 12), max_size=2).map(tuple),
    activation=st.sampled_from(["relu", "srelu"]),
    init=st.sampled_from(["he", "he-sparse", "torch"]),
    mask=st.sampled_from(["erk", "uniform", "er-epsilon"]),
    density=st.sampled_from([0.1, 0.4, 0.8, 1.0]),
    epsilon=st.sampled_from([0.5, 2.0]),
    dense_output=st.booleans(),
    drop=st.sampled_from(["auto", "magnitude", "set", "set-nowak", "set-scipy"]),
    rounding=st.sampled_from(["floor", "ceil", "nearest"]),
    growth=st.sampled_from(["exact", "exact", "bernoulli"]),
    prune_scope=st.sampled_from(["layer", "global"]),
    prune_fraction=st.sampled_from([0.0, 0.2]),
    grown_weights=st.sampled_from(["zero", "normal", "uniform"]),
    grown_momentum=st.sampled_from(["zero", "keep"]),
    keep_regrown=st.booleans(),
    update_replaces_step=st.booleans(),
    momentum=st.just(0.9),
    nesterov=st.booleans(),
    weight_decay=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 1000),
).filter(is_possible)


def with_redistribution(config: TrainConfig) -> TrainConfig:
    """The same with edges that move between layers, where the method can do that."""
    moving = config.replace(redistribute=True)
    return moving if is_possible(moving) else config


def as_rbm(config: TrainConfig) -> TrainConfig:
    """The same for a Boltzmann machine, which has one layer of weights."""
    hidden = config.hidden[:1] or (7,)
    machine = config.replace(model="rbm", hidden=hidden, activation="relu", dense_output=False)
    return machine if is_possible(machine) else config


configs = st.one_of(configs, configs.map(with_redistribution), configs.map(as_rbm))


def tensors(engine: MaskedEngine, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mask, weights and momentum of a layer, flat copies."""
    parts = (engine.masks[name], engine.parameters[name].detach(), engine.momentum[name])
    mask, weight, velocity = (part.numpy().reshape(-1).copy() for part in parts)
    return mask, weight, velocity


@settings(deadline=None)
@given(configs)
def test_invariants_hold_at_every_step(config: TrainConfig) -> None:
    data = toy_data()
    engine = toy_engine(config, data)
    before = {name: tensors(engine, name)[0] for name in engine.masks}
    constant = config.growth == "exact" and (engine.method.sparse or engine.method.rule is None)

    def check_step() -> None:
        after = {name: tensors(engine, name)[0] for name in engine.masks}
        for name, mask in after.items():
            _, weight, velocity = tensors(engine, name)
            assert not weight[~mask].any()
            assert config.redistribute or not constant or mask.sum() == before[name].sum()
            assert engine.method.dense_momentum or not velocity[~mask].any()
            assert not config.dense_output or mask.all() or name != list(after)[-1]
        assert not constant or sum(map(np.sum, after.values())) == sum(map(np.sum, before.values()))

    run_steps(engine, data, 7, after_step=check_step, after_update=lambda _: check_step())


@settings(deadline=None, max_examples=30)
@given(configs.filter(lambda config: config.method in ("gradual", "one-shot", "imp")))
def test_pruned_edges_do_not_come_back(config: TrainConfig) -> None:
    data = toy_data()
    engine = toy_engine(config, data)
    masks = [{name: tensors(engine, name)[0] for name in engine.masks}]
    run_steps(
        engine,
        data,
        7,
        every=1,
        after_update=lambda _: masks.append({name: tensors(engine, name)[0] for name in engine.masks}),
    )
    for earlier, later in pairwise(masks):
        assert all((earlier[name] | ~later[name]).all() for name in later)


@settings(deadline=None)
@given(configs.filter(lambda config: METHODS.load(config.method).rule and not METHODS.load(config.method).latent))
def test_new_edges_have_the_weight_and_momentum_asked_for(config: TrainConfig) -> None:
    data = toy_data()
    engine = toy_engine(config, data)
    before = {}

    def remember() -> None:
        before.update({name: tensors(engine, name) for name in engine.masks})

    def check(done: dict[str, Rewiring]) -> None:
        for name, rewiring in done.items():
            mask_then, weight_then, velocity_then = before[name]
            mask, weight, velocity = tensors(engine, name)
            kept = np.setdiff1d(np.flatnonzero(mask_then), rewiring.dropped)
            expected = mask_then.copy()
            expected[rewiring.dropped] = False
            expected[rewiring.grown] = True
            assert np.array_equal(mask, expected)
            assert np.array_equal(weight[kept], weight_then[kept])
            assert np.array_equal(velocity[kept], velocity_then[kept])
            elsewhere = np.setdiff1d(np.flatnonzero(~mask_then), rewiring.grown)
            assert np.array_equal(velocity[elsewhere], velocity_then[elsewhere])
            assert velocity_then[elsewhere].any() <= engine.method.dense_momentum
            back = rewiring.regrown if config.keep_regrown else rewiring.regrown[:0]
            assert np.array_equal(weight[back], weight_then[back])
            assert np.array_equal(velocity[back], velocity_then[back])
            new = np.setdiff1d(rewiring.grown, back)
            if config.grown_weights == "zero":
                assert not weight[new].any()
            elif config.grown_weights == "uniform":
                assert (np.abs(weight[new]) <= np.sqrt(6 / engine.parameters[name].shape[1])).all()
            if config.grown_momentum == "zero":
                assert not velocity[new].any()
            else:
                assert np.array_equal(velocity[new], velocity_then[new])

    run_steps(engine, data, 6, after_step=remember, after_update=check)


@pytest.mark.parametrize(("rule", "deviation"), [("normal", 0.04), ("uniform", np.sqrt(6 / 12) / np.sqrt(3))])
def test_new_weights_are_spread_as_their_rule_says(rule: str, deviation: float) -> None:
    data = toy_data()
    config = TrainConfig(method="set", hidden=(2000,), mask="uniform", grown_weights=rule, grown_deviation=0.04)
    engine = toy_engine(config, data)
    grown = engine.rewire(change(1.0, config=engine.config))["layers.0.weight"].grown
    new = engine.parameters["layers.0.weight"].detach().numpy().reshape(-1)[grown]
    assert new.std() == pytest.approx(deviation, rel=0.1)
    assert abs(new.mean()) < 0.1 * deviation


def test_numbers_that_are_not_finite_are_seen_in_weights_and_momentum() -> None:
    data = toy_data()
    for part in ("parameters", "momentum"):
        engine = toy_engine(TrainConfig(hidden=(4,), density=0.4), data)
        run_steps(engine, data, 1)
        assert engine.is_finite()
        getattr(engine, part)["layers.1.bias"].data[0] = float("nan")
        assert not engine.is_finite()


def test_an_edge_of_weight_zero_is_an_edge() -> None:
    data = toy_data()
    engine = toy_engine(TrainConfig(method="rigl", hidden=(8,), density=0.4), data)
    run_steps(engine, data, 3)
    zeros = sum(int((engine.parameters[name][mask] == 0).sum()) for name, mask in engine.masks.items())
    assert zeros > 0
    network = engine.network()
    assert network.n_edges == engine.masks.n_edges
    assert sum(int((block.weights == 0).sum()) for block in network.blocks if block.weights is not None) == zeros


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_static_run_is_plain_torch_with_masked_gradients(decay: float) -> None:
    data = toy_data()
    config = TrainConfig(method="static", hidden=(10, 6), density=0.3, weight_decay=decay)
    engine, peer = toy_engine(config, data), toy_engine(config, data).model
    masks = dict(engine.masks)
    optimizer = torch.optim.SGD(
        peer.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=decay, foreach=False
    )
    for step in range(1, 21):
        x, y = toy_batch(data, step)
        engine.train_batch(x, y, learning_rate=0.1)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(peer(x), y).backward()
        for name, parameter in peer.named_parameters():
            if name in masks:
                parameter.grad *= masks[name]
        optimizer.step()
    for name, parameter in peer.named_parameters():
        assert torch.equal(parameter, engine.parameters[name]), name


def test_rigl_grows_where_the_loss_gradient_is_largest() -> None:
    """The gradient is worked out by hand in NumPy, the choice by sorting all candidates."""
    data = toy_data(n=80, features=20, classes=4)
    config = TrainConfig(method="rigl", hidden=(15,), density=0.3, mask="uniform", update_replaces_step=True)
    engine = toy_engine(config, data)
    run_steps(engine, data, 5, every=100)
    x, y = toy_batch(data, 99, size=32)
    engine.train_batch(x, y, learning_rate=0.1, rewires=True)
    weights = {name: p.detach().numpy().astype(float) for name, p in engine.parameters.items()}
    masks = {name: mask.numpy().reshape(-1).copy() for name, mask in engine.masks.items()}
    gradients = backpropagated(weights, x.numpy().astype(float), y.numpy())
    for name, done in engine.rewire(change(0.5, config=engine.config)).items():
        magnitude = np.abs(weights[name].reshape(-1))
        edges = np.flatnonzero(masks[name])
        assert set(done.dropped) == set(sorted(edges, key=lambda k: (magnitude[k], k))[: len(edges) // 2])
        score = np.abs(gradients[name].reshape(-1))
        candidates = np.setdiff1d(np.arange(len(score)), np.setdiff1d(edges, done.dropped))
        best = np.sort(score[candidates])[::-1][: len(done.dropped)]
        assert np.sort(score[done.grown])[::-1] == pytest.approx(best, rel=1e-4)
        clear = candidates[score[candidates] > best[-1] * (1 + 1e-4)]
        assert set(clear) <= set(done.grown)


def backpropagated(weights: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Gradient of the mean cross-entropy of a network with one ReLU layer."""
    first, second = weights["layers.0.weight"], weights["layers.1.weight"]
    before = x @ first.T + weights["layers.0.bias"]
    hidden = np.maximum(before, 0)
    scores = hidden @ second.T + weights["layers.1.bias"]
    chance = np.exp(scores - scores.max(1, keepdims=True))
    error = (chance / chance.sum(1, keepdims=True) - np.eye(scores.shape[1])[y]) / len(y)
    return {"layers.0.weight": ((error @ second) * (before > 0)).T @ x, "layers.1.weight": error.T @ hidden}


def changed_share(engine: MaskedEngine) -> float:
    """Share of the dropped edges that did not come straight back, in the first update of the sparse layers."""
    data = DIGITS.load()
    shares = []

    def note(done: dict[str, Rewiring]) -> None:
        sparse = [done[name] for name, mask in engine.masks.items() if mask.float().mean() < 0.1]
        shares.append(sum(r.n_changed for r in sparse) / sum(len(r.dropped) for r in sparse))

    run_steps(engine, data, 50, every=50, after_update=note)
    return shares[0]


def test_snfs_gathers_momentum_everywhere_and_so_finds_new_edges() -> None:
    data = DIGITS.load()
    assert changed_share(toy_engine(TrainConfig(method="snfs"), data)) > 0.9
    # Momentum on edges alone is 0 everywhere else, and an update grows back what it dropped.
    assert changed_share(toy_engine(TrainConfig(method="snfs-masked"), data)) < 0.01


@pytest.mark.parametrize("method", WITHOUT_SCORES)
def test_saved_and_restored_training_goes_on_the_same(method: str) -> None:
    data = toy_data()
    config = TrainConfig(method=method, hidden=(9, 5), density=0.3, activation="srelu")
    whole, first, second = (toy_engine(config, data) for _ in range(3))
    run_steps(whole, data, 20)
    run_steps(first, data, 11)
    second.load({name: values.copy() for name, values in first.state().items()})
    run_steps(second, data, 9, start=11)
    for name, values in whole.state().items():
        assert np.array_equal(values, second.state()[name]), name
