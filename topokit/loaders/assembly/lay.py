"""How the axes of a stored tensor lie between its sources and its targets.

Conventions are the formats' own and never guessed from a shape; `topokit.loaders.graph.Weight` explains the letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.graph import Weight

Coordinates = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Lay:
    """A tensor between the sources and targets of one operation.

    Attributes
    ----------
    axes : str
        Letters of the stored axes after `part`, as in `Weight`.
    shape : tuple of int
        Their extents.
    part : tuple of int or slice
        What of the stored tensor is meant.
    groups : int
        Groups of a convolution whose axes have no letter ``g``.
    transposed : bool
        Whether it is the sources that stand for all groups.
    gates : int
        Gates stacked in the targets, gate by gate.
    rolled : bool
        Whether kernel positions tell sources apart: source (c, k) instead of c.
    gate_places : tuple of int
        The number that each stored gate bears; that of its place unless given.
    """

    axes: str
    shape: tuple[int, ...]
    part: tuple[int | slice, ...] = ()
    groups: int = 1
    transposed: bool = False
    gates: int = 1
    rolled: bool = False
    gate_places: tuple[int, ...] = ()

    @property
    def taps(self) -> int:
        """Stored numbers behind each possible edge: kernel positions that tell no sources apart, and gates."""
        return (1 if self.rolled else self._count("k")) * self.gates

    @property
    def tap_shape(self) -> tuple[int, ...]:
        """How these lie: the extents of the kernel, then the gates."""
        kernel = [] if self.rolled else [n for own, n in zip(self.axes, self.shape, strict=True) if own == "k"]
        return (*kernel, self.gates) if self.gates > 1 else tuple(kernel)

    @property
    def has_groups(self) -> bool:
        """Whether some sources and targets are not joined."""
        return self.groups * self._count("g") > 1

    @property
    def n_sources(self) -> int:
        """Sources of all groups."""
        groups = 1 if self.transposed else self.groups
        return self._count("i") * self._count("g") * groups * (self._count("k") if self.rolled else 1)

    @property
    def n_targets(self) -> int:
        """Targets of all groups."""
        groups = self.groups if self.transposed else 1
        return self._count("o") * self._count("g") * groups // self.gates

    @property
    def possible(self) -> int:
        """Pairs of a source and a target that the tensor has numbers for."""
        return self.n_sources * self.n_targets // (self.groups * self._count("g"))

    @property
    def is_plain(self) -> bool:
        """Whether it is a matrix: one stored number behind each pair of a source and a target."""
        return sorted(self.axes) == ["i", "o"] and self.groups == self.gates == 1

    def matrix(self, values: Any) -> Any:
        """A plain tensor as (n_sources, n_targets), dense or sparse."""
        chosen = self.chosen(values)
        return chosen.T if self.axes == "oi" else chosen

    def chosen(self, values: Any) -> Any:
        """The part of the tensor that is meant."""
        return values[self.part] if self.part else values

    def cube(self, values: NDArray[Any]) -> NDArray[Any]:
        """A tensor without groups as (n_sources, taps, n_targets), kernel positions row by row, gates by number."""
        order = sorted(range(len(self.axes)), key=lambda axis: "giko".index(self.axes[axis]))
        turned = self.chosen(values).transpose(order)
        cube: NDArray[Any] = turned.reshape(self.n_sources, self.taps // self.gates, self.gates, self.n_targets)
        if self.gate_places:
            cube = cube[:, :, np.argsort(self.gate_places)]
        return cube.reshape(self.n_sources, self.taps, self.n_targets)

    def ends(self, coordinates: tuple[NDArray[Any], ...]) -> Coordinates:
        """Source and target of each stored number, given its index along every axis of `chosen`."""
        source, target = (self._flat(letter, coordinates) for letter in "io")
        group = self._flat("g", coordinates)
        if self.groups > 1 and not self.transposed:
            group = target // (self._count("o") // self.groups)
        elif self.groups > 1:
            group = source // (self._count("i") // self.groups)
        lettered = "g" in self.axes
        source = source + group * self._count("i") * (lettered or not self.transposed)
        target = target + group * self._count("o") * (lettered or self.transposed)
        if self.rolled:
            source = source * self._count("k") + self._flat("k", coordinates)
        return source, target % self.n_targets if self.gates > 1 else target

    def kernel_positions(self, coordinates: tuple[NDArray[Any], ...]) -> NDArray[np.int64]:
        """Kernel position of each stored number."""
        return self._flat("k", coordinates)

    def taps_of(self, coordinates: tuple[NDArray[Any], ...]) -> NDArray[np.int64]:
        """The tap that each stored number is: its kernel position, unless that tells sources apart, then its gate."""
        tap = np.zeros_like(self._flat("k", coordinates)) if self.rolled else self._flat("k", coordinates)
        if self.gates == 1:
            return tap
        gate = self._flat("o", coordinates) // self.n_targets
        return tap * self.gates + (np.asarray(self.gate_places, np.int64)[gate] if self.gate_places else gate)

    def _flat(self, letter: str, coordinates: tuple[NDArray[Any], ...]) -> NDArray[np.int64]:
        """The index along all axes of one letter together."""
        index = np.zeros(len(coordinates[0]) if coordinates else 0, np.int64)
        for axis, own in enumerate(self.axes):
            if own == letter:
                index = index * self.shape[axis] + coordinates[axis]
        return index

    def _count(self, letter: str) -> int:
        return prod(extent for own, extent in zip(self.axes, self.shape, strict=True) if own == letter)


def lay_of(weight: Weight, shape: tuple[int, ...], **how: Any) -> Lay:
    """The lay of a tensor of that stored shape; `how` are the other attributes of `Lay`.

    Raises
    ------
    ValueError
        Another number of axes than letters, or groups that do not divide the channels.
    """
    left = part_shape(shape, weight.part)
    if len(left) != len(weight.axes):
        raise ValueError(f"{weight.tensor!r} has shape {shape} where axes {weight.axes!r} are needed")
    lay = Lay(weight.axes, left, weight.part, **how)
    letter = "i" if lay.transposed else "o"
    if prod(n for own, n in zip(lay.axes, left, strict=True) if own == letter) % (lay.groups * lay.gates):
        raise ValueError(f"{weight.tensor!r} of shape {shape} has no {lay.groups * lay.gates} equal groups or gates")
    return lay


def part_shape(shape: tuple[int, ...], part: tuple[int | slice, ...]) -> tuple[int, ...]:
    """The shape of ``values[part]``."""
    left = []
    for axis, extent in enumerate(shape):
        piece = part[axis] if axis < len(part) else slice(None)
        if isinstance(piece, slice):
            left.append(len(range(*piece.indices(extent))))
        elif not -extent <= piece < extent:
            raise ValueError(f"part {piece} of an axis of {extent}")
    return tuple(left)
