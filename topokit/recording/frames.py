"""One recorded moment: a network and when it was, in one file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import LayeredDAG, Moment
from topokit.dag.codec import decode, encode
from topokit.errors import InvalidNetworkError, ParameterError, RecordingError
from topokit.outputs import whole_file
from topokit.recording.container import chunks, read_arrays, read_metadata, read_some

NETWORK_KEY = "topokit"
_ACTIVATIONS = "activations"

Activations = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame's place and what its header says, without the network.

    Attributes
    ----------
    path : Path
        The file.
    moment : Moment
        Step, epoch and metrics.
    update : int or None
        Number of the rewiring after which it was taken.
    header : mapping
        The network's JSON header: layers, blocks, provenance.
    active : tuple of str
        The layers whose activations it holds.
    """

    path: Path
    moment: Moment
    update: int | None
    header: Mapping[str, Any]
    active: tuple[str, ...] = ()

    @property
    def layers(self) -> list[tuple[str, int]]:
        """Name and size of each layer."""
        return [(layer["name"], layer["size"]) for layer in self.header["layers"]]


def write_frame(
    path: Path,
    network: LayeredDAG,
    moment: Moment,
    *,
    update: int | None = None,
    weights: bool = True,
    activations: Activations | None = None,
) -> None:
    """Write a frame, whole or not at all; without `weights` only the wiring.

    `activations` are mean magnitudes (n_neurons,) by layer.

    Raises
    ------
    OutputExistsError
        The file exists.
    WriteFailedError
        The disk is full or the folder cannot be written.
    ParameterError
        A dtype that safetensors does not know, or activations that are not those of the network's neurons.
    """
    arrays, header = encode(network, weights=weights)
    active = {name: _checked(name, values, network) for name, values in (activations or {}).items()}
    metadata = {NETWORK_KEY: json.dumps(header), **_moment_metadata(moment, update, list(active))}
    arrays |= {f"{_ACTIVATIONS}.{name}": values for name, values in active.items()}
    try:
        with whole_file(path, overwrite=False) as temporary, temporary.open("wb") as file:
            file.writelines(chunks(arrays, metadata))
    except ValueError as error:
        raise ParameterError(f"{path}: the network cannot be recorded: {error}; convert its weights first") from error


def read_frame(path: Path) -> Frame:
    """Read a frame's header.

    Raises
    ------
    RecordingError
        The file is damaged, cut off, or no frame.
    """
    if not path.is_file():
        raise _damaged(path, "it is not a file")
    try:
        metadata = read_metadata(path)
        header = json.loads(metadata[NETWORK_KEY])
        frame = Frame(path, _moment(metadata), _update(metadata), header, _active(metadata))
        if not frame.layers:
            raise ValueError("it has no layer")
    except KeyError as error:
        raise _damaged(path, f"it has no {error}") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from error
    return frame


def read_network(frame: Frame) -> LayeredDAG:
    """Read a frame's network.

    Raises
    ------
    RecordingError
        The file is damaged or gone.
    """
    try:
        return decode(read_arrays(frame.path), frame.header)
    except (OSError, ValueError, InvalidNetworkError) as error:
        raise _damaged(frame.path, error) from error


def read_activations(frame: Frame) -> dict[str, NDArray[np.float64]]:
    """Read the mean activations (n_neurons,) that a frame holds, by layer.

    Raises
    ------
    RecordingError
        The file is damaged or gone.
    """
    names = {f"{_ACTIVATIONS}.{layer}": layer for layer in frame.active}
    try:
        arrays = read_some(frame.path, names) if names else {}
        sizes = dict(frame.layers)
        for name, values in arrays.items():
            if values.shape != (sizes.get(names[name]),):
                raise ValueError(f"{name} has the shape {values.shape}, the layer {sizes.get(names[name])} neurons")
    except (OSError, ValueError) as error:
        raise _damaged(frame.path, error) from error
    return {names[name]: values.astype(np.float64) for name, values in arrays.items()}


def _checked(name: str, values: Any, network: LayeredDAG) -> NDArray[np.float64]:
    sizes = {layer.name: layer.size for layer in network.layers}
    try:
        means = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"activations of layer {name!r} are no numbers: {error}") from error
    if means.shape != (sizes.get(name),):
        found = f"has {sizes[name]} neurons" if name in sizes else f"is not among {', '.join(sizes)}"
        raise ParameterError(
            f"activations of layer {name!r} have the shape {means.shape}, the layer {found}: give one mean |h| a neuron"
        )
    if not (np.isfinite(means).all() and (means >= 0).all()):
        raise ParameterError(f"activations of layer {name!r} are not all finite and 0 or more: give means of |h|")
    return means


def _moment_metadata(moment: Moment, update: int | None, active: list[str]) -> dict[str, str]:
    known = {"step": moment.step, "epoch": moment.epoch, "update": update}
    named = {_ACTIVATIONS: json.dumps(active)} if active else {}
    return {key: repr(value) for key, value in known.items() if value is not None} | {
        "metrics": json.dumps(dict(moment.metrics)),
        **named,
    }


def _moment(metadata: Mapping[str, str]) -> Moment:
    epoch = float(metadata["epoch"]) if "epoch" in metadata else None
    if epoch is not None and not math.isfinite(epoch):
        raise ValueError(f"its epoch is {epoch}")
    metrics = {str(name): float(value) for name, value in json.loads(metadata.get("metrics", "{}")).items()}
    return Moment(step=int(metadata["step"]), epoch=epoch, metrics=metrics)


def _update(metadata: Mapping[str, str]) -> int | None:
    return int(metadata["update"]) if "update" in metadata else None


def _active(metadata: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(str(layer) for layer in json.loads(metadata.get(_ACTIVATIONS, "[]")))


def _damaged(path: Path, why: object) -> RecordingError:
    return RecordingError(f"{path}: not a readable frame: {why}; remove the file or record again")
