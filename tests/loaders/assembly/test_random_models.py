"""Random models: their edges are what automatic differentiation in PyTorch shows, whichever exporter wrote them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import influence
import numpy as np
import pytest
import random_models
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import topokit as tk
from topokit.loaders.assembly.plan import TensorBlock

Save = Callable[[nn.Module, Tensor, Path], Any]


def exported(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.export.save(torch.export.export(net, (example,)), path)


def exported_with_any_batch(net: nn.Module, example: Tensor, path: Path) -> None:
    batch = torch.export.Dim("batch", min=2)
    torch.export.save(torch.export.export(net, (example,), dynamic_shapes=({0: batch},)), path)


def traced_to_onnx(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.onnx.export(net, (example,), path, dynamo=False)


def to_onnx(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.onnx.export(net, (example,), path, dynamo=True, external_data=False, verbose=False)


def scripted(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.jit.script(net).save(path)


SAVERS: dict[str, Save] = {
    "net.pt2": exported,
    "any-batch.pt2": exported_with_any_batch,
    "traced.onnx": traced_to_onnx,
    "scripted.pt": scripted,
    "dynamo.onnx": to_onnx,
}


class Names:
    """Parameters by their values, which exporters keep when they rename or stack them, or else by what is 0."""

    def __init__(self, net: nn.Module) -> None:
        self.by_values: dict[Any, str] = {}
        for name, weight in net.named_parameters():
            for key in self.keys(weight.detach().numpy()):
                self.by_values.setdefault(key, name)

    def keys(self, values: NDArray[Any]) -> tuple[Any, Any]:
        """Exporters turn kernels and order gates in ways of their own, and multiply the scales of norms into them."""
        return np.sort(values[values != 0]).tobytes(), (values.shape, (values != 0).tobytes())

    def of(self, values: NDArray[Any]) -> str:
        return next(self.by_values[key] for key in self.keys(values) if key in self.by_values)

    def of_block(self, planned: TensorBlock) -> str:
        return self.of(np.asarray(planned.lay.chosen(planned.tensor.read())))

    def of_map(self, _: str, weight: Tensor) -> tuple[str, ...]:
        return (self.of(weight.numpy()),)


def without_memory(edges: set[influence.Edge]) -> set[influence.Edge]:
    """What a recurrent layer tells itself from step to step lies beside the paths of the network."""
    return {edge for edge in edges if not any("weight_hh" in end for end in edge[:2])}


def surviving(network: tk.LayeredDAG) -> int:
    blocks = [block for block in network.blocks if block.carries_weights]
    return sum(int(b.multiplicity.sum()) if b.multiplicity is not None else b.n_edges for b in blocks)


def assert_wired(seed: int, savers: list[str], folder: Path, steps: int) -> None:
    """TorchScript tells no shapes, without which some pixels cannot be told apart; topokit must say so then."""
    net, example, axis = random_models.model(seed, folder, steps=steps)
    names, given = Names(net), example.clone().requires_grad_(True)
    expected = influence.measured(lambda: net(given), names.of_map, [(axis, given)])
    for saver in savers:
        path = folder / saver
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            SAVERS[saver](net, example, path)
        options = {"input_shape": example.shape[1:]} if saver == "scripted.pt" else {}
        network = tk.load(path, **options)
        if saver == "scripted.pt" and any("could not be followed" in note for note in network.provenance.notes):
            continue
        found = without_memory(influence.wired(path, names.of_block, **options))
        what = f"model {seed} as {saver}:\n{(folder / f'net{seed}.py').read_text()}"
        assert found == expected, f"{what}\nmissing {expected - found}\ntoo many {found - expected}"
        kernels = sum(int((weight != 0).sum()) for weight in net.parameters() if weight.ndim > 1)
        assert surviving(network) == kernels, what


@pytest.fixture(autouse=True)
def quietly() -> Any:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("saver", list(SAVERS)[:-1])
def test_edges_are_what_differentiation_shows(saver: str, tmp_path: Path) -> None:
    for seed in range(12):
        assert_wired(seed, [saver], tmp_path, 6)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 400, 50))
def test_many_more_models_in_every_format(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 50):
        assert_wired(seed, list(SAVERS), tmp_path, 4 + seed % 8)
