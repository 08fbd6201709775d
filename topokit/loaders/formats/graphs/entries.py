"""The tensors of a file whose graph was translated: what their places in it make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod

from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.graphs.weights import Weights

_NBYTES = 4


def placed(
    entries: Mapping[str, TensorEntry], weights: Weights, otherwise: Role | None = "constant"
) -> dict[str, TensorEntry]:
    """All tensors with what the graph tells, and those that it makes of others before it uses them.

    `otherwise` is the role of tensors that neither the graph nor the format tells anything of.
    """
    every = (*entries.values(), *derived(entries, weights))
    return {entry.name: _placed(entry, weights, otherwise) for entry in every}


def _placed(entry: TensorEntry, weights: Weights, otherwise: Role | None) -> TensorEntry:
    role = weights.roles.get(entry.name) or entry.role or otherwise
    aside = entry.aside or weights.asides.get(entry.name, "")
    return replace(entry, role=role, aside=aside, axes=weights.axes(entry.name, entry.axes))


def derived(entries: Mapping[str, TensorEntry], weights: Weights) -> Iterator[TensorEntry]:
    """What the graph makes of stored tensors, of their type; numbers that come widened are none that a file stores."""
    for name, constant in weights.derived.items():
        shape, sources = constant.shape or (), [entries[source] for source in constant.sources]
        dtype = sources[0].dtype if len({source.dtype for source in sources}) == 1 else "float32"
        scale = sources[0].quantisation
        quantisation = scale if len(sources) == 1 and scale is not None and scale.axis is None else None
        is_widened = quantisation is None and dtype.startswith(("int", "uint"))
        yield replace(
            sources[0],
            name=name,
            shape=shape,
            dtype=dtype,
            nbytes=_NBYTES * prod(shape),
            reader=constant.values,
            layout="block-quantised" if is_widened else "dense",
            storage_id=None,
            role=None,
            aside="",
            quantisation=quantisation,
            raw=None,
            part=None,
        )
