"""What the modules of ``torch.nn`` do, by their class and attributes, where no code says it.

Source: ``torch/nn/modules/*.py`` of https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.formats.torch_files.code.lowering import Lowering
from topokit.loaders.formats.torch_files.code.values import UNKNOWN, Module

Layer = Callable[[Lowering, Module, list[Any]], Any]

_OURS = "torch.nn.modules."
_NAMED = re.compile(r"(?P<kind>\D+?)(?P<places>\d)d$")
_SEQUENCES = ("LSTM", "GRU", "RNN")
_CELLS = ("LSTMCell", "GRUCell", "RNNCell")


def layer_of(module: Module) -> Layer | None:
    """What a module of PyTorch's own does; None for any other."""
    if not module.kind.module.removeprefix("__torch__.").startswith(_OURS):
        return None
    named = _NAMED.match(module.kind.name)
    if named is not None:
        operator = _SPATIAL.get(named["kind"])
        return None if operator is None else operator(named["places"])
    known = _LAYERS.get(module.kind.name)
    return known if known or module.holds_tensors else _plain(_snake(module.kind.name))


def says_more_than_its_code(module: Module) -> bool:
    """Whether it is a recurrent layer whose code sorts sequences first, or whose trace is taken apart."""
    if layer_of(module) is None:
        return False
    return module.kind.name in _CELLS or (module.kind.name in _SEQUENCES and "num_layers" in module.attributes)


def _called(operator: str, *attributes: str) -> Layer:
    """The operator with attributes of the module behind its input."""

    def layer(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
        own = (module.attributes.get(name) for name in attributes)
        return lowering.call(operator, (arguments[0], *own), {}, module.path)

    return layer


def _plain(operator: str) -> Layer:
    return _called({"identity": "alias", "softmax2d": "softmax"}.get(operator, operator))


def _snake(name: str) -> str:
    """``LeakyReLU`` as ``leaky_relu``, ``ReLU6`` as ``relu6``."""
    known = {"ReLU": "relu", "ReLU6": "relu6", "PReLU": "prelu", "GELU": "gelu", "ELU": "elu", "SiLU": "silu"}
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("ReLU", "Relu"))
    return known.get(name, apart.lower())


def _recurrent(operator: str) -> Layer:
    def layer(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
        told = module.attributes
        directions = ("", "_reverse") if told.get("bidirectional") else ("",)
        parts = (
            ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if told.get("bias", True) else ("weight_ih", "weight_hh")
        )
        layers = range(int(told.get("num_layers", 1)))
        names = [f"{part}_l{k}{direction}" for k in layers for direction in directions for part in parts]
        settings = (
            told.get("bias", True),
            len(layers),
            0.0,
            False,
            len(directions) > 1,
            told.get("batch_first", False),
        )
        called = f"rnn_{told.get('nonlinearity', 'tanh')}" if operator == "rnn" else operator
        value, hidden = arguments[0], arguments[1] if len(arguments) > 1 else None
        made = lowering.call(called, (value, hidden, [told[name] for name in names], *settings), {}, module.path)
        return (made[0], tuple(made[1:])) if operator == "lstm" else made

    return layer


def _cell(operator: str) -> Layer:
    return _called(operator, "", "weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _attention(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
    """`MultiheadAttention` of values that are as wide as its queries."""
    told, path = module.attributes, module.path
    width, heads = int(told["embed_dim"]), int(told["num_heads"])
    if not told.get("_qkv_same_embed_dim", True):
        return lowering.call("multihead_attention", tuple(arguments[:3]), {}, path), UNKNOWN

    def call(operator: str, *values: Any) -> Any:
        return lowering.call(operator, values, {}, path)

    parts = []
    for place, value in enumerate(arguments[:3]):
        batched = value if told.get("batch_first") else call("transpose", value, 0, 1)
        rows = (0, place * width, (place + 1) * width, 1)
        bias = told.get("in_proj_bias")
        bias = None if bias is None else call("slice", bias, *rows)
        projected = call("linear", batched, call("slice", told["in_proj_weight"], *rows), bias)
        extents = call("size", projected)
        apart = call("view", projected, [*extents[:2], heads, width // heads])
        parts.append((call("transpose", apart, 1, 2), extents))
    context = call("transpose", call("scaled_dot_product_attention", *(part for part, _ in parts)), 1, 2)
    together = call("reshape", context, [*parts[0][1][:2], width])
    projection = told["out_proj"].attributes
    made = call("linear", together, projection["weight"], projection.get("bias"))
    return (made if told.get("batch_first") else call("transpose", made, 0, 1)), UNKNOWN


_CONVOLUTION = ("weight", "bias", "stride", "padding", "dilation", "groups")
_SPREADING = ("weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_WINDOW = ("kernel_size", "stride", "padding")
_NORM = ("weight", "bias", "running_mean", "running_var")

_SPATIAL: Mapping[str, Callable[[str], Layer]] = {
    "Conv": lambda places: _called(f"conv{places}d", *_CONVOLUTION),
    "ConvTranspose": lambda places: _called(f"conv_transpose{places}d", *_SPREADING),
    "BatchNorm": lambda places: _called("batch_norm", *_NORM),
    "InstanceNorm": lambda places: _called("instance_norm", *_NORM),
    "MaxPool": lambda places: _called(f"max_pool{places}d", *_WINDOW, "dilation"),
    "AvgPool": lambda places: _called(f"avg_pool{places}d", *_WINDOW),
    "AdaptiveAvgPool": lambda places: _called(f"adaptive_avg_pool{places}d", "output_size"),
    "AdaptiveMaxPool": lambda places: _called(f"adaptive_max_pool{places}d", "output_size"),
    "Dropout": lambda places: _plain("dropout"),
    "ZeroPad": lambda places: _called("constant_pad_nd", "padding"),
    "ConstantPad": lambda places: _called("constant_pad_nd", "padding"),
    "ReflectionPad": lambda places: _plain("reflection_pad2d"),
    "ReplicationPad": lambda places: _plain("reflection_pad2d"),
    "Softmax": lambda places: _plain("softmax"),
}
_LAYERS: Mapping[str, Layer] = {
    "Linear": _called("linear", "weight", "bias"),
    "LayerNorm": _called("layer_norm", "normalized_shape", "weight", "bias"),
    "RMSNorm": _called("rms_norm", "normalized_shape", "weight"),
    "GroupNorm": _called("group_norm", "num_groups", "weight", "bias"),
    "Embedding": lambda lowering, module, arguments: lowering.call(
        "embedding", (module.attributes["weight"], arguments[0]), {}, module.path
    ),
    "PReLU": _called("prelu", "weight"),
    "GLU": _called("glu", "dim"),
    "Flatten": _called("flatten", "start_dim", "end_dim"),
    "Unflatten": _called("unflatten", "dim", "unflattened_size"),
    "PixelShuffle": _called("pixel_shuffle", "upscale_factor"),
    "Upsample": _plain("upsample_nearest2d"),
    "LSTM": _recurrent("lstm"),
    "GRU": _recurrent("gru"),
    "RNN": _recurrent("rnn"),
    "LSTMCell": _cell("lstm_cell"),
    "GRUCell": _cell("gru_cell"),
    "RNNCell": _cell("rnn_tanh_cell"),
    "MultiheadAttention": _attention,
}
