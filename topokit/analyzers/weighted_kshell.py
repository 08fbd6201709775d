"""Weighted k-shells: degree and strength together say how deep in the network a neuron lies."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.axes import columns_of, measure_each, neuron_table
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.analyzers.undirected import parallel_blocks
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment
from topokit.dag.patterns import structure
from topokit.errors import InsufficientDataError, ParameterError

Normalise = Literal["mean", "paper", "none"]
Strength = Literal["absolute", "multiplicity"]

# Below this, floating-point noise of the powers; thresholds are whole numbers.
_NOISE = 1e-9
_EXACT = 2.0**53


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class WeightedKShells(Result):
    """The weighted shell of every neuron at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        All layers, N neurons together.
    level : ndarray of float64, shape (T, N)
        The largest x for which the neuron stays when all neurons of weighted degree below x go, again and again.
    shell : ndarray of int64, shape (T, N)
        The shell of Garas et al.: the smallest whole number k at which the neuron goes when all neurons of weighted
        degree at most k go, again and again: `level`, rounded up. 0 without edges, or with edges of weight 0 only.
    """

    plot_name: ClassVar[str] = "shell_histogram"
    shell_name: ClassVar[str] = "Weighted shell"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    level: NDArray[np.float64]

    @property
    def shell(self) -> NDArray[np.int64]:
        """The shell of each neuron, (T, N)."""
        return np.ceil(self.level * (1 - _NOISE)).astype(np.int64)

    def values(self, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The shells of one layer's neurons, or of all, at one moment, 1-D; `UnknownNameError` for no such layer."""
        return self.shell[moment, columns_of(self.layers, layer)]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and neuron: step, epoch, layer, neuron, shell, level."""
        table = neuron_table(self.moments, self.layers)
        return table.assign(shell=self.shell.ravel(), level=self.level.ravel())

    @property
    def summary(self) -> pd.DataFrame:
        """Per moment: step, epoch, k_max (the highest shell), level_max, shells (their number), core (neurons of the
        highest shell, when that is not 0), crust, isolated (shell 0)."""
        shells = self.shell
        highest = shells.max(axis=1)
        isolated = (shells == 0).sum(axis=1)
        core = np.where(highest > 0, (shells == highest[:, None]).sum(axis=1), 0)
        return time_columns(self.moments).assign(
            k_max=highest,
            level_max=self.level.max(axis=1),
            shells=[len(np.unique(row)) for row in shells],
            core=core,
            crust=shells.shape[1] - core - isolated,
            isolated=isolated,
        )

    def scalars(self) -> dict[str, float]:
        """The numbers of `summary` at the last moment."""
        columns = ("k_max", "level_max", "shells", "core", "crust", "isolated")
        return last_numbers(self.summary, columns, moments=len(self.moments))


def weighted_kshell(
    source: Any,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    normalise: Normalise = "mean",
    strength: Strength = "absolute",
) -> WeightedKShells:
    """Weighted k-shell decomposition of the undirected graph of all layers.

    A neuron of degree k and strength s (the sum of its absolute weights) has the weighted degree
    ``k' = (k^alpha * s^beta)^(1 / (alpha + beta))``, Eq. 1 of the paper. Neurons of ``k' <= 1`` go, k and s of the
    others are taken anew, and so on until none is left that poor: these are shell 1; then 2, and so on. k' itself is
    not rounded. With equal weights it is the unweighted decomposition. Weights of parallel blocks add up. Identity and
    gate blocks do not count.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Networks with weights; matrices are (n_source, n_target) and form one network.
    alpha, beta : float
        How much degree and strength count; 0 or more, not both 0.
    normalise : {'mean', 'paper', 'none'}
        How weights are made comparable, over all edges of the network. 'mean': divided by their mean, the first step
        of the paper; shells are on the scale of the unweighted ones. 'paper': also divided by the smallest that is not
        0 and rounded to whole numbers, as Garas et al. do with counts of papers or flights; one weight near 0, which
        trained networks have, makes all others huge. 'none' takes weights as they are.
    strength : {'absolute', 'multiplicity'}
        What edges weigh: the absolute weight, or the number of kernel taps behind them (1 where a block has none).

    Returns
    -------
    WeightedKShells
        With `.frame`, shell and level of each neuron, and `.summary`.

    Raises
    ------
    InsufficientDataError
        A block without weights.
    ParameterError
        Exponents below 0 or both 0, another word, or weights too unequal to be whole numbers.

    References
    ----------
    Garas, Schweitzer and Havlin (2012), sections 2 and 3; Batagelj and Zaversnik (2002), why the order of removal does
    not matter.
    """
    _check(alpha, beta, normalise, strength)
    moments, layers, parts = measure_each(
        source,
        "all",
        lambda network, _: _levels(network, float(alpha), float(beta), normalise, strength),
        "weighted k-shells",
    )
    parameters = {"alpha": float(alpha), "beta": float(beta), "normalise": normalise, "strength": strength}
    meta = Meta("weighted_kshell", parameters, ANALYZER_REFERENCES["weighted_kshell"])
    return WeightedKShells(meta=meta, moments=moments, layers=layers, level=np.stack(parts))


def _check(alpha: float, beta: float, normalise: str, strength: str) -> None:
    numbers = isinstance(alpha, Real) and isinstance(beta, Real)
    if not (numbers and 0 <= alpha < np.inf and 0 <= beta < np.inf and alpha + beta > 0):
        raise ParameterError(f"alpha={alpha!r}, beta={beta!r}: give exponents of 0 or more, one of them above 0")
    if normalise not in ("mean", "paper", "none"):
        raise ParameterError(f"normalise={normalise!r}: use 'mean', 'paper' or 'none'")
    if strength not in ("absolute", "multiplicity"):
        raise ParameterError(f"strength={strength!r}: use 'absolute' or 'multiplicity'")


class _Scaled(NamedTuple):
    """Weights as whole numbers, and what 1 of them is worth."""

    values: NDArray[np.int64]
    unit: float


def _levels(
    network: LayeredDAG, alpha: float, beta: float, normalise: Normalise, strength: Strength
) -> NDArray[np.float64]:
    network.check_edges_fit(bytes_each=40)
    from topokit.kernels.cores import Bipartite
    from topokit.kernels.weighted_cores import weighted_levels, weighted_neighbour_lists

    joined = {first: _sum_of(parallel, strength) for first, parallel in parallel_blocks(network).items()}
    weights = [matrix.data for matrix in joined.values()]
    scaled = _whole(np.concatenate([np.empty(0), *weights]), normalise)
    parts = np.split(scaled.values, np.cumsum([len(part) for part in weights])[:-1]) if weights else []
    blocks = [Bipartite(matrix.indptr, matrix.indices, *first) for first, matrix in joined.items()]
    graph = weighted_neighbour_lists(blocks, parts, network.n_neurons)
    levels: NDArray[np.float64] = weighted_levels(*graph, scaled.unit, alpha, beta)
    return levels


def _sum_of(parallel: list[EdgeBlock], strength: Strength) -> sparse.csr_array:
    """What the edges of blocks between the same two layers weigh together, float64."""
    matrices = [_weighed(block, strength) for block in parallel]
    if len(matrices) == 1:
        return matrices[0]
    # SciPy's own sum would lose edges of weight 0.
    parts = [matrix.tocoo() for matrix in matrices]
    rows, columns = (np.concatenate([part.coords[axis] for part in parts]) for axis in (0, 1))
    values = np.concatenate([part.data for part in parts])
    return sparse.coo_array((values, (rows, columns)), shape=matrices[0].shape).tocsr()


def _weighed(block: EdgeBlock, strength: Strength) -> sparse.csr_array:
    if strength == "multiplicity":
        counts = np.ones(block.n_edges) if block.multiplicity is None else block.multiplicity.astype(np.float64)
        return structure(block.pattern, counts)
    if block.weights is None:
        raise InsufficientDataError(
            f"block {block.name!r} has no weights: record them, or use kshell, which needs none"
        )
    return structure(block.pattern, np.abs(block.weights.astype(np.float64)))


def _whole(weights: NDArray[np.float64], normalise: Normalise) -> _Scaled:
    """The normalised weights as whole numbers, whose sums are exact in any order."""
    positive = weights[weights > 0]
    if not positive.size:
        return _Scaled(np.zeros(len(weights), np.int64), 1.0)
    if normalise == "paper":
        # The mean cancels when what was divided by it is divided by its smallest.
        with np.errstate(over="ignore"):
            whole = np.floor(weights / positive.min() + 0.5)
        if whole.sum() > _EXACT:
            raise ParameterError(
                f"the smallest weight is {positive.min():.3g} and the mean {weights.mean():.3g}, too unequal to be "
                "rounded to multiples of the smallest: use normalise='mean'"
            )
        return _Scaled(whole.astype(np.int64), 1.0)
    divided = weights / weights.mean() if normalise == "mean" else weights
    # A power of two, so that scaling rounds nothing but the last bits of the smallest weights.
    exponent = 61 - int(np.ceil(np.log2(divided.sum())))
    return _Scaled(np.rint(np.ldexp(divided, exponent)).astype(np.int64), float(np.ldexp(1.0, -exponent)))
