"""Python objects with arrays in them: what the readers of pickles, joblib files and object arrays share.

joblib leaves the numbers of an array in the middle of the pickle, behind the object that describes it
(``joblib/numpy_pickle.py``, ``NumpyArrayWrapper``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.formats.objects.arrays import NUMPY_CONSTRUCTORS, RECONSTRUCT, numbers_of, shape_of, unmade
from topokit.loaders.formats.objects.spans import Source
from topokit.loaders.formats.objects.tree import SPARSE_CONSTRUCTORS, ObjectTree
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Constructors, Global, Machine, Placeholder
from topokit.loaders.limits import Limits

_WRAPPER, _OLD_WRAPPERS = "NumpyArrayWrapper", ("NDArrayWrapper", "ZNDArrayWrapper")
_MOST_UNKNOWN = 8
_WRAPPERS = [Global(module, _WRAPPER) for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")]
_CONSTRUCTORS: Constructors = {
    **CONSTRUCTORS,
    **NUMPY_CONSTRUCTORS,
    **SPARSE_CONSTRUCTORS,
    **{kind: partial(unmade, kind) for kind in _WRAPPERS},
}


def objects_of(source: Source, path: Path, format: str, limits: Limits) -> tuple[Any, tuple[str, ...]]:
    """The tree of the objects that a run of bytes holds, and notes.

    Several pickles in a row make one table, from positions.

    Raises
    ------
    UnsafePickleError
        A pickle calls something that no array needs, such as ``os.system``. Nothing of it runs.
    CorruptCheckpointError
        A pickle or an array contradicts itself, or something else follows.
    UnsupportedFeatureError
        A joblib file of the days when each array was a file of its own.
    """
    follower = _Follower(source, path, format, limits)
    machine = follower.machine()
    roots = [machine.run()]
    while not machine.finished:
        roots.append(machine.run())
    tree = ObjectTree(path, format, source.read).of(roots[0] if len(roots) == 1 else roots)
    unknown = tuple(sorted(map(str, follower.unknown)))[:_MOST_UNKNOWN]
    return tree, (f"objects left unmade: {', '.join(unknown)}",) if unknown else ()


@dataclass(eq=False)
class _Follower:
    """Makes machines that know where joblib puts arrays."""

    source: Source
    path: Path
    format: str
    limits: Limits

    def __post_init__(self) -> None:
        self._machines: list[Machine] = []

    @property
    def unknown(self) -> set[Any]:
        """The names that no machine knew."""
        return {name for machine in self._machines for name in machine.unknown}

    def machine(self) -> Machine:
        """A machine that goes on where the stream stands."""
        made = Machine(
            self.source.stream,
            self.path,
            self.format,
            constructors=_CONSTRUCTORS,
            embedded=self._embedded,
            limits=self.limits,
        )
        self._machines.append(made)
        return made

    def _embedded(self, wrapper: Placeholder, position: int) -> tuple[Any, int] | None:
        """The array whose numbers follow its description."""
        name = wrapper.kind.name
        if name in _OLD_WRAPPERS and wrapper.kind.module.endswith(("numpy_pickle", "numpy_pickle_compat")):
            raise UnsupportedFeatureError(
                self.path,
                "is of joblib before 0.10, which keeps each array in a file of its own",
                format=self.format,
                remedy="load it and dump it again with a newer joblib",
            )
        if name != _WRAPPER or not isinstance(wrapper.state, dict):
            return None
        return self._array(wrapper.state), self.source.stream.position

    def _array(self, state: dict[Any, Any]) -> Placeholder:
        numbers, shape = numbers_of(state["dtype"]), shape_of(state["shape"])
        if numbers.are_objects:
            made = self.machine().run()
            return made if isinstance(made, Placeholder) else Placeholder(RECONSTRUCT)
        if state.get("numpy_array_alignment_bytes") is not None:
            self.source.stream.skip(self.source.stream.count(1))
        span = self.source.stream.embedded(prod(shape) * numbers.size)
        return Placeholder(RECONSTRUCT, (), (shape, state["dtype"], state.get("order") == "F", span))
