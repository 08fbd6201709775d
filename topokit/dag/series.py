"""Networks over time: all that analyzers know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from topokit.dag.chains import listed
from topokit.dag.network import LayeredDAG
from topokit.errors import IncompatibleNetworksError, InvalidNetworkError, ParameterError, UnknownNameError

Read = TypeVar("Read")
Activations = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a network of a series was saved.

    Attributes
    ----------
    step : int or None
        Optimizer steps so far.
    epoch : float or None
        Epochs so far.
    metrics : mapping of str to float
        What was measured then, such as ``test_accuracy``.
    label : str
        How plots and tables call it.
    """

    step: int | None = None
    epoch: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    label: str = ""


class Series(Sequence[LayeredDAG]):
    """An ordered, lazily read sequence of networks over the same layers.

    Parameters
    ----------
    moments : sequence of Moment
        One per network.
    read : callable
        ``read(k)`` returns network k; it is called anew at each access.
    name : str
        How plots and tables call the series.
    activations : callable, optional
        ``activations(k)`` returns what `Series.activations` shall.

    Raises
    ------
    InvalidNetworkError
        No moment was given.
    """

    def __init__(
        self,
        moments: Sequence[Moment],
        read: Callable[[int], LayeredDAG],
        *,
        name: str = "",
        activations: Callable[[int], Activations] | None = None,
    ) -> None:
        if not moments:
            raise InvalidNetworkError(f"series {name!r} has no network: give at least one")
        self.moments = tuple(moments)
        self.name = name
        self._read = read
        self._activations = activations
        self._layers: tuple[tuple[str, int], ...] | None = None

    @classmethod
    def from_networks(cls, networks: Iterable[LayeredDAG], *, name: str = "") -> Series:
        """A series of networks in memory, labelled by their position."""
        held = list(networks)
        return cls([Moment(step=k, label=str(k)) for k in range(len(held))], held.__getitem__, name=name)

    def __len__(self) -> int:
        return len(self.moments)

    @overload
    def __getitem__(self, key: int) -> LayeredDAG: ...
    @overload
    def __getitem__(self, key: slice) -> Series: ...
    def __getitem__(self, key: int | slice) -> LayeredDAG | Series:
        if isinstance(key, slice):
            positions = range(len(self))[key]
            read = partial(_read_at, self._read, positions)
            activations = None if self._activations is None else partial(_read_at, self._activations, positions)
            return Series(self.moments[key], read, name=self.name, activations=activations)
        position = range(len(self))[key]
        network = self._read(position)
        self._check_layers(network, position)
        return network

    def _check_layers(self, network: LayeredDAG, position: int) -> None:
        layers = tuple((layer.name, layer.size) for layer in network.layers)
        if self._layers is None:
            self._layers = layers
        elif layers != self._layers:
            raise IncompatibleNetworksError(
                f"network {position} of series {self.name!r} has layers {layers}, the first one read has "
                f"{self._layers}: a series keeps its layers"
            )

    def at(self, *, step: int | None = None, epoch: float | None = None) -> LayeredDAG:
        """The network saved at that step or epoch.

        Raises
        ------
        UnknownNameError
            No network was saved then; the times there are, are listed.
        ParameterError
            Both or neither were given.
        """
        if (step is None) == (epoch is None):
            raise ParameterError(f"step is {step} and epoch is {epoch}: give exactly one of them")
        for k, moment in enumerate(self.moments):
            if (step is not None and moment.step == step) or (epoch is not None and moment.epoch == epoch):
                return self[k]
        asked, times = ("step", self.steps) if step is not None else ("epoch", self.epochs)
        raise UnknownNameError(asked, str(step if step is not None else epoch), [str(time) for time in times])

    def activations(self, position: int) -> Activations:
        """Mean |h| of the neurons of each layer, (n_neurons,), as it was recorded with the network at that position.

        Empty where it was not.
        """
        return {} if self._activations is None else self._activations(range(len(self))[position])

    @property
    def steps(self) -> tuple[int | None, ...]:
        """Step of each network."""
        return tuple(moment.step for moment in self.moments)

    @property
    def epochs(self) -> tuple[float | None, ...]:
        """Epoch of each network."""
        return tuple(moment.epoch for moment in self.moments)

    @property
    def labels(self) -> tuple[str, ...]:
        """How plots and tables call each network: its label, epoch, step or position."""
        return tuple(_label(moment, k) for k, moment in enumerate(self.moments))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} networks, {self.labels[0]} to {self.labels[-1]})"


def _read_at(read: Callable[[int], Read], positions: range, k: int) -> Read:
    """What belongs to network k of a part of a series; can be pickled, for parts travel to worker processes."""
    return read(positions[k])


def as_network(source: Any) -> LayeredDAG:
    """A LayeredDAG as it is; anything else through `LayeredDAG.from_adjacencies`."""
    return source if isinstance(source, LayeredDAG) else LayeredDAG.from_adjacencies(source)


def as_series(source: Any) -> Series:
    """Whatever an analyzer takes, as a series.

    A `Series` stays itself, a `LayeredDAG` or a list of matrices becomes a series of one, a list of
    networks a series of them.
    """
    if isinstance(source, Series):
        return source
    if isinstance(source, LayeredDAG):
        return Series([Moment()], lambda _: source)
    if isinstance(source, Mapping):
        raise InvalidNetworkError("a mapping is no series of networks: give them in a list, such as list(of.values())")
    items = listed(source)
    if any(isinstance(item, LayeredDAG) for item in items):
        return Series.from_networks(as_network(item) for item in items)
    return as_series(as_network(items))


def _label(moment: Moment, position: int) -> str:
    if moment.label:
        return moment.label
    if moment.epoch is not None:
        return f"epoch {moment.epoch:g}"
    return f"step {moment.step}" if moment.step is not None else str(position)
