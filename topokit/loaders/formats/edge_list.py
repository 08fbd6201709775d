"""Lists of edges as text: those that topokit exports, tables with its columns, and plain ``source target [weight]``.

Columns are separated by commas, tabs, semicolons or spaces; lines that begin with ``#`` or ``%`` are remarks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import LayeredDAG
from topokit.dag.convert import from_edge_list
from topokit.dag.convert.table import NEURONS_OF_A_LAYER
from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.graph_files.levels import levels_of
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits

if TYPE_CHECKING:
    import pandas as pd

NAME = "edge-list"

_TITLE = b"# topokit edge list "
_COLUMNS = {"source_layer", "source", "target_layer", "target"}
_PLAIN_COLUMNS = {"source", "target"}
_SEPARATORS = (",", "\t", ";", " ")
_WHOLE = re.compile(r"\d{1,18}")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_REMARKS = ("#", "%")
_LEVELS = "layers were made of the longest paths that lead to each node, because the list names none"


def recognises(path: Path, head: bytes) -> bool:
    """topokit's own first line, the names of its columns, or lines of two whole numbers and perhaps a weight."""
    return head.startswith(_TITLE) or _columns(head) is not None


def open_edge_list(path: Path, limits: Limits) -> Checkpoint:
    """A network from its edges.

    A list without layers is that of a directed acyclic graph: a node is in the layer of the longest path that leads
    to it.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    columns = None if head.startswith(_TITLE) else _columns(head)
    is_plain = columns is not None and not set(columns) >= _COLUMNS
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors={},
        notes=(_LEVELS,) if is_plain else (),
        network=partial(_network, path, columns, is_plain, limits),
        limits=limits,
    )


def _network(path: Path, columns: Sequence[str] | None, is_plain: bool, limits: Limits) -> LayeredDAG:
    with guarded(path, NAME):
        if columns is None:
            return from_edge_list(path, most_neurons=limits.neurons)
        table = _table(path, columns)
        if len(table) > limits.edges:
            raise LimitExceededError(path, f"lists {len(table):,} edges, more than allowed", format=NAME)
        if not is_plain:
            return from_edge_list(table, most_neurons=limits.neurons)
        return _layered(table, path, limits)


def _columns(head: bytes) -> list[str] | None:
    """The names of the columns, told by the first lines; None when these are of something else."""
    text = head.decode("utf-8", errors="replace").replace("\r\n", "\n")
    lines = text.split("\n")[: -1 if len(head) >= 4096 or text.endswith("\n") else None]
    rows = [_fields(line) for line in lines if line.strip() and not line.startswith(_REMARKS)]
    if not rows:
        return None
    names = [field.strip().strip('"').lower() for field in rows[0]]
    if set(names) >= _COLUMNS:
        return [field.strip().strip('"') for field in rows[0]]
    named = set(names) >= _PLAIN_COLUMNS
    body = rows[1:] if named else rows
    width = len(names) if named else len(body[0])
    if not body or not all(_is_edge(row, width) for row in body):
        return None
    return names if named else ["source", "target", "weight"][:width]


def _fields(line: str) -> list[str]:
    separator = next((one for one in _SEPARATORS if one in line.strip()), ",")
    return line.split() if separator == " " else line.split(separator)


def _is_edge(row: Sequence[str], width: int) -> bool:
    ends, rest = [field.strip() for field in row[:2]], [field.strip() for field in row[2:]]
    return len(row) == width in (2, 3) and all(map(_WHOLE.fullmatch, ends)) and all(map(_NUMBER.fullmatch, rest))


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    with path.open(encoding="utf-8") as file:
        first = next(line for line in file if line.strip() and not line.startswith(_REMARKS))
    is_named = not _WHOLE.fullmatch(_fields(first)[0].strip())
    separator = next((one for one in _SEPARATORS if one in first.strip()), ",")
    remark = "%" if _begins_with(path, "%") else "#"
    told: dict[str, Any] = {"sep": r"\s+" if separator == " " else separator, "comment": remark}
    frame: pd.DataFrame = pd.read_csv(path, header=0 if is_named else None, names=list(columns), **told)
    return frame


def _begins_with(path: Path, mark: str) -> bool:
    with path.open(encoding="utf-8") as file:
        return file.read(1) == mark


def _layered(table: pd.DataFrame, path: Path, limits: Limits) -> LayeredDAG:
    """The layers of a plain directed graph, its nodes in the order of their numbers."""
    import pandas as pd

    ends = table[["source", "target"]].to_numpy()
    nodes, numbered = np.unique(ends, return_inverse=True)
    source, target = numbered.reshape(ends.shape).T
    most = limits.neurons // NEURONS_OF_A_LAYER
    level = levels_of(source, target, len(nodes), most)
    if level is None:
        problem = f"has a cycle, or paths through more than {most:,} nodes, so it is no layered network"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy="remove the edges that run back")
    place = _places(level)
    names = np.array([f"layer{k}" for k in range(int(level.max()) + 1)])
    columns = {"source_layer": names[level[source]], "source": place[source]}
    columns |= {"target_layer": names[level[target]], "target": place[target]}
    rest = {"weight": table["weight"].to_numpy()} if "weight" in table else {}
    sizes = dict(zip(names.tolist(), np.bincount(level).tolist(), strict=True))
    return from_edge_list(pd.DataFrame(columns | rest), layers=sizes)


def _places(level: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each node within its layer."""
    order = np.argsort(level, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(level))])
    places = np.empty(len(level), np.int64)
    places[order] = np.arange(len(level)) - starts[level[order]]
    return places


FORMAT = Format(NAME, recognises, open_edge_list)
