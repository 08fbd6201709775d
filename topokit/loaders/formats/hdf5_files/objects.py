"""Groups and datasets of an HDF5 file, as their headers describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from topokit.errors import UnsafePathError
from topokit.loaders.formats.hdf5_files.attributes import Attribute, AttributeValue, attribute_value, parse_attribute
from topokit.loaders.formats.hdf5_files.btrees import new_records
from topokit.loaders.formats.hdf5_files.fractal_heap import fractal_heap
from topokit.loaders.formats.hdf5_files.headers import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    DATASPACE,
    DATATYPE,
    EXTERNAL_FILES,
    FILL,
    FILTERS,
    LAYOUT,
    OLD_FILL,
    Message,
    read_messages,
)
from topokit.loaders.formats.hdf5_files.heaps import GlobalHeap
from topokit.loaders.formats.hdf5_files.links import links_of
from topokit.loaders.formats.hdf5_files.messages import (
    Filter,
    Layout,
    message_type,
    parse_dataspace,
    parse_fill,
    parse_filters,
    parse_layout,
)
from topokit.loaders.formats.hdf5_files.source import Cursor, Source
from topokit.loaders.formats.hdf5_files.types import Type


@dataclass(frozen=True, slots=True)
class Data:
    """What a dataset holds and where.

    Attributes
    ----------
    shape : tuple of int
        Empty for a single value.
    type : Type
        Of one element.
    layout : Layout
        Where the bytes are.
    filters : tuple of Filter
        What its chunks went through.
    fill : bytes
        One element, for places where nothing is stored; none for zeros.
    """

    shape: tuple[int, ...]
    type: Type
    layout: Layout
    filters: tuple[Filter, ...]
    fill: bytes

    @property
    def nbytes(self) -> int:
        """Bytes of all elements, unpacked."""
        return prod(self.shape) * self.type.size


@dataclass(frozen=True, eq=False)
class Object:
    """A group or a dataset.

    Attributes
    ----------
    path : str
        Its names from the root on, with slashes; empty for the root.
    address : int
        Of its header; equal for two paths to one object.
    source : Source
        The file, while it is being listed.
    children : mapping of str to Object
        What a group holds.
    """

    path: str
    address: int
    source: Source = field(repr=False)
    heap: GlobalHeap = field(repr=False)
    children: dict[str, Object] = field(default_factory=dict, repr=False)

    @cached_property
    def messages(self) -> list[Message]:
        """The messages of its header."""
        return read_messages(self.source, self.address)

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """Its attributes by name, unread."""
        found = [parse_attribute(body, self.source) for body in self._attribute_bodies()]
        return {attribute.name: attribute for attribute in found}

    def attribute(self, name: str) -> AttributeValue:
        """The value of an attribute, None when there is none."""
        attribute = self.attributes.get(name)
        return None if attribute is None else attribute_value(attribute, self.source, self.heap)

    def links(self) -> dict[str, int]:
        """Names and header addresses of what a group holds."""
        return links_of(self.messages, self.source, self.path)

    @cached_property
    def data(self) -> Data | None:
        """What a dataset holds; None for a group or a shared type.

        Raises
        ------
        UnsafePathError
            The data are in another file.
        """
        layout = self._body(LAYOUT)
        if layout is None:
            return None
        source = self.source
        parsed = parse_layout(layout, source, self.path)
        if self._body(EXTERNAL_FILES) is not None or parsed.kind == "virtual":
            raise UnsafePathError(
                source.place.path,
                "keeps its numbers in another file, which is never opened",
                format=source.place.format,
                place=repr(self.path),
                remedy="save the numbers inside the file",
            )
        return self._described(parsed)

    def _described(self, layout: Layout) -> Data | None:
        source, space = self.source, self._body(DATASPACE)
        types = [message for message in self.messages if message.kind == DATATYPE]
        if space is None or not types:
            raise source.corrupt(f"has no extent or type of {self.path!r}")
        shape = parse_dataspace(space, source, self.path)
        if shape is None:
            return None
        filters, fill = self._body(FILTERS), self._body(FILL) or self._body(OLD_FILL)
        return Data(
            shape,
            message_type(types[0], source),
            layout,
            parse_filters(filters, source) if filters else (),
            parse_fill(fill, is_old=self._body(FILL) is None) if fill else b"",
        )

    def _body(self, kind: int) -> Cursor | None:
        found = next((message for message in self.messages if message.kind == kind), None)
        return None if found is None else Cursor(found.body, self.source)

    def _attribute_bodies(self) -> Iterator[Cursor]:
        for message in self.messages:
            if message.kind == ATTRIBUTE and not message.is_shared:
                yield Cursor(message.body, self.source)
        info = self._body(ATTRIBUTE_INFO)
        if info is None:
            return
        info.skip(1)
        info.skip(2 if info.uint(1) & 1 else 0)
        heap_address, tree_address = info.address(), info.address()
        if heap_address is None or tree_address is None:
            return
        heap = fractal_heap(self.source, heap_address)
        for record in new_records(self.source, tree_address):
            yield heap.item(record.take(8))
