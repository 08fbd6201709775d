"""What an adapter is: a way to know a family by its names, and to wire it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError, Names
from topokit.loaders.graph import GraphIR


@dataclass(frozen=True, slots=True)
class Adapter:
    """A family of networks whose tensors have well-known names.

    Attributes
    ----------
    name : str
        The family.
    anchors : tuple of str
        Names that only this family has; what stands before one of them is the prefix of the whole model.
    build : callable
        Wires the model from names without that prefix and returns its outputs; raises `MismatchError` when it is
        another model.
    prepare : callable, optional
        Puts the names in order first, such as turning the letters of transposed matrices.
    is_whole : bool
        Whether the anchors may stand in several places of one model, whose names then keep their prefix.
    """

    name: str
    anchors: tuple[str, ...]
    build: Callable[[Builder, Config], Sequence[str]]
    prepare: Callable[[Names], Names] | None = None
    is_whole: bool = False

    def recognises(self, names: Names) -> str | None:
        """The prefix of the one model of this family; None where there is none, or several."""
        found = {prefix for anchor in self.anchors for prefix in names.prefixes(anchor)}
        if self.is_whole:
            return "" if found else None
        return found.pop() if len(found) == 1 else None

    def graph(self, names: Names, config: Config, required: Sequence[str]) -> GraphIR | None:
        """The wiring of the model; None when its names or sizes are not those of the family.

        Parameters
        ----------
        names : Names
            The parameters of the checkpoint.
        config : Config
            What it says about the model beside them.
        required : sequence of str
            Tensors that must have a place in it.
        """
        prefix = self.recognises(names)
        if prefix is None:
            return None
        try:
            own = names.without(prefix)
            builder = Builder(self.prepare(own) if self.prepare else own)
            outputs = self.build(builder, config)
        except MismatchError:
            return None
        return builder.finish(outputs, self.name) if builder.known.issuperset(required) else None
