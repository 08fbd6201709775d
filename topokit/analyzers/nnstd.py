"""Neural Network Sparse Topology Distance: how differently two sparse networks are wired (Liu et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.matching.definition import Definition, DistanceOptions
from topokit.analyzers.matching.greedy import match_networks
from topokit.analyzers.matching.prepared import prepare
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TopologyDistance(Result):
    """NNSTD of two networks: 0 for the same wiring, 1 when no paired neurons share an input.

    Attributes
    ----------
    layers : ndarray, shape (L,)
        Distance of each reported layer.
    layer_names : tuple of str
        Their names in the first network.
    sizes_a, sizes_b : tuple of int
        Their numbers of neurons in the two networks.
    assignments : tuple of ndarray of int64
        For each layer, the neuron of the second network paired with each neuron of the first, (size_a,); -1 for none.
    matched : tuple of bool
        Whether the neurons were matched (hidden) or paired by position (labelled).
    gaps : ndarray, shape (L,)
        The certificate: by how much each layer's distance could be smaller at most with another pairing of its
        neurons, given the pairings of the layers before it, as linear programming duality tells. 0, which is exact,
        proves that it could not; NaN where nothing is known.
    """

    plot_name: ClassVar[str] = "distance_layers"

    layers: NDArray[np.float64]
    layer_names: tuple[str, ...]
    sizes_a: tuple[int, ...]
    sizes_b: tuple[int, ...]
    assignments: tuple[NDArray[np.int64], ...]
    matched: tuple[bool, ...]
    gaps: NDArray[np.float64]

    @property
    def certified(self) -> tuple[bool, ...]:
        """Whether each layer's gap is 0."""
        return tuple(bool(gap == 0) for gap in self.gaps)

    @property
    def total(self) -> float:
        """Mean over the reported layers."""
        return float(np.mean(self.layers))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per layer: layer, distance, size_a, size_b, matched."""
        return pd.DataFrame(
            {
                "layer": list(self.layer_names),
                "distance": self.layers,
                "size_a": list(self.sizes_a),
                "size_b": list(self.sizes_b),
                "matched": list(self.matched),
            }
        )


def nnstd(a: Any, b: Any, **options: Unpack[DistanceOptions]) -> TopologyDistance:
    """Topological distance of two networks, per layer and in total.

    The distance of two neurons is the Jaccard distance of their sets of inputs, |A \\ B| + |B \\ A| over |A u B|:
    0 for two neurons without inputs, 1 for one. Layer by layer, the neurons of the two networks are paired so that
    these distances have the least sum, which over the layer's width is the layer's distance; the pairing then says
    which inputs of the next layer are the same. Inputs are labelled, and so are outputs unless told otherwise.

    Where layers differ in width, neurons without connections are added to the narrower one.

    Parameters
    ----------
    a, b : LayeredDAG or list of matrices
        Two chains over the same inputs, of equal depth; matrices are (n_source, n_target).
    preset : {'authors'}, optional
        Behave exactly as the code published with the paper: ``ties="scipy"``, ``output="matched"``,
        ``normaliser="n1"``; of unequal layers only as many neurons are paired as the narrower has, and where the
        first network has the wider hidden layer, the next layer's inputs are numbered past the gaps, which misaligns
        them. In matrices, NaN counts as a connection.
    ties : {'fast', 'scipy'}
        Among equally good pairings of a layer, which the next layer may depend on, take that of the fast exact
        solver, where neurons that are alike or share nothing stay in place if they can, or that of
        `scipy.optimize.linear_sum_assignment` on the full matrix of distances.
    output : {'labelled', 'matched', 'skip'}
        Compare output neurons by position, match them like hidden ones, or leave the output layer out.
    normaliser : {'max', 'n1', 'n2'}
        Divide a layer's cost by the larger width, or by the width in `a` or `b`. Only 'max' keeps layers of unequal
        widths within [0, 1].
    layers : sequence of int or str, optional
        Which layers to report and average: positions, 0 being the first hidden layer, or names. The layers before
        them are matched all the same.

    Returns
    -------
    TopologyDistance
        With `.layers`, `.total`, `.assignments` and the proof of optimality.

    Raises
    ------
    NotAChainError
        A network with skips or branches.
    IncompatibleNetworksError
        Other inputs, another depth, labelled outputs of other sizes, or, with the preset, a first network that is
        narrower in a hidden layer.
    ParameterError, UnknownNameError, InsufficientDataError
        Options or layers that do not exist, or nothing left to compare.

    Notes
    -----
    The first layer's distance is a metric and does not depend on ties. Deeper layers depend on the pairings before
    them and so, where these are not unique, on `ties` and on the order of `a` and `b`.

    References
    ----------
    Liu et al. (2020), section 3 and Algorithm 1.
    """
    definition = Definition.of(**options)
    first, second = prepare(a, definition), prepare(b, definition)
    match = match_networks(first, second, definition)
    layers = [first.layers[k] for k in first.positions(definition)]
    groups = [layer.group for layer in layers]
    return TopologyDistance(
        meta=Meta("nnstd", definition.parameters(), ANALYZER_REFERENCES["nnstd"]),
        layers=match.distances,
        layer_names=tuple(layer.name for layer in layers),
        sizes_a=tuple(first.groups[group].size for group in groups),
        sizes_b=tuple(second.groups[group].size for group in groups),
        assignments=match.partners,
        matched=match.matched,
        gaps=match.gaps,
    )
