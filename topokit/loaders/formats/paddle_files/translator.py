"""From the operators of a Paddle program to `GraphIR`.

What the operators do: https://github.com/PaddlePaddle/Paddle/tree/develop/paddle/phi/ops/yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.paddle_files.program import Program, Step
from topokit.loaders.formats.paddle_files.recurrent import add_recurrent
from topokit.loaders.graph import GraphIR, Weight

_UNARY = frozenset(
    [
        *("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "sigmoid"),
        *("hard_sigmoid", "hard_swish", "hard_tanh", "tanh", "softmax", "log_softmax", "softplus", "softsign", "exp"),
        *("log", "sqrt", "rsqrt", "square", "abs", "pow", "clip", "scale", "cast", "assign", "dropout", "share_data"),
        *("bilinear_interp", "bilinear_interp_v2", "nearest_interp", "nearest_interp_v2", "brelu", "sign", "floor"),
    ]
)
_SUMS = ("elementwise_add", "elementwise_sub", "elementwise_max", "elementwise_min", "sum")
_PRODUCTS = ("elementwise_mul", "elementwise_div")
_NORMS = {"batch_norm": None, "sync_batch_norm": None, "instance_norm": 1, "group_norm": 1, "layer_norm": -1}
_POOLS = ("pool2d", "pool3d", "max_pool2d_with_index", "max_pool3d_with_index")
_REDUCTIONS = ("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod")
_PROGRAM_ENDS = ("feed", "fetch")
_MADE = ("Out", "Output", "Y")

Made = tuple[str, ...]


def graph_of(program: Program, tensors: Mapping[str, tuple[int, ...]]) -> GraphIR:
    """The graph of a program; `tensors` are the shapes of its parameters."""
    return _Translator(program, tensors).graph()


class _Translator:
    """Goes through the steps of a program."""

    def __init__(self, program: Program, tensors: Mapping[str, tuple[int, ...]]) -> None:
        self._program, self._tensors = program, dict(tensors)
        self._builder = GraphBuilder()
        self._builder.shapes.update(program.shapes)
        self._builder.tensors = self._tensors
        self._constants = set(tensors)

    def graph(self) -> GraphIR:
        """The graph, from what is fed to what is fetched."""
        inputs: list[str] = []
        outputs: list[str] = []
        for step in self._program.steps:
            if step.type == "feed":
                inputs += step.outputs["Out"]
            elif step.type == "fetch":
                outputs += step.inputs["X"]
            else:
                self._translate(step)
        return self._builder.finish(inputs, outputs)

    def _translate(self, step: Step) -> None:
        values = [name for names in step.inputs.values() for name in names]
        made = [name for names in step.outputs.values() for name in names]
        if all(name in self._constants for name in values):
            self._constants.update(made)
        else:
            _HANDLERS.get(step.type, _Translator._unknown)(self, step)

    def _linear(self, step: Step) -> None:
        """A product with a parameter, which is (in, out) unless it says otherwise."""
        source, kernel = _only(step, "X", "Input"), _only(step, "Y", "W")
        kept = step.attributes.get("x_num_col_dims", step.attributes.get("in_num_col_dims"))
        if kernel not in self._tensors or _flag(step, "trans_x", "transpose_X"):
            self._add("matmul", step, step.inputs["X"] + step.inputs["Y"])
            return
        shape = self._builder.shapes.get(source)
        if kept is not None and shape is not None and kept < len(shape) - 1:
            flat = self._builder.value(source)
            self._builder.add("flatten", f"{_module(kernel)}.flatten", [source], [flat], start=kept, stop=-1)
            source = flat
        axes = "oi" if _flag(step, "trans_y", "transpose_Y") else "io"
        self._weighted("linear", step, source, Weight(kernel, axes), "Bias")

    def _convolution(self, step: Step) -> None:
        kernel, channels = _only(step, "Filter"), self._channel_axis(step)
        transposed = "transpose" in step.type
        letters = ("io" if transposed else "oi") + "k" * (len(self._tensors[kernel]) - 2)
        self._weighted(
            "conv",
            step,
            _only(step, "Input"),
            Weight(kernel, letters),
            "Bias",
            channel_axis=channels,
            groups=step.attributes.get("groups", 1) or 1,
            strides=step.attributes.get("strides", ()),
            dilations=step.attributes.get("dilations", ()),
            padding=_padding(step),
            transposed=transposed,
        )

    def _weighted(self, op: Any, step: Step, source: str, kernel: Weight, bias: str, **attributes: Any) -> None:
        weights = {"kernel": kernel}
        if step.inputs.get(bias):
            weights["bias"] = Weight(step.inputs[bias][0], "o")
        self._builder.add(op, _module(kernel.tensor), [source], _made(step), weights, **attributes)

    def _embedding(self, step: Step) -> None:
        """The old operator takes numbers with an axis of extent 1 behind, which it drops."""
        kernel, taken = _only(step, "W"), step.inputs["Ids"]
        if step.type == "lookup_table":
            taken = (self._builder.value(taken[0]),)
            self._builder.add("squeeze", f"{_module(kernel)}.squeeze", step.inputs["Ids"], taken, axes=(-1,))
        self._builder.add("embedding", _module(kernel), taken, _made(step), {"kernel": Weight(kernel, "io")})

    def _recurrent(self, step: Step) -> None:
        add_recurrent(
            self._builder,
            _only(step, "Input"),
            step.inputs["WeightList"],
            _made(step)[0],
            str(step.attributes.get("mode")),
            layers=step.attributes.get("num_layers", 1),
            directions=2 if step.attributes.get("is_bidirec") else 1,
        )

    def _norm(self, step: Step) -> None:
        axis = _NORMS[step.type]
        scale, bias = (step.inputs.get(slot) for slot in ("Scale", "Bias"))
        weights = {"scale": Weight(scale[0], "o")} if scale else {}
        if bias:
            weights["bias"] = Weight(bias[0], "o")
        name = _module(scale[0]) if scale else step.type
        where = self._channel_axis(step) if axis is None else axis
        self._builder.add("norm", name, step.inputs["X"], _made(step), weights, axis=where)

    def _unary(self, step: Step) -> None:
        self._add("pass", step, step.inputs["X"][:1])

    def _sum(self, step: Step) -> None:
        self._combined("add", step)

    def _product(self, step: Step) -> None:
        self._combined("multiply", step)

    def _combined(self, op: Any, step: Step) -> None:
        values = tuple(name for names in step.inputs.values() for name in names if name not in self._constants)
        self._add(op if len(values) > 1 else "pass", step, values)

    def _pool(self, step: Step) -> None:
        kernel = step.attributes.get("ksize", ())
        everything = step.attributes.get("global_pooling", False) or (
            step.attributes.get("adaptive", False) and set(kernel) == {1}
        )
        self._add(
            "pool",
            step,
            step.inputs["X"],
            channel_axis=self._channel_axis(step),
            kernel=kernel,
            strides=step.attributes.get("strides", ()),
            padding=_padding(step),
            everything=everything,
        )

    def _reduction(self, step: Step) -> None:
        source = step.inputs["X"]
        rank = len(self._builder.shapes.get(source[0]) or ())
        axes = tuple(range(rank)) if step.attributes.get("reduce_all") else tuple(step.attributes["dim"])
        self._add("reduce", step, source, axes=axes, keepdims=bool(step.attributes.get("keep_dim")))

    def _flatten(self, step: Step) -> None:
        self._add(
            "flatten", step, step.inputs["X"], start=step.attributes["start_axis"], stop=step.attributes["stop_axis"]
        )

    def _reshape(self, step: Step) -> None:
        """A 0 in the new shape stands for the extent that is there."""
        source = step.inputs["X"]
        if step.inputs.get("Shape") or step.inputs.get("ShapeTensor"):
            self._unknown(step)
            return
        before = self._builder.shapes.get(source[0]) or ()
        told = tuple(step.attributes["shape"])
        shape = [(before[k] if k < len(before) else None) if extent == 0 else extent for k, extent in enumerate(told)]
        self._add("reshape", step, source, shape=tuple(shape))

    def _transpose(self, step: Step) -> None:
        self._add("transpose", step, step.inputs["X"], order=tuple(step.attributes["axis"]))

    def _squeeze(self, step: Step) -> None:
        self._add("squeeze", step, step.inputs["X"], axes=tuple(step.attributes["axes"]))

    def _unsqueeze(self, step: Step) -> None:
        self._add("unsqueeze", step, step.inputs["X"], axes=tuple(step.attributes["axes"]))

    def _concat(self, step: Step) -> None:
        self._add("concat", step, step.inputs["X"], axis=step.attributes["axis"])

    def _split(self, step: Step) -> None:
        sizes = tuple(step.attributes.get("sections", ()))
        attributes = {"sizes": sizes} if sizes and -1 not in sizes else {}
        self._add("split", step, step.inputs["X"], axis=step.attributes["axis"], **attributes)

    def _slice(self, step: Step) -> None:
        axes, starts, ends = (step.attributes.get(key, ()) for key in ("axes", "starts", "ends"))
        source, dropped = step.inputs["Input"], tuple(step.attributes.get("decrease_axis", ()))
        index: list[tuple[int, int, int] | None] = [None] * (max(axes, default=-1) + 1)
        for axis, start, end in zip(axes, starts, ends, strict=True):
            index[axis] = (start, end, 1)
        cut = self._builder.value(source[0]) if dropped else _made(step)[0]
        self._builder.add("slice", step.type, source, [cut], index=tuple(index))
        if dropped:
            self._add("squeeze", step, (cut,), axes=dropped)

    def _unknown(self, step: Step) -> None:
        values = tuple(name for names in step.inputs.values() for name in names if name not in self._constants)
        outputs = [name for names in step.outputs.values() for name in names]
        self._builder.add("unknown", step.type, values, outputs, type=step.type)

    def _add(self, op: Any, step: Step, inputs: Made, **attributes: Any) -> None:
        self._builder.add(op, step.type, inputs, _made(step), **attributes)

    def _channel_axis(self, step: Step) -> int:
        layout = step.attributes.get("data_format") or step.attributes.get("data_layout") or "NC"
        return 1 if str(layout).startswith(("NC", "AnyLayout")) else -1


def _made(step: Step) -> Made:
    """The values that a step makes, without those beside them, such as a shape to remember."""
    return next((step.outputs[slot] for slot in _MADE if step.outputs.get(slot)), ())


def _only(step: Step, *slots: str) -> str:
    return next(step.inputs[slot][0] for slot in slots if step.inputs.get(slot))


def _flag(step: Step, *names: str) -> bool:
    return any(step.attributes.get(name) for name in names)


def _module(parameter: str) -> str:
    """The layer of a parameter: ``linear_0`` for ``linear_0.w_0``."""
    return parameter.rpartition(".")[0] or parameter


def _padding(step: Step) -> Any:
    """Pairs of (before, after), or a word; Paddle has one number for both ends of an axis, or one for each."""
    word = str(step.attributes.get("padding_algorithm", "EXPLICIT")).lower()
    if word in ("same", "valid"):
        return word
    told = tuple(step.attributes.get("paddings", ()))
    axes = len(step.attributes.get("strides", ())) or len(told)
    if len(told) == 2 * axes:
        return tuple(zip(told[::2], told[1::2], strict=True))
    return tuple((extent, extent) for extent in told)


_HANDLERS: dict[str, Callable[[_Translator, Step], None]] = {
    **dict.fromkeys(_UNARY, _Translator._unary),
    **dict.fromkeys(_SUMS, _Translator._sum),
    **dict.fromkeys(_PRODUCTS, _Translator._product),
    **dict.fromkeys(_NORMS, _Translator._norm),
    **dict.fromkeys(_POOLS, _Translator._pool),
    **dict.fromkeys(_REDUCTIONS, _Translator._reduction),
    **dict.fromkeys(("matmul", "matmul_v2", "mul", "fc"), _Translator._linear),
    **dict.fromkeys(("conv2d", "depthwise_conv2d", "conv3d"), _Translator._convolution),
    **dict.fromkeys(("conv2d_transpose", "depthwise_conv2d_transpose", "conv3d_transpose"), _Translator._convolution),
    **dict.fromkeys(("lookup_table", "lookup_table_v2"), _Translator._embedding),
    **dict.fromkeys(("reshape", "reshape2"), _Translator._reshape),
    **dict.fromkeys(("transpose", "transpose2"), _Translator._transpose),
    **dict.fromkeys(("squeeze", "squeeze2"), _Translator._squeeze),
    **dict.fromkeys(("unsqueeze", "unsqueeze2"), _Translator._unsqueeze),
    "flatten_contiguous_range": _Translator._flatten,
    "rnn": _Translator._recurrent,
    "concat": _Translator._concat,
    "split": _Translator._split,
    "slice": _Translator._slice,
}
