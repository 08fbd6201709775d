"""The edges from one layer to a later one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag.patterns import CSRPattern, Pattern, csr_from_mask, read_only, same_edges, structure
from topokit.dag.tap_checks import told_multiplicity
from topokit.dag.taps import Taps
from topokit.errors import InvalidNetworkError

BlockKind = Literal["dense", "conv", "depthwise", "recurrent", "embedding", "identity", "gate"]
MaskSource = Literal["mask", "stored", "values", "none"]


@dataclass(frozen=True, eq=False, repr=False)
class EdgeBlock:
    """The edges from layer `source` to layer `target`, rows = source.

    The pattern is the mask: an edge may carry weight 0. Identity blocks stand for skip connections;
    they carry paths and no weights, and degrees leave them out.

    Parameters
    ----------
    source, target : str
        Layer names.
    pattern : Pattern
        The edges, shape (n_source, n_target).
    name : str, optional
        Unique in a network; ``"source->target"`` unless given.
    kind : {'dense', 'conv', 'depthwise', 'recurrent', 'embedding', 'identity', 'gate'}
        What made the edges.
    weights : ndarray, shape (nnz,), optional
        In edge order: row by row, targets ascending.
    multiplicity : ndarray of int, shape (nnz,), optional
        Surviving kernel taps or gates behind each edge, in edge order; follows from `taps` where these are given.
    taps : Taps, optional
        Where several numbers may stand behind an edge: which of them there are, and their weights. Folded over the
        taps of each source they give exactly the pattern and the multiplicity.
    possible : int, optional
        Number of edges the architecture allows; n_source * n_target unless given (groups allow fewer), and
        min(n_source, n_target) for an identity.
    mask_source : {'mask', 'stored', 'values', 'none'}
        Whether the edges were given by a mask, by a sparse container, by non-zero values, or by construction.

    Raises
    ------
    InvalidNetworkError
        Unknown kind, arrays of another length or type than the edges need, non-finite weights, more edges than
        possible, or taps of other edges.
    """

    source: str
    target: str
    pattern: Pattern
    name: str = ""
    kind: BlockKind = "dense"
    weights: NDArray[np.floating] | None = None
    multiplicity: NDArray[np.integer] | None = None
    possible: int = 0
    mask_source: MaskSource = "none"
    taps: Taps | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.source}->{self.target}")
        if not self.possible:
            rows, columns = self.pattern.shape
            object.__setattr__(self, "possible", min(rows, columns) if self.kind == "identity" else rows * columns)
        self._check_words()
        self._check_possible()
        self._keep_values("weights", "f", "floating-point numbers")
        self._keep_values("multiplicity", "iu", "whole numbers")
        if self.taps is not None:
            multiplicity = told_multiplicity(self.taps, self.pattern, self.multiplicity, self.name)
            object.__setattr__(self, "multiplicity", multiplicity)
        if self.weights is not None and not np.isfinite(self.weights).all():
            raise InvalidNetworkError(f"block {self.name!r} has NaN or infinite weights: remove or replace them")

    def _check_words(self) -> None:
        for label, value in (("source", self.source), ("target", self.target), ("name", self.name)):
            if not isinstance(value, str):
                raise InvalidNetworkError(f"a block has the {label} {value!r}: give it a word")
        kinds, sources = get_args(BlockKind), get_args(MaskSource)
        for label, value, allowed in (("kind", self.kind, kinds), ("mask source", self.mask_source, sources)):
            if value not in allowed:
                raise InvalidNetworkError(
                    f"block {self.name!r} has the {label} {value!r}: use one of {', '.join(allowed)}"
                )

    def _check_possible(self) -> None:
        rows, columns = self.pattern.shape
        if not isinstance(self.possible, int | np.integer) or not 0 < self.possible <= rows * columns:
            raise InvalidNetworkError(
                f"block {self.name!r} says {self.possible!r} edges are possible: a whole number from 1 to "
                f"{rows} x {columns} is needed"
            )
        object.__setattr__(self, "possible", int(self.possible))
        if self.n_edges > self.possible:
            raise InvalidNetworkError(
                f"block {self.name!r} has {self.n_edges} edges where {self.possible} are possible: "
                "correct `possible` or the mask"
            )

    def _keep_values(self, label: str, kinds: str, what: str) -> None:
        values = getattr(self, label)
        if values is None:
            return
        array = np.asarray(values)
        if array.shape != (self.n_edges,) or array.dtype.kind not in kinds:
            raise InvalidNetworkError(
                f"block {self.name!r} has {self.n_edges} edges but {label} of type {array.dtype} and shape "
                f"{array.shape}: give {what}, one per edge in edge order"
            )
        object.__setattr__(self, label, read_only(array))

    @classmethod
    def from_matrix(
        cls,
        source: str,
        target: str,
        matrix: Any,
        *,
        mask: Any = None,
        name: str = "",
        nonfinite: Literal["error", "edge"] = "error",
    ) -> EdgeBlock:
        """Make a block from a matrix (n_source, n_target), dense or SciPy sparse; the block owns its arrays.

        A dense matrix has an edge where it is not exactly zero, a sparse one where it stores an entry (BSR, which
        pads with zeros, where it is not zero), and with a `mask` (same shape, only 0 and 1) the mask alone decides.
        Boolean matrices, and integer ones of 0 and 1, carry no weights. ``nonfinite="edge"`` counts NaN as a
        connection and drops the weights.

        Raises
        ------
        InvalidNetworkError
            Not a matrix, a mask of another shape or with other values, non-finite weights, or bad indices.
        """
        label = name or f"{source}->{target}"
        if mask is not None:
            pattern, weights = _masked(matrix, mask, label)
            mask_source: MaskSource = "mask"
        elif sparse.issparse(matrix):
            pattern, weights = _stored(matrix, label)
            mask_source = "stored"
        else:
            values = _dense(matrix, label)
            edges = values != 0
            pattern, weights = csr_from_mask(edges), values[edges]
            mask_source = "values"
        if _is_binary(weights):
            return cls(source, target, pattern, name=name, mask_source=mask_source)
        if not np.isfinite(weights).all():
            if nonfinite == "edge":
                return cls(source, target, pattern, name=name, mask_source=mask_source)
            raise InvalidNetworkError(f"block {label!r} has NaN or infinite weights: remove or replace them")
        weights = weights.astype(np.result_type(weights, np.float32), copy=False)
        return cls(source, target, pattern, name=name, weights=weights, mask_source=mask_source)

    @classmethod
    def identity(cls, source: str, target: str, size: int, *, name: str = "") -> EdgeBlock:
        """A skip connection between two layers of `size` neurons: neuron i to neuron i."""
        pattern = CSRPattern(np.arange(size + 1, dtype=np.int32), np.arange(size, dtype=np.int32), (size, size))
        return cls(source, target, pattern, name=name, kind="identity")

    @property
    def shape(self) -> tuple[int, int]:
        """(n_source, n_target)."""
        return self.pattern.shape

    @property
    def n_edges(self) -> int:
        """Number of edges, whatever their weight."""
        return self.pattern.nnz

    @property
    def density(self) -> float:
        """Edges over possible edges."""
        return self.n_edges / self.possible

    @property
    def carries_weights(self) -> bool:
        """False for identity and gate blocks, which degrees leave out."""
        return self.kind not in ("identity", "gate")

    def adjacency(self) -> sparse.csr_array:
        """The edges as a boolean CSR array (n_source, n_target)."""
        return structure(self.pattern)

    def weight_matrix(self) -> sparse.csr_array:
        """The weights as a CSR array (n_source, n_target), float32 or wider; zero weights stay stored.

        Raises
        ------
        InvalidNetworkError
            The block has no weights.
        """
        if self.weights is None:
            raise InvalidNetworkError(f"block {self.name!r} has no weights: record them, or use the adjacency")
        return structure(self.pattern, self.weights.astype(np.result_type(self.weights, np.float32), copy=False))

    @property
    def tap_count(self) -> int:
        """Inputs that each source neuron stands for; 1 without taps."""
        return 1 if self.taps is None else self.taps.count

    def tap_matrix(self, *, weights: bool = False) -> sparse.csr_array:
        """The block with every number behind its edges told apart.

        A source neuron has `tap_count` rows, ``source * tap_count + tap``: kernel positions of a convolution, positions
        of a flattened map, gates of a recurrent layer (see `Taps`). Without taps it is the adjacency, or the weight
        matrix.

        Parameters
        ----------
        weights : bool
            Whether the entries are weights (float32 or wider, zero weights stay stored) instead of True.

        Returns
        -------
        scipy.sparse.csr_array, shape (n_source * tap_count, n_target)

        Raises
        ------
        InvalidNetworkError
            Weights are asked for and there are none.
        """
        if self.taps is None:
            return self.weight_matrix() if weights else self.adjacency()
        if weights and self.taps.weights is None:
            raise InvalidNetworkError(f"block {self.name!r} has taps without weights: record them, or use True entries")
        return self.taps.matrix(weights=weights)

    def out_degrees(self) -> NDArray[np.int64]:
        """Edges leaving each source neuron, (n_source,)."""
        return self.pattern.out_degrees()

    def in_degrees(self) -> NDArray[np.int64]:
        """Edges reaching each target neuron, (n_target,)."""
        return self.pattern.in_degrees()

    def equals(self, other: EdgeBlock) -> bool:
        """Whether both are the same edges with the same weights and taps between the same layers."""
        return (
            (self.source, self.target, self.name, self.kind, self.possible)
            == (other.source, other.target, other.name, other.kind, other.possible)
            and same_edges(self.pattern, other.pattern)
            and _same_values(self.weights, other.weights)
            and _same_values(self.multiplicity, other.multiplicity)
            and (self.taps is other.taps or _same_taps(self.taps, other.taps))
        )

    def __repr__(self) -> str:
        return (
            f"EdgeBlock({self.name!r}, {self.shape[0]} x {self.shape[1]}, {self.n_edges:,} edges, {self.density:.2%})"
        )


def _dense(matrix: Any, label: str) -> NDArray[Any]:
    values = np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix)  # type: ignore[attr-defined]
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise InvalidNetworkError(
            f"block {label!r} needs a real matrix (n_source, n_target), not {values.dtype} of shape {values.shape}"
        )
    return values


def _stored(matrix: Any, label: str) -> tuple[CSRPattern, NDArray[Any]]:
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise InvalidNetworkError(
            f"block {label!r} needs a real matrix (n_source, n_target), not {matrix.dtype} of shape {matrix.shape}"
        )
    array = sparse.csr_array(_sound_copy(matrix, label))
    if matrix.format == "bsr":
        # A dense block is padded with zeros that nobody chose to store.
        array.eliminate_zeros()
    before = array.nnz
    array.sum_duplicates()
    if array.nnz != before:
        raise InvalidNetworkError(f"block {label!r} stores {before - array.nnz} edges twice: sum duplicates first")
    return CSRPattern(array.indptr, array.indices, array.shape), array.data


def _sound_copy(matrix: Any, label: str) -> Any:
    # Indices out of range crash SciPy's conversions, so they are checked in the container they came in.
    owned = matrix.copy()
    try:
        if hasattr(owned, "check_format"):
            owned.check_format(full_check=True)
    except ValueError as error:
        raise InvalidNetworkError(f"block {label!r} has broken sparse indices: {error}: the file is damaged") from error
    return owned


def _masked(matrix: Any, mask: Any, label: str) -> tuple[CSRPattern, NDArray[Any]]:
    values = _dense(matrix, label)
    chosen = _dense(mask, label)
    if chosen.shape != values.shape:
        raise InvalidNetworkError(
            f"block {label!r} has a mask of shape {chosen.shape} for weights of shape {values.shape}: they must agree"
        )
    edges = chosen.astype(np.bool_)
    if not np.array_equal(chosen, edges):
        raise InvalidNetworkError(f"block {label!r} has a mask with values other than 0 and 1: threshold it first")
    return csr_from_mask(edges), values[edges]


def _is_binary(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biu" and np.array_equal(values, values.astype(np.bool_))


def _same_taps(a: Taps | None, b: Taps | None) -> bool:
    return a is not None and b is not None and a.equals(b)


def _same_values(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
