"""Where each neuron lies in the onion picture: the core inside, poorer shells around it."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.axes import neuron_table
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result
from topokit.analyzers.undirected import neighbours_of
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, Moment, as_series
from topokit.errors import ParameterError

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ShellLayout(Result):
    """The onion picture of one network, N neurons.

    Attributes
    ----------
    moment : Moment
        When the network was.
    layers : tuple of Layer
        Its layers.
    coreness, degrees, clusters : ndarray of int64, shape (N,)
        Shell and number of neighbours of each neuron, and which connected part of its shell it belongs to, numbered
        within the shell from 0, largest first.
    x, y : ndarray of float64, shape (N,)
        Its place, in shells.
    core_radius : float
        Radius of the disc that the core fills; shell k has its ring at ``core_radius + k_max - k``.
    sources, targets : ndarray of int64, shape (E,)
        A random sample of the edges, global numbers of neurons.
    n_edges : int
        How many edges there are.
    """

    plot_name: ClassVar[str] = "onion"

    moment: Moment
    layers: tuple[Layer, ...]
    coreness: Whole
    degrees: Whole
    clusters: Whole
    x: Real
    y: Real
    core_radius: float
    sources: Whole
    targets: Whole
    n_edges: int

    @property
    def k_max(self) -> int:
        """The highest shell."""
        return int(self.coreness.max())

    @property
    def layer_of(self) -> Whole:
        """Position of each neuron's layer, (N,)."""
        return np.repeat(np.arange(len(self.layers)), [layer.size for layer in self.layers])

    @property
    def frame(self) -> pd.DataFrame:
        """A row per neuron: step, epoch, layer, neuron, shell, degree, cluster, x, y."""
        table = neuron_table((self.moment,), self.layers)
        columns = {"shell": self.coreness, "degree": self.degrees, "cluster": self.clusters, "x": self.x, "y": self.y}
        return table.assign(**columns)


def shell_layout(
    source: Any, *, moment: int = -1, edges: int = 2000, spread: float = 0.6, rng: Random = 0
) -> ShellLayout:
    """Lay out a network by its shells, after LaNet-vi.

    A neuron of coreness c lies on the ring of its shell, at the depth ``d = c_max - c``, moved inwards by
    ``spread * (1 - m / d)``, m being the mean depth of its neighbours that lie no further out: within a shell, those
    tied to the inside lie further in. Connected parts of a shell have sectors proportional to their sizes, and neurons
    normally distributed angles about the middle of their sector with half its width as standard deviation (Eq. 2 of
    the paper).

    Three things differ from the paper. Its Eq. 1 moves by ``spread * (d - m)``, so that deep shells of a network whose
    outside is tied to its core would lie among others. The core fills a disc, whose area follows its share of the
    neurons, instead of being split into cliques, which layered networks have none of. Parts of a core that are not
    connected share one centre.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    moment : int
        Position of the network to lay out.
    edges : int
        Edges to draw at most, chosen at random.
    spread : float
        How far neurons leave the ring of their shell, 0 to 1 times the distance between two.
    rng : int or numpy.random.Generator
        Decides angles and edges.

    Returns
    -------
    ShellLayout
        Which `topokit.plots.onion` and `topokit.plots.shell_drawing` draw.

    Raises
    ------
    ParameterError
        A spread outside 0 to 1, a negative number of edges, or no such moment.
    TooLargeError
        The edges would not fit into this machine's memory.

    References
    ----------
    Alvarez-Hamelin, Dall'Asta, Barrat and Vespignani (2005).
    """
    most = whole_number("edges", edges, 0, "give the number of edges to draw, 0 or more")
    if not (isinstance(spread, numbers.Real) and 0 <= spread <= 1):
        raise ParameterError(f"spread={spread!r}: give a share of the distance between shells, 0 to 1")
    series = as_series(source)
    there = f"there are {len(series)} networks"
    moment = whole_number("moment", moment, -len(series), there)
    if moment >= len(series):
        raise ParameterError(f"moment={moment} is no position: {there}")
    random = generator_of(rng)
    network = series[moment]
    starts, neighbours = neighbours_of(network)
    picture = _Picture(starts, neighbours)
    x, y = picture.places(spread, random)
    ends = _sampled(picture.graph, most, random)
    parameters = {"moment": moment, "edges": most, "spread": spread, "rng": rng_label(rng)}
    return ShellLayout(
        meta=Meta("shell_layout", parameters, ANALYZER_REFERENCES["shell_layout"]),
        moment=series.moments[moment],
        layers=network.layers,
        coreness=picture.coreness,
        degrees=np.diff(starts),
        clusters=picture.clusters,
        x=x,
        y=y,
        core_radius=picture.core_radius,
        sources=ends[0],
        targets=ends[1],
        n_edges=len(neighbours) // 2,
    )


class _Picture:
    """Shells, their connected parts and the radius of the core."""

    def __init__(self, starts: Whole, neighbours: NDArray[np.int32]) -> None:
        from topokit.kernels.cores import core_numbers

        count = len(starts) - 1
        self.coreness: Whole = core_numbers(starts, neighbours)
        self.depth = self.coreness.max() - self.coreness
        data = np.ones(len(neighbours), np.float64)
        self.graph = sparse.csr_array((data, neighbours, starts), shape=(count, count))
        self.clusters = self._parts()
        share = float(np.sqrt(np.mean(self.depth == 0)))
        # The disc has the core's share of the whole area, up to where the rings would be too narrow.
        self.core_radius = max(1.0, float(self.depth.max())) * min(1.5, share / max(1 - share, 1e-9))

    def _parts(self) -> Whole:
        """Which connected part of its shell each neuron belongs to, 0 being the largest of the shell."""
        edges = self.graph.tocoo()
        rows, columns = edges.coords
        same = self.coreness[rows] == self.coreness[columns]
        shape = self.graph.shape
        _, part = sparse.csgraph.connected_components(
            sparse.coo_array((edges.data[same], (rows[same], columns[same])), shape=shape)
        )
        size = np.bincount(part)
        clusters = np.zeros(len(part), np.int64)
        for shell in np.unique(self.coreness):
            inside = np.flatnonzero(self.coreness == shell)
            names = np.unique(part[inside])
            names = names[np.argsort(-size[names], kind="stable")]
            rank = np.empty(part.max() + 1, np.int64)
            rank[names] = np.arange(len(names))
            clusters[inside] = rank[part[inside]]
        return clusters

    def places(self, spread: float, random: np.random.Generator) -> tuple[Real, Real]:
        """Places of all neurons, x and y, (N,) each."""
        around = np.divide(self._depth_around(), self.depth, out=np.ones(len(self.depth)), where=self.depth > 0)
        radius = self.core_radius + self.depth - spread * (1 - around)
        angle = self._angles(random)
        core = np.flatnonzero(self.depth == 0)
        order = random.permutation(len(core))
        # Golden-angle spirals fill a disc evenly.
        radius[core] = self.core_radius * 0.92 * np.sqrt((order + 0.5) / len(core))
        angle[core] = GOLDEN_ANGLE * order
        return radius * np.cos(angle), radius * np.sin(angle)

    def _depth_around(self) -> Real:
        """Mean depth of the neighbours that lie no further out, (N,); the own depth where there are none."""
        edges = self.graph.tocoo()
        rows, columns = edges.coords
        inward = self.coreness[columns] >= self.coreness[rows]
        count = np.bincount(rows[inward], minlength=len(self.depth))
        total = np.bincount(rows[inward], weights=self.depth[columns[inward]], minlength=len(self.depth))
        mean: Real = np.divide(total, count, out=self.depth.astype(np.float64), where=count > 0)
        return mean

    def _angles(self, random: np.random.Generator) -> Real:
        angles = np.empty(len(self.depth))
        noise = random.standard_normal(len(angles))
        for shell in np.unique(self.coreness):
            inside = np.flatnonzero(self.coreness == shell)
            share = np.bincount(self.clusters[inside]) / len(inside)
            middle = np.cumsum(share) - share / 2
            mine = self.clusters[inside]
            angles[inside] = 2 * np.pi * middle[mine] + np.pi * share[mine] * noise[inside]
        return angles


def _sampled(graph: sparse.csr_array, most: int, random: np.random.Generator) -> tuple[Whole, Whole]:
    upper = sparse.triu(graph, k=1, format="coo")
    rows, columns = upper.coords
    chosen = np.arange(len(rows))
    if len(rows) > most:
        chosen = np.sort(random.choice(len(rows), most, replace=False))
    return rows[chosen].astype(np.int64), columns[chosen].astype(np.int64)
