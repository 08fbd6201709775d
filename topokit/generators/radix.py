"""RadiX-Nets: sparse layers by rule, each neuron as well connected as any other.

Robinett and Kepner, RadiX-Net: Structured Sparse Matrices for Deep Neural Networks, IPDPSW 2019: mixed-radix
topologies and their Kronecker products with dense layers.
Alford et al., Training Behavior of Sparse Neural Network Topologies, HPEC 2019: inputs cut to those that the data have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

import numpy as np

from topokit.dag import CSRPattern, EdgeBlock, LayeredDAG, Provenance
from topokit.dag.chains import chain_layers
from topokit.errors import ParameterError
from topokit.generators.patterns import Keys, pattern_of_keys

_LARGEST_LAYER = 10**9


@dataclass(frozen=True)
class RadixTopology:
    """The layers of a RadiX-Net, whose edges are worked out when they are asked for.

    With N' neurons in a copy, layer k of weights joins neuron i of each copy with neurons ``(i + j v) mod N'`` of each
    copy of the next layer, for j below its radix; the place value v is the product of the radices before it in its
    system. (The authors' code subtracts j v: the mirror image of the same network.)

    Parameters
    ----------
    systems : sequence of sequence of int
        Mixed-radix systems, such as ``[(2, 3), (3, 2)]``: all but the last have the product N', which the product of
        the last divides; a lone system has the product N'. Radices are 2 or more.
    widths : sequence of int, optional
        Copies of the N' neurons in each layer (B of the Kronecker product), one more than there are radices, each at
        least 1; all 1 unless given.
    n_inputs : int, optional
        Input neurons that stay: the last ones, as in the code of Alford et al.; all unless given.

    Raises
    ------
    ParameterError
        Systems, widths or inputs that do not go together.
    """

    systems: Sequence[Sequence[int]]
    widths: Sequence[int] = ()
    n_inputs: int = 0
    n_base: int = field(init=False)

    def __post_init__(self) -> None:
        systems = tuple(tuple(system) for system in self.systems)
        n_base, n_radices = _checked_base(systems), sum(map(len, systems))
        widths = tuple(self.widths) or (1,) * (n_radices + 1)
        if len(widths) != n_radices + 1 or min(widths) < 1:
            raise ParameterError(
                f"widths are {widths}: systems {_written(systems)} take {n_radices + 1}, one more than their radices, "
                "each at least 1"
            )
        if n_base * max(widths) > _LARGEST_LAYER:
            raise ParameterError(
                f"systems {_written(systems)} with widths {widths} make a layer of {n_base * max(widths)} neurons: "
                f"at most {_LARGEST_LAYER} are possible, take smaller radices"
            )
        n_inputs = self.n_inputs or n_base * widths[0]
        if not 0 < n_inputs <= n_base * widths[0]:
            raise ParameterError(
                f"{n_inputs} inputs were asked for, but systems {_written(systems)} with first width {widths[0]} make "
                f"{n_base * widths[0]}: take a larger first width"
            )
        for name, value in {"systems": systems, "widths": widths, "n_base": n_base, "n_inputs": n_inputs}.items():
            object.__setattr__(self, name, value)

    @property
    def radices(self) -> tuple[int, ...]:
        """Of all systems, in order: one for each layer of weights."""
        return tuple(radix for system in self.systems for radix in system)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, input first."""
        return (self.n_inputs, *(self.n_base * width for width in self.widths[1:]))

    @property
    def edge_counts(self) -> tuple[int, ...]:
        """Edges of each layer of weights: each source has radix times width of the next layer."""
        parts = zip(self.sizes[:-1], self.radices, self.widths[1:], strict=True)
        return tuple(n_source * radix * width for n_source, radix, width in parts)

    @property
    def n_paths(self) -> int:
        """Paths from any input to any output neuron: the same number for all pairs.

        N'^(M - 2) times the product of the last of M systems times the widths of the hidden layers; the product of
        these widths alone for one system.
        """
        per_copy = 1 if len(self.systems) == 1 else self.n_base ** (len(self.systems) - 2) * prod(self.systems[-1])
        return per_copy * prod(self.widths[1:-1])

    @property
    def density(self) -> float:
        """Edges over possible edges."""
        return sum(self.edge_counts) / sum(n_source * n_target for n_source, n_target in pairwise(self.sizes))

    def keys(self, layer: int) -> Keys:
        """The edges of a layer of weights (from 0), ascending, as ``source * n_target + target``."""
        steps = np.arange(self.radices[layer]) * self._place_values[layer]
        targets = np.sort((np.arange(self.n_base)[:, None] + steps) % self.n_base, axis=1)
        rows = _in_all_copies(targets, self.n_base, self.widths[layer : layer + 2])
        sources = np.arange(self.n_inputs if layer == 0 else len(rows), dtype=np.int64)
        keys: Keys = sources[:, None] * self.sizes[layer + 1] + rows[len(rows) - len(sources) :]
        return keys.reshape(-1)

    def weight_positions(self, layer: int) -> Keys:
        """The same edges, ascending, as ``target * n_source + source``: where a framework keeps their weights."""
        n_source, n_target = self.sizes[layer : layer + 2]
        sources, targets = np.divmod(self.keys(layer), n_target)
        return np.sort(targets * n_source + sources)

    def pattern(self, layer: int) -> CSRPattern:
        """The edges of a layer of weights (from 0), (n_source, n_target)."""
        return pattern_of_keys(self.keys(layer), (self.sizes[layer], self.sizes[layer + 1]))

    @property
    def _place_values(self) -> tuple[int, ...]:
        return tuple(prod(system[:k]) for system in self.systems for k in range(len(system)))


def radix_net(
    systems: Sequence[Sequence[int]], widths: Sequence[int] = (), *, n_inputs: int | None = None
) -> LayeredDAG:
    """A RadiX-Net: every neuron of a layer has the same degrees, every input reaches every output by as many paths.

    `same_density` makes its random twin, a network with the same layers and as many edges in each.

    Parameters
    ----------
    systems, widths
        As in `RadixTopology`.
    n_inputs : int, optional
        Input neurons that stay, the last ones: 784 of 800 for images of 28 x 28. Hidden neurons then differ a little
        in their in-degree.

    Raises
    ------
    ParameterError
        Systems, widths or inputs that do not go together.

    Examples
    --------
    >>> radix_net([(10, 10)], (8, 3, 1), n_inputs=784).n_edges
    26520
    """
    if n_inputs is not None and n_inputs < 1:
        raise ParameterError(f"n_inputs is {n_inputs}: leave at least one input")
    topology = RadixTopology(systems, widths, n_inputs or 0)
    layers = chain_layers(topology.sizes)
    blocks = [EdgeBlock(a.name, b.name, topology.pattern(k)) for k, (a, b) in enumerate(pairwise(layers))]
    return LayeredDAG(layers, tuple(blocks), Provenance(order="user", mask_source="none"))


def _in_all_copies(targets: Keys, n_base: int, widths: Sequence[int]) -> Keys:
    """Targets of one copy of the sources (n_base, radix) in one copy of the targets, for all copies of both."""
    n_source, n_target = widths
    copies = targets[:, None, :] + (np.arange(n_target) * n_base)[None, :, None]
    return np.tile(copies.reshape(n_base, -1), (n_source, 1))


def _checked_base(systems: tuple[tuple[int, ...], ...]) -> int:
    if not systems or any(not system or min(system) < 2 for system in systems):
        raise ParameterError(f"systems are {_written(systems)!r}: give lists of radices of 2 or more, such as 2,3;3,2")
    n_base, *others = (prod(system) for system in systems)
    for k, product in enumerate(others, 2):
        if product != n_base and not (k == len(systems) and n_base % product == 0):
            raise ParameterError(
                f"system {k} of {_written(systems)} has the product {product} and the first {n_base}: make them equal "
                "(the last may be a divisor)"
            )
    return n_base


def _written(systems: tuple[tuple[int, ...], ...]) -> str:
    return ";".join(",".join(map(str, system)) for system in systems)
