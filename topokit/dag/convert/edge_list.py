"""To and from CSV: one row per edge, readable with pandas and R.

The columns are ``source_layer, source, target_layer, target, block`` and, where the network has them, ``weight`` and
``multiplicity``; neurons are numbered from 0 within their layer. Lines before the columns begin with ``#`` and hold
the rest, one JSON value each, so nothing but the taps behind an edge is lost and isolated neurons survive::

    # topokit edge list 1
    # layer {"name": "input", "size": 784, "kind": "input", "shape": [28, 28]}
    # layer {"name": "output", "size": 10, "kind": "output", "shape": null}
    # block {"name": "input->output", "source": "input", "target": "output", "kind": "dense", ...}
    # provenance {"file": "", ...}
    source_layer,source,target_layer,target,block,weight
    input,5,output,0,input->output,0.25

Elsewhere it is read with ``pandas.read_csv(path, comment="#")`` or ``read.csv(path, comment.char = "#")``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topokit.dag.block import EdgeBlock
from topokit.dag.codec import SCHEMA
from topokit.dag.convert.header import (
    Header,
    checked_header,
    find_blocks,
    inferred_header,
    typed_header,
)
from topokit.dag.convert.rows import edge_rows
from topokit.dag.convert.table import Coded, EdgeTable, distinct_blocks, numbers, rebuilt, whole_numbers
from topokit.dag.network import LayeredDAG
from topokit.errors import CheckpointError, CorruptCheckpointError, InvalidNetworkError
from topokit.outputs import whole_file

if TYPE_CHECKING:
    import pandas as pd

_TITLE = "# topokit edge list "
_ENDS = ["source_layer", "source", "target_layer", "target"]
_NAMES = ["block", "source_layer", "target_layer"]


def save_edge_list(network: LayeredDAG, path: str | os.PathLike[str]) -> None:
    """Write a network as CSV, whole or not at all; the page of this module describes the format.

    Parameters
    ----------
    network : LayeredDAG
        The network, skip connections and gates included.
    path : path-like
        The file; an existing one is replaced.

    Raises
    ------
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    weights = any(block.weights is not None for block in network.blocks)
    multiplicity = any(block.multiplicity is not None for block in network.blocks)
    columns = [*_ENDS, "block", *["weight"] * weights, *["multiplicity"] * multiplicity]
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in _header_lines(network))
        file.write(",".join(columns) + "\n")
        for block in network.blocks:
            file.writelines(_edge_lines(block, weights, multiplicity))


def from_edge_list(
    source: str | os.PathLike[str] | pd.DataFrame,
    *,
    layers: Mapping[str, int] | None = None,
    most_neurons: int | None = None,
) -> LayeredDAG:
    """Read a network from a list of edges.

    Parameters
    ----------
    source : path-like or DataFrame
        A file that `save_edge_list` wrote, or any CSV or table with the columns source_layer, source, target_layer
        and target; block, weight and multiplicity are read where they are.
    layers : mapping of str to int, optional
        Names and sizes of the layers of a table that topokit did not write, input first. Unless given, a layer
        ends with its last neuron that has an edge.
    most_neurons : int, optional
        How many neurons a layer may have, for files that are not trusted.

    Raises
    ------
    CheckpointError
        There is no such file, or (`CorruptCheckpointError`) it is damaged or no such table.
    InvalidNetworkError
        The edges of a DataFrame form no layered DAG.
    """
    if not isinstance(source, str | os.PathLike):
        return _network_of(source, None, layers, most_neurons)
    path = Path(source)
    if path.exists() and not path.is_file():
        problem = "not a readable edge list: a folder, a device or a pipe"
        raise CorruptCheckpointError(path, problem, format="edge list", remedy="give a file")
    try:
        header, skipped = _read_header(path)
        return _network_of(_read_frame(path, skipped), header, layers, most_neurons)
    except FileNotFoundError as error:
        raise CheckpointError(path, "no such file", remedy="check the path") from error
    except (OSError, ValueError, InvalidNetworkError) as error:
        problem = " ".join(str(error).split())
        raise CorruptCheckpointError(path, f"not a readable edge list: {problem}", format="edge list") from error


def _header_lines(network: LayeredDAG) -> Iterator[str]:
    header = typed_header(network)
    yield f"{_TITLE}{header['schema']}"
    for kind, entries in (("layer", header["layers"]), ("block", header["blocks"])):
        yield from (f"# {kind} {json.dumps(entry)}" for entry in entries)
    yield f"# provenance {json.dumps(header['provenance'])}"


def _edge_lines(block: EdgeBlock, weights: bool, multiplicity: bool) -> Iterator[str]:
    source, target, name = (_quoted(text) for text in (block.source, block.target, block.name))
    for source_neuron, target_neuron, weight, count in edge_rows(block):
        value = f",{'' if weight is None else repr(weight)}" if weights else ""
        taps = f",{'' if count is None else count}" if multiplicity else ""
        yield f"{source},{source_neuron},{target},{target_neuron},{name}{value}{taps}\n"


def _quoted(text: str) -> str:
    plain = text == text.strip() and not any(mark in text for mark in ',"#\r\n')
    return text if plain else '"' + text.replace('"', '""') + '"'


def _read_header(path: Path) -> tuple[Header | None, int]:
    with path.open(encoding="utf-8") as file:
        lines = list(takewhile(lambda line: line.startswith("#"), file))
    if not lines or not lines[0].startswith(_TITLE):
        return None, 0
    version = lines[0].removeprefix(_TITLE).strip()
    if version != str(SCHEMA):
        raise InvalidNetworkError(f"its version is {version}, not {SCHEMA}: another version of topokit wrote it")
    header: Header = {"schema": SCHEMA, "layers": [], "blocks": []}
    for line in lines[1:]:
        _, kind, value = line.split(" ", 2)
        if kind == "provenance":
            header[kind] = json.loads(value)
        else:
            header.setdefault(f"{kind}s", []).append(json.loads(value))
    return checked_header(header), len(lines)


def _read_frame(path: Path, skipped: int) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(
        path,
        skiprows=skipped,
        comment=None if skipped else "#",
        # Pandas rounds numbers that it parses itself, so weights stay text for Python to read.
        dtype={**dict.fromkeys(_NAMES, "str"), "weight": "object"},
        keep_default_na=False,
        na_values={"weight": [""], "multiplicity": [""]},
    )


def _network_of(
    frame: pd.DataFrame, header: Header | None, layers: Mapping[str, int] | None, most_neurons: int | None
) -> LayeredDAG:
    absent = [column for column in _ENDS if column not in frame.columns]
    if absent:
        raise InvalidNetworkError(
            f"column {absent[0]!r} is missing: {', '.join(_ENDS)} are needed, there are {', '.join(map(str, frame))}"
        )
    source, target = (whole_numbers(frame[side].to_numpy(), f"{side} neuron") for side in ("source", "target"))
    names = _coded(frame, "block") if "block" in frame else (np.zeros(len(frame), np.int64), [""])
    number, blocks = distinct_blocks(names, _coded(frame, "source_layer"), _coded(frame, "target_layer"))
    if header is None:
        sizes = _sizes(frame, source, target) if layers is None else layers
        header = inferred_header(sizes, blocks)
    position = find_blocks(header, blocks)
    weights, multiplicity = (_optional(frame, column) for column in ("weight", "multiplicity"))
    table = EdgeTable(position[number], source, target, weights, multiplicity)
    return rebuilt(header, table, most_neurons=most_neurons)


def _coded(frame: pd.DataFrame, column: str) -> Coded:
    import pandas as pd

    codes, labels = pd.factorize(frame[column], use_na_sentinel=False)
    return codes, ["" if pd.isna(label) else str(label) for label in labels]


def _sizes(frame: pd.DataFrame, source: NDArray[np.int64], target: NDArray[np.int64]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for column, neurons in (("source_layer", source), ("target_layer", target)):
        codes, names = _coded(frame, column)
        last = np.full(len(names), -1)
        np.maximum.at(last, codes, neurons)
        sizes |= {name: max(sizes.get(name, 0), size) for name, size in zip(names, (last + 1).tolist(), strict=True)}
    return sizes


def _optional(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    return numbers(frame[column].to_numpy(), column) if column in frame else np.full(len(frame), np.nan)
