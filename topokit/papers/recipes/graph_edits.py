"""The exact graph edit distance of small networks, by trying all numberings, beside the edits along NNSTD's pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.paper import Figures, Tables

Masks = Sequence[NDArray[np.bool_]]
Numbering = Sequence[Sequence[int]]


def masks_of(network: LayeredDAG) -> list[NDArray[np.bool_]]:
    """Which edges each layer of weights has, input first: arrays of shape (n_in, n_out)."""
    return [block.adjacency().toarray().astype(bool) for block in network.chain_blocks()]


def edits(first: Masks, second: Masks, numbering: Numbering) -> int:
    """Edges to add or delete when hidden neuron k of a layer is taken for neuron `numbering[layer][k]` of the other."""
    ends = [range(first[0].shape[0]), *numbering, range(first[-1].shape[1])]
    pairs = zip(first, second, ends, ends[1:], strict=False)
    return sum(int((one != other[np.ix_(list(rows), list(columns))]).sum()) for one, other, rows, columns in pairs)


def edit_distance(first: Masks, second: Masks) -> int:
    """The least of these numbers over all numberings of the hidden neurons.

    Inputs and outputs are labelled, hidden neurons are not; an edge more or less costs 1 (Liu et al. 2020, Eq. 2).
    """
    hidden = [permutations(range(mask.shape[1])) for mask in first[:-1]]
    return min(edits(first, second, numbering) for numbering in product(*hidden))


def measure_edits(widths: Sequence[int], *, density: float, pairs: int) -> Tables:
    """Pairs of random networks, and networks beside themselves with other numbers.

    Returns
    -------
    Tables
        "edits": kind ("two networks", "renumbered"), pair, exact, along_pairs (of NNSTD), nnstd, authors_code
        (NNSTD as their code has it).
    """
    rows = [
        (
            *(kind, k, edit_distance(one, two), edits(one, two, _matched(*networks))),
            *(round(tk.nnstd(*networks, preset=preset).total, 6) for preset in (None, "authors")),
        )
        for k in range(pairs)
        for kind, networks in _pairs(widths, density, k)
        for one, two in [(masks_of(networks[0]), masks_of(networks[1]))]
    ]
    return {"edits": pd.DataFrame(rows, columns=["kind", "pair", "exact", "along_pairs", "nnstd", "authors_code"])}


def _pairs(widths: Sequence[int], density: float, seed: int) -> Iterator[tuple[str, tuple[LayeredDAG, LayeredDAG]]]:
    rng = np.random.default_rng(seed)
    first, second = ([rng.random(shape) < density for shape in pairwise(widths)] for _ in range(2))
    yield "two networks", (LayeredDAG.from_adjacencies(first), LayeredDAG.from_adjacencies(second))
    orders = [np.arange(widths[0]), *(rng.permutation(n) for n in widths[1:-1]), np.arange(widths[-1])]
    again = [mask[np.ix_(*order)] for mask, *order in zip(first, orders, orders[1:], strict=False)]
    yield "renumbered", (LayeredDAG.from_adjacencies(first), LayeredDAG.from_adjacencies(again))


def _matched(first: LayeredDAG, second: LayeredDAG) -> list[list[int]]:
    return [order.tolist() for order in tk.nnstd(first, second).assignments[:-1]]


def draw_edits(tables: Tables) -> Figures:
    """Edits by all numberings, and along the pairs of NNSTD."""
    names = {"exact": "all numberings (GED)", "along_pairs": "pairs of NNSTD"}
    frame = tables["edits"].melt(["kind", "pair"], list(names), var_name="by", value_name="edits")
    frame = frame.assign(by=frame["by"].map(names))
    return {"edits": plots.bar_grid(frame, x="kind", y="edits", by="by", y_label="Edges added or deleted")}
