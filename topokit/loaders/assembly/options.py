"""What a user may say about a checkpoint that the file does not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypedDict, get_args

from topokit.errors import ParameterError, UnknownNameError
from topokit.loaders.checkpoint import Axes

BiasRow = Literal["auto", "last"] | None
Structure = Literal["auto", "values"]
Masks = Mapping[str, Any] | str | os.PathLike[str]
Convolution = Literal["channel", "rolled", "unrolled"]
Recurrence = Literal["unit", "gate"]
Attention = Literal["value", "gate", "qk-chain"]
Reduction = Literal["l1", "l2", "max", "sum"]


UNJOINED = "none"


class LoadOptions(TypedDict, total=False):
    """The options that `load`, `inspect` and `load_series` share.

    Attributes
    ----------
    masks : path or mapping, optional
        Masks of 0 and 1 by the name of their weight or module, each of its weight's stored shape; they win over
        masks in the file.
    order : sequence of str or 'none', optional
        Tensors or modules that form the chain, input side first; 'none' joins no tensor to another, so that each has an
        input and an output layer of its own and degrees are right where the wiring is unknown. Otherwise the file's own
        graph decides, else a well-known naming scheme, else the order of a PyTorch file or the natural order of the
        names, if the sizes chain.
    exclude : sequence of str, optional
        Tensors that are no weights, such as embedded signal processing: names or patterns such as ``"stft.*"``. What
        follows them begins with an input of its own.
    bias_row : {'auto', 'last', None}
        Whether the last row of (in, out) matrices holds biases: 'auto' drops it from sparse matrices when each has one
        row more than the one before has columns, 'last' from all matrices, None never.
    structure : {'auto', 'values'}
        'values' ignores stored zeros and lets masks only multiply the weights: an edge is a non-zero product.
    axes : {'torch', 'source-target'}, optional
        (out, in, *kernel) or (*kernel, in, out), where the file's graph does not tell; the format's own convention
        unless given.
    threshold : float, optional
        An edge is a weight of magnitude above it; 0 unless given. Masks and sparse containers do not ask it.
    nonfinite : {'error', 'edge'}
        Whether NaN and infinite weights are refused or count as connections, whose block then keeps no weights.
    quant_zero : {'edge', 'absent'}
        What a quantised weight of exactly 0 is, where no mask tells: rounding makes such zeros, so that by default they
        are edges.
    conv : {'channel', 'rolled', 'unrolled'}
        What the neurons of a convolution are: channels; its sources also (channel, row, column) of the kernel; or every
        unit of every feature map, which needs a graph and `input_shape`.
    rnn : {'unit', 'gate'}
        What the neurons of a recurrent layer are: units, whose gates count as multiplicity, or gates as well.
    attention : {'value', 'gate', 'qk-chain'}
        How queries and keys meet values: not at all, by weightless edges to the context of their head, or in a
        chain of keys and queries.
    embeddings : bool
        Whether embeddings are blocks from one neuron per row; otherwise their features are the input.
    norm : {'identity', 'cut'}
        Whether a channel whose normalisation has scale 0 keeps its edges.
    reduce : {'l1', 'l2', 'max', 'sum'}, optional
        How several weights behind one edge become its weight; such edges carry none unless given, their taps do.
    input_shape : tuple of int, optional
        Shape of one input without the batch, such as (3, 32, 32), where the file leaves it open.
    format : str, optional
        Name of the reader; told by content unless given.
    isolate : bool
        Whether a process of its own reads the file, with little memory and time (`Limits.isolated_bytes`,
        `Limits.isolated_seconds`): for files that may be made to crash the libraries that parse them.
    """

    masks: Masks | None
    order: Sequence[str] | Literal["none"] | None
    exclude: Sequence[str]
    bias_row: BiasRow
    structure: Structure
    axes: Axes | None
    threshold: float
    nonfinite: Literal["error", "edge"]
    quant_zero: Literal["edge", "absent"]
    conv: Convolution
    rnn: Recurrence
    attention: Attention
    embeddings: bool
    norm: Literal["identity", "cut"]
    reduce: Reduction | None
    input_shape: Sequence[int] | None
    format: str | None
    isolate: bool


@dataclass(frozen=True, slots=True)
class Options:
    """How a checkpoint becomes a network; `LoadOptions` explains each."""

    masks: Masks | None = None
    order: Sequence[str] | Literal["none"] | None = None
    exclude: Sequence[str] = ()
    bias_row: BiasRow = "auto"
    structure: Structure = "auto"
    axes: Axes | None = None
    threshold: float = 0.0
    nonfinite: Literal["error", "edge"] = "error"
    quant_zero: Literal["edge", "absent"] = "edge"
    conv: Convolution = "channel"
    rnn: Recurrence = "unit"
    attention: Attention = "value"
    embeddings: bool = False
    norm: Literal["identity", "cut"] = "identity"
    reduce: Reduction | None = None
    input_shape: Sequence[int] | None = None

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            if getattr(self, name) not in allowed:
                shown = ", ".join(map(repr, allowed))
                raise ParameterError(f"{name}={getattr(self, name)!r}: use one of {shown}")
        self._check_names("order", None if self.order == UNJOINED else self.order)
        self._check_names("exclude", self.exclude or None)
        threshold = self.threshold
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 <= threshold < float("inf"):
            raise ParameterError(f"threshold={threshold!r}: give a number of at least 0")
        if self.input_shape is not None:
            _check_shape(self.input_shape)

    def _check_names(self, option: str, names: Sequence[str] | None) -> None:
        if isinstance(names, str) or (names is not None and not names):
            raise ParameterError(f"{option}={names!r}: give a list of tensor or module names, input side first")
        strangers = [name for name in names or () if not isinstance(name, str)]
        if strangers:
            raise ParameterError(f"{option}= holds {strangers[0]!r}: give the names of tensors or modules")


ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "bias_row": ("auto", "last", None),
    "structure": get_args(Structure),
    "axes": (*get_args(Axes), None),
    "nonfinite": ("error", "edge"),
    "quant_zero": ("edge", "absent"),
    "conv": get_args(Convolution),
    "rnn": get_args(Recurrence),
    "attention": get_args(Attention),
    "embeddings": (False, True),
    "norm": ("identity", "cut"),
    "reduce": (None, *get_args(Reduction)),
}


def split_options(options: LoadOptions) -> tuple[str | None, Options]:
    """The name of the reader, and the rest but for `isolate`, which concerns the caller."""
    rest: dict[str, Any] = {name: value for name, value in options.items() if name not in ("format", "isolate")}
    known = [option.name for option in fields(Options)]
    unknown = rest.keys() - set(known)
    if unknown:
        raise UnknownNameError("option", sorted(unknown)[0], [*known, "format", "isolate"])
    return options.get("format"), replace(Options(), **rest)


def _check_shape(shape: Sequence[int]) -> None:
    if isinstance(shape, str) or not all(type(extent) is int and extent > 0 for extent in shape):
        raise ParameterError(f"input_shape={shape!r}: give whole numbers above 0, such as (3, 32, 32)")
