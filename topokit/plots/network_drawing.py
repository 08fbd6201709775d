"""Small networks layer by layer, side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.dag import LayeredDAG
from topokit.errors import ParameterError, UnknownNameError
from topokit.plots.axis import evenly
from topokit.plots.layered import draw_edges, name_layers, neuron_area, places
from topokit.plots.panels import check_panels, draw, figure_of
from topokit.plots.style import palette

Neuron = tuple[str, int]

_MOST_EDGES = 2000
_HIGHLIGHT = to_hex(palette(2)[1])


def network_drawing(
    networks: Mapping[str, LayeredDAG], *, highlight: Mapping[str, Collection[Neuron]] | None = None
) -> Axes | Figure:
    """A panel for each network: layers from left to right, their neurons from top to bottom, and the edges.

    Legible up to some dozens of neurons a layer. Of more than 2,000 edges some are drawn, evenly chosen, and the panel
    says so. As Fig. 1 of Liu et al. (2020) and Fig. 5 of Alford et al. (2019).

    Parameters
    ----------
    networks : mapping of str to LayeredDAG
        Titles and networks.
    highlight : mapping of str to collection of (str, int), optional
        Neurons, as names of layers and positions from 0, for the titles that have any: they and the edges into them
        are coloured.

    Returns
    -------
    Axes or Figure
        A figure for several networks.

    Raises
    ------
    ParameterError
        No network, or a neuron that is not there.
    UnknownNameError
        A title or a layer that is not there.
    """
    check_panels(networks, None)
    for title in set(highlight or {}) - set(networks):
        raise UnknownNameError("network to highlight", title, networks)
    chosen = {title: _numbers(network, (highlight or {}).get(title, ())) for title, network in networks.items()}

    def paint(axes: Axes, title: str) -> None:
        _paint(axes, networks[title], chosen[title])

    titles = {title: title for title in networks}
    drawn = draw(titles if len(titles) > 1 else next(iter(titles)), paint, ax=None, images=True)
    figure = figure_of(drawn) if isinstance(drawn, Axes) else drawn
    largest = max(layer.size for network in networks.values() for layer in network.layers)
    figure.set_figheight(figure.get_figheight() * min(1.0, 0.35 + 0.06 * largest))
    return drawn


def _numbers(network: LayeredDAG, neurons: Collection[Neuron]) -> NDArray[np.int64]:
    found = []
    for layer, position in neurons:
        size = network.layer(layer).size
        if not 0 <= position < size:
            raise ParameterError(f"neuron {position} of layer {layer!r}: it has 0 to {size - 1}")
        found.append(int(network.offsets[network.index[layer]]) + position)
    return np.array(found, np.int64)


def _paint(ax: Axes, network: LayeredDAG, chosen: NDArray[np.int64]) -> None:
    points, (sources, targets) = places(network.layers), network.edges()
    some = evenly(len(sources), _MOST_EDGES) if len(sources) else np.empty(0, np.int64)
    sources, targets = sources[some], targets[some]
    into = np.isin(targets, chosen)
    width = float(np.clip(10 / np.sqrt(max(1, len(sources))), 0.1, 0.6))
    draw_edges(ax, points, sources[~into], targets[~into], "0.65" if chosen.size else "0.4", width)
    draw_edges(ax, points, sources[into], targets[into], _HIGHLIGHT, 1.1)
    colours = np.full(len(points), "white", dtype=object)
    colours[chosen] = _HIGHLIGHT
    x, y = points.T
    size = neuron_area(network.layers)
    ax.scatter(x, y, s=size, c=list(colours), edgecolors="0.2", linewidths=0.5, zorder=2)
    name_layers(ax, network.layers, drawn=len(sources), there=network.n_edges)
