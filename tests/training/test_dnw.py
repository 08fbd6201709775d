"""DNW against straight-through gradients in PyTorch, and what freezing leaves of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from toy_training import change, run_steps, toy_batch, toy_data, toy_engine

from topokit.training import TrainConfig
from topokit.training.engines.masked import MaskedEngine
from topokit.training.masks import Masks
from topokit.training.methods import Rewiring

CONFIG = TrainConfig(method="dnw", hidden=(10, 6), density=0.3, weight_decay=0.01)


def largest_only(weight: Tensor, count: int) -> Tensor:
    """The `count` entries of largest magnitude, forwards; all of them, backwards."""
    chosen = torch.zeros_like(weight).view(-1)
    chosen[weight.detach().abs().view(-1).topk(count).indices] = 1
    return weight + (weight * chosen.view_as(weight) - weight).detach()


def scores(parameters: dict[str, Tensor], counts: dict[str, int], x: Tensor) -> Tensor:
    for k in range(3):
        name = f"layers.{k}.weight"
        x = functional.linear(x, largest_only(parameters[name], counts[name]), parameters[f"layers.{k}.bias"])
        x = functional.relu(x) if k < 2 else x
    return x


def started(config: TrainConfig) -> MaskedEngine:
    """With the edges of the initial weights, as the training loop begins."""
    engine = toy_engine(config, toy_data())
    engine.rewire(change(0.0, config=config))
    return engine


@pytest.mark.parametrize("nesterov", [True, False])
def test_a_step_is_that_of_straight_through_gradients(nesterov: bool) -> None:
    data, config = toy_data(), CONFIG.replace(nesterov=nesterov)
    engine = started(config)
    counts = {name: int(mask.sum()) for name, mask in engine.masks.items()}
    peer = {name: p.detach().clone() for name, p in engine.parameters.items()} | {
        name: weights.clone() for name, weights in engine.latent.items()
    }
    for tensor in peer.values():
        tensor.requires_grad_()
    optimizer = torch.optim.SGD(list(peer.values()), lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=0.01)
    changed = 0
    for step in range(1, 31):
        x, y = toy_batch(data, step)
        engine.train_batch(x, y, learning_rate=0.1, rewires=True)
        changed += sum(done.n_changed for done in engine.rewire(change(0.0, config=config)).values())
        optimizer.zero_grad()
        functional.cross_entropy(scores(peer, counts, x), y).backward()
        optimizer.step()
        for name, weights in engine.latent.items():
            torch.testing.assert_close(weights, peer[name].detach(), rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(
                engine.parameters[name].detach(), largest_only(peer[name], counts[name]).detach(), rtol=1e-5, atol=1e-6
            )
    assert changed > 20


def test_edges_that_went_come_back() -> None:
    engine, data = started(CONFIG), toy_data()
    masks = []
    run_steps(engine, data, 60, after_update=lambda _: masks.append(engine.masks["layers.0.weight"].clone()))
    seen = torch.stack(masks).int()
    assert ((seen.diff(dim=0) == 1).any(0) & (seen.diff(dim=0) == -1).any(0)).any()
    assert len(set(seen.flatten(1).sum(1).tolist())) == 1


def test_positions_of_edges_are_kept_right_through_small_and_large_changes() -> None:
    rng = np.random.default_rng(0)
    masks = Masks({"layer": torch.from_numpy(rng.random((40, 50)) < 0.5)})
    for n_changed in (0, 3, 8, 400, 3, 0, 5):
        before = masks.positions("layer")
        masks.rewire_(
            "layer",
            Rewiring(
                np.sort(rng.choice(before, n_changed, replace=False)),
                np.sort(rng.choice(np.setdiff1d(np.arange(2000), before), n_changed, replace=False)),
            ),
        )
        assert np.array_equal(masks.positions("layer"), np.flatnonzero(masks["layer"].numpy()))
    masks.load_("layer", ~masks["layer"])
    assert np.array_equal(masks.positions("layer"), np.flatnonzero(masks["layer"].numpy()))


def test_the_first_edges_are_the_largest_initial_weights() -> None:
    engine = started(CONFIG)
    for name, mask in engine.masks.items():
        magnitude = engine.latent[name].abs()
        assert magnitude[mask].min() > magnitude[~mask].max()
        assert torch.equal(engine.parameters[name][mask], engine.latent[name][mask])


def test_freezing_forgets_what_lies_off_the_edges_and_trains_on() -> None:
    engine, data = started(CONFIG.replace(method="dnw-frozen")), toy_data()
    run_steps(engine, data, 10)
    engine.freeze()
    masks = {name: mask.clone() for name, mask in engine.masks.items()}
    weights = {name: parameter.detach().clone() for name, parameter in engine.parameters.items()}
    assert not engine.latent
    for step in range(11, 21):
        engine.train_batch(*toy_batch(data, step), learning_rate=0.1)
        for name, mask in engine.masks.items():
            assert torch.equal(mask, masks[name])
            assert not engine.parameters[name][~mask].any()
            assert not engine.momentum[name][~mask].any()
    assert all(not torch.equal(engine.parameters[name], weights[name]) for name in masks)
    assert "latent.layers.0.weight" not in engine.state()


def test_a_frozen_state_stays_frozen_when_loaded() -> None:
    data, config = toy_data(), CONFIG.replace(method="dnw-frozen")
    engine, other = started(config), started(config)
    run_steps(engine, data, 10)
    engine.freeze()
    other.load({name: values.copy() for name, values in engine.state().items()})
    for each in (engine, other):
        each.train_batch(*toy_batch(data, 11), learning_rate=0.1)
    for name, values in engine.state().items():
        assert np.array_equal(values, other.state()[name]), name
