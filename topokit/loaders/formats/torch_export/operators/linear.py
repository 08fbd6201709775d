"""Products with matrices of weights, embeddings and attention."""

from __future__ import annotations

from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.formats.graphs.einsum import linear_sum
from topokit.loaders.formats.graphs.heads import attend_by_heads
from topokit.loaders.graph import Weight


def _linear(call: Call) -> None:
    """`linear`: the weights are (out, in)."""
    _mapped(call, call.get("input").name, call.weight("oi", "weight"), -1, "bias")


def _mapped(call: Call, value: str, kernel: Weight | None, axis: int, *bias: str) -> None:
    if kernel is None:
        call.unknown("a product with a computed matrix")
        return
    weights = {"kernel": kernel}
    if bias and (constant := call.weight("o", *bias, role="bias")) is not None:
        weights["bias"] = constant
    call.add("linear", [value], weights=weights, axis=axis)


def _product(left: str, right: str, added: str | None = None) -> Handler:
    """A product of two arguments, of which one or none is constant, and perhaps a third that is added."""

    def handler(call: Call) -> None:
        first, second = call.get(left), call.get(right)
        if call.constant(right) is not None:
            _mapped(call, first.name, call.weight("io", right), -1, *([added] if added else []))
        elif call.constant(left) is not None:
            _mapped(call, second.name, call.weight("oi", left), -2 if call.rank(second.name) > 1 else -1)
        else:
            call.add("matmul", [first.name, second.name])

    return handler


def _einsum(call: Call) -> None:
    operands = call.get("tensors", default=())
    if len(operands) != 2 or len(call.running) != 1:
        call.unknown()
        return
    place = next(k for k, operand in enumerate(operands) if operand.name in call.program.constants)
    told = linear_sum(str(call.get("equation", default="")), place)
    constant = call.program.constants[operands[place].name]
    kernel = None if told is None else call.program.weights.place(operands[place].name, constant, told.letters)
    if told is None or kernel is None:
        call.unknown()
        return
    gathered, product = call.fresh(), call.fresh()
    call.add("transpose", call.running, [gathered], order=told.before)
    call.add("linear", [gathered], [product], {"kernel": kernel}, axis=-1)
    call.add("transpose", [product], order=told.after)


def _embedded(call: Call) -> None:
    kernel, indices = call.weight("io", "weight", role="embedding"), call.get("indices")
    if kernel is None:
        call.unknown()
        return
    call.add("embedding", [indices.name], weights={"kernel": kernel})


def _attended(call: Call) -> None:
    values = [call.get(name) for name in ("query", "key", "value")]
    names = [value.name for value in values if isinstance(value, Value)]
    shapes = [None if name in call.program.constants else call.shape(name) for name in names]
    if not attend_by_heads(call.add, call.fresh, names, shapes):
        call.unknown()


HANDLERS: dict[str, Handler] = {
    "linear": _linear,
    "addmm": _product("mat1", "mat2", "self"),
    "mm": _product("self", "mat2"),
    "bmm": _product("self", "mat2"),
    "baddbmm": _product("batch1", "batch2"),
    "matmul": _product("self", "other"),
    "einsum": _einsum,
    "embedding": _embedded,
    **dict.fromkeys(
        (
            "scaled_dot_product_attention",
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_attention_math",
        ),
        _attended,
    ),
}
