"""The recorder in training loops that know nothing of topokit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from topokit.dag import LayeredDAG
from topokit.errors import (
    AmbiguousTopologyError,
    CheckpointError,
    OutputExistsError,
    ParameterError,
    RecordingError,
)
from topokit.recording import TopologyRecorder, open_recording


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))


def train_one_epoch(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
    x = torch.randn(64, 8)
    loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def edges(mask: torch.Tensor) -> np.ndarray:
    """A PyTorch mask (out, in) as edges (in, out)."""
    return mask.numpy().T.astype(bool)


def test_a_loop_that_prunes(tmp_path: Path) -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = TopologyRecorder(tmp_path / "run", model, config={"method": "magnitude"})
    masks = []
    for epoch in range(3):
        loss = train_one_epoch(model, optimizer)
        for layer in (model[0], model[2]):
            prune.l1_unstructured(layer, "weight", amount=0.5)
        masks.append([model[k].weight_mask.clone() for k in (0, 2)])
        recorder.record(epoch=epoch + 1, loss=loss)

    run = open_recording(tmp_path / "run")
    assert (run.method, run.steps, run.epochs) == ("magnitude", (0, 1, 2), (1.0, 2.0, 3.0))
    assert [layer.name for layer in run[0].layers] == ["input", "0", "2", "4"]
    for network, (first, second) in zip(run, masks, strict=True):
        np.testing.assert_array_equal(network.blocks[0].adjacency().toarray(), edges(first))
        np.testing.assert_array_equal(network.blocks[1].adjacency().toarray(), edges(second))
        assert [block.mask_source for block in network.blocks] == ["mask", "mask", "values"]
    assert [network.blocks[0].n_edges for network in run] == [64, 32, 16]
    assert list(run.metrics.columns) == ["step", "epoch", "loss"]


def test_a_loop_with_masks_of_its_own_keeps_edges_of_weight_0(tmp_path: Path) -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    masks = {name: torch.rand_like(p) < 0.3 for name, p in model.named_parameters() if p.ndim > 1}
    with TopologyRecorder(tmp_path / "run", model, masks=masks) as recorder:
        for epoch in range(2):
            train_one_epoch(model, optimizer)
            with torch.no_grad():
                for name, mask in masks.items():
                    model.get_parameter(name).mul_(mask)
            grown = (~masks["2.weight"]).nonzero()[:5]
            masks["2.weight"][tuple(grown.T)] = True
            recorder.record(step=100 * (epoch + 1), epoch=epoch + 1)
            expected = {name: mask.clone() for name, mask in masks.items()}

    last = recorder.open()[-1]
    for block, mask in zip(last.blocks, expected.values(), strict=True):
        np.testing.assert_array_equal(block.adjacency().toarray(), edges(mask))
    assert last.blocks[1].adjacency().toarray().T[tuple(grown.T)].all()
    assert not last.blocks[1].weight_matrix().toarray().T[tuple(grown.T)].any()
    np.testing.assert_array_equal(last.blocks[0].weight_matrix().toarray(), model[0].weight.detach().numpy().T)


def test_masks_from_a_function_and_without_weights(tmp_path: Path) -> None:
    model = perceptron()
    recorder = TopologyRecorder(
        tmp_path / "run", model, masks=lambda: {"0": torch.ones(16, 8)}, order=["0", "2", "4"], weights=False
    )
    recorder.record()
    [network] = recorder.open()
    assert network.blocks[0].n_edges == 128
    assert all(block.weights is None for block in network.blocks)


def test_exact_zeros_are_no_edges(tmp_path: Path) -> None:
    model = perceptron()
    with torch.no_grad():
        model[0].weight[torch.rand_like(model[0].weight) < 0.9] = 0
    zeros = int((model[0].weight == 0).sum())
    recorder = TopologyRecorder(tmp_path / "run", model)
    recorder.record()
    model[0].weight.data.fill_(1)
    recorder.record()
    assert [network.blocks[0].n_edges for network in recorder.open()] == [128 - zeros, 128]


def test_any_function_that_returns_a_network(tmp_path: Path) -> None:
    networks = [LayeredDAG.from_adjacencies([np.full((3, 2), k, np.float32)]) for k in (1, 2)]
    source = iter(networks)
    recorder = TopologyRecorder(tmp_path / "run", lambda: next(source))
    recorder.record(step=10)
    recorder.record(accuracy=0.5)
    assert recorder.open().steps == (10, 11)
    assert all(back.equals(network) for back, network in zip(recorder.open(), networks, strict=True))


def test_resuming_an_own_loop(tmp_path: Path) -> None:
    model = perceptron()
    TopologyRecorder(tmp_path / "run", model, config={"lr": 0.1}).record(epoch=1, loss=1.0)
    with pytest.raises(OutputExistsError):
        TopologyRecorder(tmp_path / "run", model)
    with pytest.raises(RecordingError, match=r"config\.lr = 0\.1, not 0\.2"):
        TopologyRecorder(tmp_path / "run", model, config={"lr": 0.2}, resume=True)
    TopologyRecorder(tmp_path / "run", model, config={"lr": 0.1}, resume=True).record(epoch=2, loss=0.5)
    assert open_recording(tmp_path / "run").metrics["loss"].tolist() == [1.0, 0.5]


@pytest.mark.parametrize("source", [3, "model.pt", {"a": 1}])
def test_a_source_that_is_neither(tmp_path: Path, source: object) -> None:
    with pytest.raises(ParameterError, match="give a PyTorch module or a function"):
        TopologyRecorder(tmp_path / "run", source)
    assert not (tmp_path / "run").exists()


def test_a_function_with_masks_or_another_result(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="masks and order"):
        TopologyRecorder(tmp_path / "run", lambda: None, masks={})
    with pytest.raises(ParameterError, match="returned NoneType"):
        TopologyRecorder(tmp_path / "run", lambda: None).record()


class Backwards(nn.Module):
    """Registers its layers in another order than it runs them."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first, self.middle = nn.Linear(6, 2), nn.Linear(4, 5), nn.Linear(5, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.middle(self.first(x)))


def test_layers_that_do_not_chain_ask_for_an_order(tmp_path: Path) -> None:
    recorder = TopologyRecorder(tmp_path / "a", Backwards())
    with pytest.raises(AmbiguousTopologyError, match="order=") as caught:
        recorder.record()
    assert "Backwards" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "a" / "frames").iterdir())
    ordered = TopologyRecorder(tmp_path / "b", Backwards(), order=["first", "middle", "last"])
    ordered.record()
    assert [layer.size for layer in ordered.open()[0].layers] == [4, 5, 6, 2]


def test_a_mask_that_fits_nothing(tmp_path: Path) -> None:
    for name, mask in (("3.weight", torch.ones(2, 2)), ("0.weight", torch.ones(8, 16)), ("0", 2 * torch.ones(16, 8))):
        with pytest.raises(CheckpointError, match="mask"):
            TopologyRecorder(tmp_path / name, perceptron(), masks={name: mask}).record()
