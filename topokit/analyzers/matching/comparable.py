"""Whether two networks can be compared, said before any work."""

from __future__ import annotations

from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.prepared import PreparedLayer, PreparedNetwork
from topokit.dag.capacity import check_capacity
from topokit.errors import IncompatibleNetworksError, NotAChainError

# For each pair of neurons: SciPy's distances and what they are made of, or what pairs are worth to the layers behind.
_DENSE_BYTES, _REFINED_BYTES = 40, 24


def check_comparable(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> None:
    """Refuse two networks that the definition does not compare.

    Raises
    ------
    IncompatibleNetworksError
        Layers of another number or kind, fed from elsewhere, other inputs, labelled outputs of other sizes, or widths
        that the authors' code cannot compare.
    NotAChainError
        A network with skips or branches where the authors' code is asked for.
    TooLargeError
        All pairs of neurons do not fit into memory, where they are asked for.
    """
    if a.positions(definition) != b.positions(definition):
        raise IncompatibleNetworksError(
            f"one network has {_listed(a)} and the other {_listed(b)}: NNSTD compares networks of equal depth; "
            "choose the layers that both have with layers=[...]"
        )
    last = a.positions(definition)[-1]
    for k in range(last + 1):
        _check_layers(a, b, k)
    used = sorted({source.group for layer in a.layers[: last + 1] for source in layer.sources})
    for group in used:
        _check_labelled(a, b, group, definition)
    for k in a.positions(definition):
        _check_labelled(a, b, a.layers[k].group, definition)
    if definition.authors:
        _check_authors(a, b, last)
    _check_room(a, b, definition)


def is_labelled(network: PreparedNetwork, group: int, definition: Definition) -> bool:
    """Whether the neurons of a group are paired by position."""
    role = network.groups[group].role
    return role == "input" or (role == "output" and definition.output != "matched")


def padded_widths(a: PreparedNetwork, b: PreparedNetwork) -> list[int]:
    """Neurons of each group that both networks have, those of the wider one."""
    return [max(one.size, other.size) for one, other in zip(a.groups, b.groups, strict=False)]


def _check_layers(a: PreparedNetwork, b: PreparedNetwork, k: int) -> None:
    one, other = a.layers[k], b.layers[k]
    if _kind(a, one) != _kind(b, other):
        raise IncompatibleNetworksError(
            f"layer {one.name!r} of the first network and {other.name!r} of the second are of another kind or fed from "
            "other layers: NNSTD compares networks of one architecture; choose the layers before with layers=[...]"
        )
    taps = [[source.taps for source in layer.sources] for layer in (one, other)]
    if taps[0] != taps[1]:
        raise IncompatibleNetworksError(
            f"layer {one.name!r} of the first network has {taps[0]} inputs per source neuron and layer {other.name!r} "
            f"of the second {taps[1]} (kernel sizes, or positions of a map): compare networks with the same kernels"
        )


def _kind(network: PreparedNetwork, layer: PreparedLayer) -> tuple[object, ...]:
    return layer.group, layer.counted, network.groups[layer.group].role, [source.group for source in layer.sources]


def _check_labelled(a: PreparedNetwork, b: PreparedNetwork, group: int, definition: Definition) -> None:
    one, other = a.groups[group], b.groups[group]
    if not is_labelled(a, group, definition) or one.size == other.size:
        return
    if one.role == "input":
        raise IncompatibleNetworksError(
            f"{_widths(a, b, group)}: NNSTD compares input by input; give networks over the same inputs "
            "(one input more is often a bias row to be dropped)"
        )
    raise IncompatibleNetworksError(
        f"{_widths(a, b, group)}: labelled outputs are compared one by one; pass output='matched' or output='skip'"
    )


def _check_authors(a: PreparedNetwork, b: PreparedNetwork, last: int) -> None:
    for network in (a, b):
        if any([source.group for source in layer.sources] != [k] for k, layer in enumerate(network.layers)):
            raise NotAChainError("the network is not a chain: the authors' code compares chains; leave out the preset")
    for layer in a.layers[:last]:
        if a.groups[layer.group].size < b.groups[layer.group].size:
            raise IncompatibleNetworksError(
                f"{_widths(a, b, layer.group)}: the authors' code fails where the first network is narrower in a "
                "hidden layer; swap the networks or leave out preset='authors'"
            )


def _check_room(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> None:
    layers = a.layers[: a.positions(definition)[-1] + 1]
    if definition.ties == "scipy":
        groups = {layer.group for layer in layers}
        _check_pairs(a, b, groups, definition, _DENSE_BYTES, "ties='scipy'", "use ties='canonical' or ties='fast'")
    if definition.refine:
        groups = {layer.group for layer in layers if layer.counted}
        _check_pairs(a, b, groups, definition, _REFINED_BYTES, "refine=True", "leave refine out")


def _check_pairs(
    a: PreparedNetwork,
    b: PreparedNetwork,
    groups: set[int],
    definition: Definition,
    bytes_per_pair: int,
    option: str,
    remedy: str,
) -> None:
    widths = padded_widths(a, b)
    widest = max((widths[group] for group in groups if not is_labelled(a, group, definition)), default=0)
    check_capacity(bytes_per_pair * widest**2, f"all pairs of {widest:,} neurons", option, remedy)


def _listed(network: PreparedNetwork) -> str:
    names = ", ".join(layer.name for layer in network.layers)
    return f"{len(network.layers)} layers with inputs ({names})"


def _widths(a: PreparedNetwork, b: PreparedNetwork, group: int) -> str:
    one, other = a.groups[group], b.groups[group]
    return (
        f"the first network has {one.size} neurons in layer {one.name!r} "
        f"and the second {other.size} in layer {other.name!r}"
    )
