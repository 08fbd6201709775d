"""The wiring of a saved network as the start of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG
from topokit.errors import ConfigError
from topokit.loaders import load
from topokit.recording import Recording, open_recording
from topokit.recording.layout import RUN_FILE
from topokit.training.config import TrainConfig
from topokit.training.methods.selection import Positions

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """The edges of one tensor of weights.

    Attributes
    ----------
    edges : ndarray of int64, shape (n_edges,)
        Flat positions in the tensor, ascending.
    weights : ndarray of float32, shape (n_edges,), optional
        Theirs, where the network has any.
    """

    edges: Positions
    weights: Values | None


def stored_layers(config: TrainConfig, shapes: Sequence[tuple[int, ...]]) -> list[StoredLayer]:
    """The layers of the network that ``structure`` and ``structure_epoch`` name.

    Parameters
    ----------
    config : TrainConfig
        Its ``structure``: a run folder, or any file that `topokit.load` reads.
    shapes : sequence of tuple of int
        Of the weight tensors to fill, (n_target, n_source, ...).

    Raises
    ------
    ConfigError
        The network has other layers, or more than one number stands behind an edge and the file does not say which
        are left; a file given with an epoch; an epoch that no frame has.
    CheckpointError, RecordingError
        There is no such network, or it cannot be read.
    """
    return _layers(_network(config.structure, config.structure_epoch), shapes, config.structure)


def original_layers(config: TrainConfig, shapes: Sequence[tuple[int, ...]]) -> list[StoredLayer]:
    """The layers of the first frame of that run: which weights it began with."""
    return _layers(_recording(config.structure)[0], shapes, config.structure)


def original_seed(config: TrainConfig) -> int:
    """The seed of that run.

    Raises
    ------
    ConfigError
        It was not recorded.
    """
    seed = _recording(config.structure).config.get("seed")
    if not isinstance(seed, int):
        raise ConfigError(f"{config.structure} does not say with which seed it began: use structure_weights = 'new'")
    return seed


def weights_at(layer: StoredLayer, edges: Positions, otherwise: Values) -> Values:
    """The stored weights at these positions, and `otherwise` (n_edges,) where there was no edge or no weight."""
    weights = otherwise.copy()
    if layer.weights is not None:
        _, here, there = np.intersect1d(edges, layer.edges, assume_unique=True, return_indices=True)
        weights[here] = layer.weights[there]
    return weights


def _network(structure: str, epoch: float) -> LayeredDAG:
    if not (Path(structure) / RUN_FILE).is_file():
        if epoch >= 0:
            raise ConfigError(f"{structure} is no run folder, so it has no epoch {epoch:g}: leave structure_epoch out")
        return load(structure)
    recording = _recording(structure)
    return recording[-1] if epoch < 0 else recording.at(epoch=epoch)


def _recording(structure: str) -> Recording:
    if not (Path(structure) / RUN_FILE).is_file():
        raise ConfigError(
            f"{structure} is no run folder, so its original weights are unknown: give one, or new weights"
        )
    return open_recording(structure)


def _layers(network: LayeredDAG, shapes: Sequence[tuple[int, ...]], where: str) -> list[StoredLayer]:
    blocks = [block for block in network.blocks if block.carries_weights]
    if len(blocks) != len(shapes):
        raise ConfigError(
            f"{where} has {len(blocks)} layers of weights, the model {len(shapes)}: choose the same model"
        )
    return [_layer(block, shape, where) for block, shape in zip(blocks, shapes, strict=True)]


def _layer(block: EdgeBlock, shape: tuple[int, ...], where: str) -> StoredLayer:
    inputs = int(np.prod(shape[1:]))
    holder: Any = block if block.taps is None else block.taps
    if holder.pattern.shape != (inputs, shape[0]):
        raise ConfigError(
            f"{where}: block {block.name!r} has {holder.pattern.shape[0]} inputs and {holder.pattern.shape[1]} outputs "
            f"where the model has {inputs} and {shape[0]}: choose the same model, data set and widths"
        )
    indptr, targets = holder.pattern.csr()
    sources = np.repeat(np.arange(inputs, dtype=np.int64), np.diff(indptr))
    positions = targets * np.int64(inputs) + sources
    order = np.argsort(positions)
    weights = None if holder.weights is None else holder.weights[order].astype(np.float32)
    return StoredLayer(positions[order], weights)
