"""Neural Network Sparse Topology Distance: how differently two sparse networks are wired (Liu et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.matching.definition import Definition, DistanceOptions
from topokit.analyzers.matching.lower_bound import lower_bounds
from topokit.analyzers.matching.match import layer_weights, match_networks
from topokit.analyzers.matching.prepared import prepare
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TopologyDistance(Result):
    """NNSTD of two networks: 0 for the same wiring, 1 when no paired neurons share an input.

    Attributes
    ----------
    layers : ndarray, shape (L,)
        Distance of each reported layer.
    total : float
        Their average: the unweighted mean unless told otherwise.
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
        neurons, given the pairings of the layers before it, as linear programming duality tells for similarities
        rounded to 2^-40. 0 proves that it could not; NaN says that nothing is known, as of pairings that were refined.
    lower_bounds : ndarray, shape (L,)
        What no pairing of any layers whatever goes below: with this and `total`, the exact optimum is bracketed.
    weights : ndarray, shape (L,)
        Of the layers in the total.
    """

    plot_name: ClassVar[str] = "distance_layers"

    layers: NDArray[np.float64]
    total: float
    layer_names: tuple[str, ...]
    sizes_a: tuple[int, ...]
    sizes_b: tuple[int, ...]
    assignments: tuple[NDArray[np.int64], ...]
    matched: tuple[bool, ...]
    gaps: NDArray[np.float64]
    lower_bounds: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def certified(self) -> tuple[bool, ...]:
        """Whether each layer's gap is 0."""
        return tuple(bool(gap == 0) for gap in self.gaps)

    @property
    def lower_bound(self) -> float:
        """What the total of no pairing whatever goes below."""
        return float(self.lower_bounds @ self.weights)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per layer: layer, distance, size_a, size_b, matched, gap, lower_bound."""
        return pd.DataFrame(
            {
                "layer": list(self.layer_names),
                "distance": self.layers,
                "size_a": list(self.sizes_a),
                "size_b": list(self.sizes_b),
                "matched": list(self.matched),
                "gap": self.gaps,
                "lower_bound": self.lower_bounds,
            }
        )

    def scalars(self) -> dict[str, float]:
        """Distance of each layer and in total."""
        return {**last_numbers(self.frame, ("distance",), ("layer",)), "total": self.total}


def nnstd(a: Any, b: Any, **options: Unpack[DistanceOptions]) -> TopologyDistance:
    """Topological distance of two networks, per layer and in total.

    The distance of two neurons is the Jaccard distance of their sets of inputs, |A \\ B| + |B \\ A| over |A u B|:
    0 for two neurons without inputs, 1 for one. Layer by layer, the neurons of the two networks are paired so that
    these distances have the least sum, which over the layer's width is the layer's distance; the pairing then says
    which inputs of the next layer are the same. Inputs are labelled, and so are outputs unless told otherwise.

    Where layers differ in width, neurons without connections are added to the narrower one. Of a convolution the
    neurons are the output channels and the inputs are channel x kernel position; of a flattened map, channel x
    position; of a recurrent layer, unit x gate: the inputs of a channel or unit stay together. Layers joined by a
    residual connection share one pairing, made from the sum of their similarities as far as the layers that feed them
    are paired by then. A layer that several blocks feed has the inputs of all of them.

    Parameters
    ----------
    a, b : LayeredDAG or list of matrices
        Two networks of one architecture over the same inputs; matrices are (n_source, n_target).
    preset : {'authors'}, optional
        Behave exactly as the code published with the paper: ``ties="scipy"``, ``output="matched"``,
        ``normaliser="n1"``; of unequal layers only as many neurons are paired as the narrower has, and where the
        first network has the wider hidden layer, the next layer's inputs are numbered past the gaps, which misaligns
        them. In matrices, NaN counts as a connection. Chains only.
    ties : {'canonical', 'fast', 'scipy'}
        Which of several equally good pairings of a layer to take, on which the next layer may depend. 'canonical':
        equal sets of inputs are paired first, then those pairs are preferred whose neurons have most in common as told
        by colour refinement over all layers in both directions (4 rounds; Weisfeiler and Leman, 1968), then a canonical
        order decides. So the distance does not depend on how hidden neurons are numbered, and is 0 for a network and a
        renumbered copy of it. 'fast': that of the fast exact solver, where neurons that are alike or share nothing
        stay in place if they can. 'scipy': that of `scipy.optimize.linear_sum_assignment` on the full matrix of
        distances, bit by bit that of the authors' functions.
    output : {'labelled', 'matched', 'skip'}
        Compare output neurons by position (section 3 of the paper), match them like hidden ones (its Algorithm 1), or
        leave the output layer out.
    normaliser : {'max', 'n1', 'n2'}
        Divide a layer's cost by the larger width, or by the width in `a` or `b`. Only 'max' keeps layers of unequal
        widths within [0, 1].
    layers : sequence of int or str, optional
        Which layers to report and average: positions, 0 being the first hidden layer, or names. The layers before
        them are matched all the same; those after them are not, and the last one's ties are left as they are.
    weights : {'none', 'magnitude', 'signed'}
        Compare sets of inputs, or their weights: 1 - sum of min(|v|, |w|) over sum of max(|v|, |w|) (Ruzicka distance,
        1958; the Jaccard distance where all weights are 1), where with 'signed' a positive and a negative weight have
        nothing in common.
    average : {'layers', 'edges', 'neurons'}
        The total is the unweighted mean over the layers, or one weighted by the edges or neurons of both networks.
    refine : bool
        Lower the total by pairing each layer again for itself and for the layers behind it, the others fixed, from the
        layer-by-layer pairing and from the networks' own numbers, until nothing is gained (block-coordinate descent on
        a majoriser, as in weight matching: Ainsworth et al., 2023). Never above the unrefined total. Takes memory for
        all pairs of neurons of the widest layer.
    symmetric : bool
        The smaller of d(a, b) and d(b, a), and its pairing. Both, and so this, are upper bounds of the least total over
        all pairings of all layers, which is symmetric and obeys the triangle inequality.

    Returns
    -------
    TopologyDistance
        With `.layers`, `.total`, `.assignments`, the proof of optimality (`.gaps`) and `.lower_bounds`.

    Raises
    ------
    IncompatibleNetworksError
        Other inputs, another architecture or depth, labelled outputs of other sizes, or, with the preset, a first
        network that is narrower in a hidden layer.
    NotAChainError
        A network with skips or branches, with the preset.
    InvalidNetworkError
        A network without weights where weights are compared.
    ParameterError, UnknownNameError, InsufficientDataError
        Options or layers that do not exist, or nothing left to compare.
    TooLargeError
        More than fits into memory: full matrices of distances (``ties="scipy"``, `refine`), or the edges.

    Notes
    -----
    The first layer's distance is a metric and does not depend on ties. The total over several layers is a
    dissimilarity: with unequal pairings in earlier layers it is not symmetric and may violate the triangle inequality.
    Raw values are not comparable across densities: see `topokit.nnstd_chance`.

    References
    ----------
    Liu et al. (2020), section 3 and Algorithm 1.
    """
    definition = Definition.of(**options)
    first, second = prepare(a, definition), prepare(b, definition)
    match = match_networks(first, second, definition)
    layers = [first.layers[k] for k in first.positions(definition)]
    groups = [layer.group for layer in layers]
    sizes_a, sizes_b = (tuple(network.groups[group].size for group in groups) for network in (first, second))
    return TopologyDistance(
        meta=Meta("nnstd", definition.parameters(), ANALYZER_REFERENCES["nnstd"]),
        layers=match.distances,
        total=match.total,
        layer_names=tuple(layer.name for layer in layers),
        sizes_a=sizes_a,
        sizes_b=sizes_b,
        assignments=tuple(
            _without_added(match.partners[group], *sizes)
            for group, *sizes in zip(groups, sizes_a, sizes_b, strict=True)
        ),
        matched=match.matched,
        gaps=match.gaps,
        lower_bounds=lower_bounds(first, second, match, definition),
        weights=layer_weights(first, second, definition),
    )


def _without_added(partner: NDArray[np.int64], size_a: int, size_b: int) -> NDArray[np.int64]:
    """The pairing without the neurons that were added to the narrower layer."""
    return np.where(partner[:size_a] < size_b, partner[:size_a], -1)
