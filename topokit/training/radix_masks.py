"""RadiX-Nets as masks: what a configuration says about them, checked against the network that is to have them."""

from __future__ import annotations

from collections.abc import Sequence

from topokit.errors import ConfigError, ParameterError
from topokit.generators import RadixTopology

RADIX_MASKS = ("radix", "radix-random")


def radix_topology(systems: str, widths: Sequence[int], n_inputs: int = 0) -> RadixTopology:
    """The sparse layers that these values of ``radix_systems`` and ``radix_widths`` describe.

    Parameters
    ----------
    systems : str
        Radices with commas between them and semicolons between systems, such as ``"2,3;3,2"``.
    widths : sequence of int
        Of the Kronecker product; none for all 1.
    n_inputs : int
        Features of the data, from which the first input neurons are cut; 0 for all that the systems make.

    Raises
    ------
    ConfigError
        Text that is no such list, or numbers that do not go together.
    """
    try:
        parts = [[int(radix) for radix in system.split(",")] for system in systems.split(";")]
    except ValueError as error:
        raise ConfigError(f"radix_systems is {systems!r}: it takes radices such as 10,10 or 2,3;3,2") from error
    try:
        return RadixTopology(parts, widths, n_inputs)
    except ParameterError as error:
        raise ConfigError(f"radix_systems and radix_widths: {error}") from error


def fitting_topology(systems: str, widths: Sequence[int], shapes: Sequence[tuple[int, ...]]) -> RadixTopology:
    """The same, for a network with weights of these shapes, (n_target, n_source); its last layer stays dense.

    Raises
    ------
    ConfigError
        Besides, hidden layers of other widths, or layers that are not fully connected.
    """
    if any(len(shape) != 2 for shape in shapes):
        raise ConfigError("masks 'radix' and 'radix-random' are for fully connected networks: take model mlp")
    topology = radix_topology(systems, widths, shapes[0][1])
    hidden, expected = tuple(shape[0] for shape in shapes[:-1]), topology.sizes[1:]
    if hidden != expected:
        raise ConfigError(
            f"radix_systems {systems} makes hidden layers of {expected} neurons, the network has {hidden}: set hidden "
            "to the former, or to none and they are taken over"
        )
    return topology
