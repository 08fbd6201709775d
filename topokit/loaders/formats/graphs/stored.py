"""A tensor that a graph refers to, before it is known what for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Axes, Layout, Quantisation, TensorEntry, Values


@dataclass(frozen=True, eq=False, kw_only=True)
class Stored:
    """A tensor of the file, not read yet; the attributes are those of a `TensorEntry`."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    read: Callable[[], Values] = field(repr=False)
    layout: Layout = "dense"
    quantisation: Quantisation | None = None

    def dense(self) -> NDArray[Any]:
        """Its values, zeros included."""
        values = self.read()
        dense: NDArray[Any] = values if isinstance(values, np.ndarray) else values.toarray()
        return dense

    def entry(self, path: Path, format: str, axes: Axes) -> TensorEntry:
        """It as a tensor of the checkpoint."""
        return TensorEntry(
            name=self.name,
            shape=self.shape,
            dtype=self.dtype,
            nbytes=self.nbytes,
            path=path,
            format=format,
            reader=self.read,
            layout=self.layout,
            axes=axes,
            quantisation=self.quantisation,
        )
