"""The names of the arguments of PyTorch's operators, in order, and how many tensors they make.

Source: ``aten/src/ATen/native/native_functions.yaml``; those of ``torch.nn.functional`` where the names differ:
``torch/nn/functional.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_POOLING = ("self", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
_RECURRENT = ("input", "hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional", "batch_first")
_REDUCTION = ("self", "dim", "keepdim")

SCHEMAS: Mapping[str, tuple[str, ...]] = {
    **{f"conv{n}d": _CONVOLUTION for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _TRANSPOSED for n in (1, 2, 3)},
    "_convolution": (*_CONVOLUTION[:6], "transposed", "output_padding", "groups"),
    "convolution": (*_CONVOLUTION[:6], "transposed", "output_padding", "groups"),
    **{f"max_pool{n}d": _POOLING for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _POOLING[:4] for n in (1, 2, 3)},
    **{f"adaptive_{kind}_pool{n}d": ("self", "output_size") for kind in ("max", "avg") for n in (1, 2, 3)},
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _RECURRENT),
    "linear": ("input", "weight", "bias"),
    "addmm": ("self", "mat1", "mat2"),
    **dict.fromkeys(("mm", "bmm"), ("self", "mat2")),
    "baddbmm": ("self", "batch1", "batch2"),
    "einsum": ("equation", "tensors"),
    "embedding": ("weight", "indices"),
    "batch_norm": ("input", "weight", "bias", "running_mean", "running_var"),
    "instance_norm": ("input", "weight", "bias", "running_mean", "running_var"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias"),
    "rms_norm": ("input", "normalized_shape", "weight"),
    "group_norm": ("input", "num_groups", "weight", "bias"),
    "scaled_dot_product_attention": ("query", "key", "value", "attn_mask", "dropout_p", "is_causal"),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min", "prod", "logsumexp", "var"), _REDUCTION),
    "norm": ("self", "p", "dim", "keepdim"),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), ("self", "dim")),
    **dict.fromkeys(("view", "expand", "new_zeros", "new_ones"), ("self", "size")),
    **dict.fromkeys(("reshape", "view_as", "reshape_as", "expand_as"), ("self", "shape")),
    "unflatten": ("self", "dim", "sizes"),
    "repeat": ("self", "repeats"),
    "flatten": ("self", "start_dim", "end_dim"),
    **dict.fromkeys(("transpose", "swapaxes"), ("self", "dim0", "dim1")),
    "permute": ("self", "dims"),
    **dict.fromkeys(("squeeze", "unsqueeze", "unbind", "glu"), ("self", "dim")),
    "slice": ("self", "dim", "start", "end", "step"),
    "narrow": ("self", "dim", "start", "length"),
    "select": ("self", "dim", "index"),
    "index_select": ("self", "dim", "index"),
    "index": ("self", "indices"),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split"), ("self", "split_size", "dim")),
    **dict.fromkeys(("cat", "concat", "stack"), ("tensors", "dim")),
    **dict.fromkeys(("constant_pad_nd", "pad"), ("self", "pad")),
    **{f"{kind}_pad{n}d": ("self", "pad") for kind in ("reflection", "replication") for n in (1, 2, 3)},
    "pixel_shuffle": ("self", "upscale_factor"),
    "where": ("condition", "self", "other"),
    "prelu": ("self", "weight"),
}
_PLAIN = ("self", "other")
OUTPUTS: Mapping[str, int] = {"lstm": 3, "gru": 2, "rnn_tanh": 2, "rnn_relu": 2, "native_layer_norm": 3}
ALIASES: Mapping[str, str] = {
    **{f"max_pool{n}d_with_indices": f"max_pool{n}d" for n in (1, 2, 3)},
    **{
        "t_": "t",
        "multiply": "mul",
        "subtract": "sub",
        "divide": "div",
        "concatenate": "concat",
        "swapdims": "transpose",
    },
    **{"truediv": "div", "mul_": "mul", "add_": "add", "sub_": "sub", "div_": "div"},
}


def named(operator: str, arguments: tuple[object, ...]) -> dict[str, object]:
    """The arguments of an operator by name; of one that nobody knows, by their places."""
    names = SCHEMAS.get(operator, _PLAIN)
    places = (*names, *(str(place) for place in range(len(names), len(arguments))))
    return dict(zip(places, arguments, strict=False))
