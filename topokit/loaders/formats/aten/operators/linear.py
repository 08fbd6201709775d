"""Products with matrices of weights, embeddings and attention."""

from __future__ import annotations

from topokit.loaders.formats.graphs.calls import Call, Handler
from topokit.loaders.formats.graphs.weighted import attended, mapped, summed


def _linear(call: Call) -> None:
    """`linear`: the weights are (out, in)."""
    mapped(call, call.get("input").name, call.weight("oi", "weight"), -1, "bias")


def _product(left: str, right: str, added: str | None = None) -> Handler:
    """A product of two arguments, of which one or none is constant, and perhaps a third that is added."""

    def handler(call: Call) -> None:
        first, second = call.get(left), call.get(right)
        if call.constant(right) is not None:
            mapped(call, first.name, call.weight("io", right), -1, *([added] if added else []))
        elif call.constant(left) is not None:
            mapped(call, second.name, call.weight("oi", left), -2 if call.rank(second.name) > 1 else -1)
        else:
            call.add("matmul", [first.name, second.name])

    return handler


def _embedded(call: Call) -> None:
    kernel, indices = call.weight("io", "weight", role="embedding"), call.get("indices")
    if kernel is None:
        call.unknown()
        return
    call.add("embedding", [indices.name], weights={"kernel": kernel})


HANDLERS: dict[str, Handler] = {
    "linear": _linear,
    "addmm": _product("mat1", "mat2", "self"),
    "mm": _product("self", "mat2"),
    "bmm": _product("self", "mat2"),
    "baddbmm": _product("batch1", "batch2"),
    "matmul": _product("self", "other"),
    "einsum": lambda call: summed(call, call.get("tensors", default=())),
    "embedding": _embedded,
    **dict.fromkeys(
        (
            "scaled_dot_product_attention",
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_attention_math",
        ),
        attended,
    ),
}
