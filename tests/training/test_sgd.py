"""The optimizer against PyTorch's own, to the last bit."""

from __future__ import annotations

import pytest
import torch

from topokit.training import TrainConfig
from topokit.training.engines.descent import Descent
from topokit.training.engines.sgd import SGD


@pytest.mark.parametrize("decay", [0.0, 5e-4])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_equals_torch(momentum: float, nesterov: bool, decay: float) -> None:
    rng = torch.Generator().manual_seed(0)
    theirs = torch.nn.Parameter(torch.randn(7, 5, generator=rng))
    ours, velocity = theirs.detach().clone(), torch.zeros(7, 5)
    peer = torch.optim.SGD([theirs], lr=0.1, momentum=momentum, nesterov=nesterov, weight_decay=decay, foreach=False)
    for _ in range(20):
        theirs.grad = torch.randn(7, 5, generator=rng)
        SGD(momentum, nesterov, decay).step_([ours], [theirs.grad.clone()], [velocity], learning_rate=0.1)
        peer.step()
        assert torch.equal(ours, theirs.detach())


def test_undecayed_parameters_do_not_decay() -> None:
    parameter = torch.ones(3)
    SGD(0.9, True, 0.1).step_([parameter], [torch.zeros(3)], [torch.zeros(3)], learning_rate=1.0, decays=False)
    assert torch.equal(parameter, torch.ones(3))


@pytest.mark.parametrize(("form", "left"), [("coupled", 0.8575), ("decoupled", 0.95**2), ("unscaled", 0.9**2)])
def test_decay_alone_leaves_what_its_form_says(form: str, left: float) -> None:
    """Two steps of size 1/2 with decay 0.1: once through a momentum of 0.9, twice past it."""
    parameter, velocity = torch.ones(1), torch.zeros(1)
    for _ in range(2):
        SGD(0.9, False, 0.1, form).step_([parameter], [torch.zeros(1)], [velocity], learning_rate=0.5)
    assert float(parameter) == pytest.approx(left)


@pytest.mark.parametrize("everywhere", [False, True])
def test_one_launch_for_all_parameters_moves_them_as_one_after_the_other(everywhere: bool) -> None:
    rng = torch.Generator().manual_seed(0)
    shapes = {"small": (7, 5), "bias": (7,), "large": (300, 230), "slope": (3,)}
    moved = {}
    for device in ("cpu", "cuda"):
        rng.manual_seed(1)
        values, gradients, velocities = ({k: torch.randn(s, generator=rng) for k, s in shapes.items()} for _ in "wgv")
        gates = {k: (torch.rand(shapes[k], generator=rng) < 0.3).float() for k in ("small", "large")}
        descent = Descent(TrainConfig(device=device), values, frozenset({"slope"}))
        descent.step_(values, gradients, velocities, gates, learning_rate=0.1, everywhere=everywhere)
        moved[device] = [*values.values(), *velocities.values()]
    assert all(map(torch.equal, moved["cpu"], moved["cuda"]))
