"""One layer of a Core ML neural network while it is translated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topokit.loaders.checkpoint import Role
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.coreml_files.layer_weights import stored
from topokit.loaders.formats.coreml_files.values import ModelFiles
from topokit.loaders.formats.graphs.calls import Call
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.graph import Weight


@dataclass(eq=False)
class Layer:
    """A layer in its place.

    Attributes
    ----------
    call : Call
        Its inputs and outputs, by their numbers.
    told : Message
        What it is told.
    files : ModelFiles
        Where its numbers lie.
    tensors : dict of str to Stored
        The tensors of the model so far.
    exact : bool
        Whether values have the axes that they have; else all have five (time, batch, channel, row, column).
    """

    call: Call
    told: Message
    files: ModelFiles
    tensors: dict[str, Stored]
    exact: bool

    @property
    def inputs(self) -> tuple[str, ...]:
        """The values it takes."""
        return self.call.values

    def weight(
        self, message: Message | None, leaf: str, shape: Sequence[int], letters: str, role: Role = "weight"
    ) -> Weight | None:
        """A weight of the layer as a tensor of the model; None when it has none."""
        name = f"{self.call.name}.{leaf}"
        kept = stored(message, name, tuple(shape), self.files)
        return None if kept is None else self._placed(kept, letters, role)

    def stack(self, messages: Sequence[Message | None], leaf: str, shape: Sequence[int], letters: str) -> Weight | None:
        """Weights of one shape, gate by gate or way by way, as one tensor with them side by side."""
        name = f"{self.call.name}.{leaf}"
        parts = [stored(message, f"{name} {k}", self._part(shape), self.files) for k, message in enumerate(messages)]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        whole = (*shape[:-2], shape[-2] * len(parts) // int(np.prod(shape[:-2], initial=1)), shape[-1])

        def read() -> Any:
            return np.concatenate([part.dense() for part in known]).reshape(whole)

        nbytes = sum(part.nbytes for part in known)
        return self._placed(
            Stored(name=name, shape=whole, dtype=known[0].dtype, nbytes=nbytes, read=read), letters, "weight"
        )

    def constant(self, message: Message | None, leaf: str, shape: Sequence[int], role: Role) -> None:
        """Numbers of the layer that are no weights."""
        name = f"{self.call.name}.{leaf}"
        kept = stored(message, name, tuple(shape), self.files)
        if kept is not None:
            self._keep(kept)
            self.call.program.weights.mark([name], role)

    def _part(self, shape: Sequence[int]) -> tuple[int, ...]:
        return tuple(shape[-2:])

    def _placed(self, kept: Stored, letters: str, role: Role) -> Weight | None:
        return self.call.program.weights.place(kept.name, self._keep(kept), letters, role)

    def _keep(self, kept: Stored) -> Constant:
        self.tensors[kept.name] = kept
        self.call.program.builder.tensors[kept.name] = kept.shape
        return Constant.stored(kept.name, kept.shape, kept.dense)


Handler = Callable[[Layer], None]
