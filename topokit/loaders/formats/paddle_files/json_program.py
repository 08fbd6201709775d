"""A Paddle program, read from the JSON that PaddlePaddle 3 writes (``model.json``), as if it were an older one.

The short words of the format: ``paddle/fluid/pir/serialize_deserialize/include/schema.h``. An operator is
``{"#": name, "A": attributes, "I": inputs, "O": outputs}``, a value ``{"%": number, "TT": type}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.formats.paddle_files.program import Program, Step
from topokit.loaders.graph import Shape
from topokit.loaders.limits import Limits

_MARK = b'"magic":"pir"'
_PARAMETER, _FEED, _FETCH, _COMBINE, _SPREAD = "p", "data", "fetch", "combine", "split"
_NORM = ("X", "Scale", "Bias")

# The older operator, and its slot for each operand; a slot that begins with @ is an attribute.
_OPERATORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "matmul": ("matmul_v2", ("X", "Y")),
    "add": ("elementwise_add", ("X", "Y")),
    "subtract": ("elementwise_sub", ("X", "Y")),
    "multiply": ("elementwise_mul", ("X", "Y")),
    "divide": ("elementwise_div", ("X", "Y")),
    "conv2d": ("conv2d", ("Input", "Filter")),
    "conv3d": ("conv3d", ("Input", "Filter")),
    "depthwise_conv2d": ("depthwise_conv2d", ("Input", "Filter")),
    "conv2d_transpose": ("conv2d_transpose", ("Input", "Filter")),
    "depthwise_conv2d_transpose": ("depthwise_conv2d_transpose", ("Input", "Filter")),
    "batch_norm": ("batch_norm", ("X", "Mean", "Variance", "Scale", "Bias")),
    "layer_norm": ("layer_norm", _NORM),
    "group_norm": ("group_norm", _NORM),
    "instance_norm": ("instance_norm", _NORM),
    "pool2d": ("pool2d", ("X", "@ksize")),
    "flatten": ("flatten_contiguous_range", ("X",)),
    "reshape": ("reshape2", ("X", "@shape")),
    "transpose": ("transpose2", ("X",)),
    "concat": ("concat", ("X", "@axis")),
    "slice": ("slice", ("Input", "@starts", "@ends")),
    "squeeze": ("squeeze2", ("X", "@axes")),
    "unsqueeze": ("unsqueeze2", ("X", "@axes")),
    "mean": ("reduce_mean", ("X",)),
    "sum": ("reduce_sum", ("X", "@dim")),
    "max": ("reduce_max", ("X", "@dim")),
    "rnn": ("rnn", ("Input", "PreState", "WeightList")),
    "embedding": ("lookup_table_v2", ("Ids", "W")),
    "hardswish": ("hard_swish", ("X",)),
    "hardsigmoid": ("hard_sigmoid", ("X",)),
}
_ATTRIBUTES = {"transpose_x": "trans_x", "transpose_y": "trans_y", "perm": "axis", "keepdim": "keep_dim"}


def begins_json_program(head: bytes) -> bool:
    """Whether a file that begins so is a program of PaddlePaddle 3."""
    return head[:1] == b"{" and _MARK in head[:64].replace(b" ", b"")


def json_program_of(path: Path, format: str, limits: Limits) -> Program:
    """The program in a file; of several blocks the first one is what runs."""
    table = read_json_table(path, format, path.name, limits)
    return _Reader(table["program"]["regions"][0]["blocks"][0]["ops"]).program()


class _Reader:
    """Goes through the operators of a block."""

    def __init__(self, operators: list[dict[str, Any]]) -> None:
        self._operators = operators
        self._names: dict[Any, tuple[str, ...]] = {}
        self._constants: dict[str, Any] = {}
        self._shapes: dict[str, Shape] = {}

    def program(self) -> Program:
        """The program; the names of parameters are sorted, as their file has them."""
        made = [(self._parameter(o), o["OA"][0]) for o in self._operators if o["#"] == _PARAMETER]
        parameters = [name for name, is_persistent in made if is_persistent]
        steps = [step for operator in self._operators if operator["#"] != _PARAMETER for step in self._steps(operator)]
        return Program(tuple(sorted(parameters)), tuple(steps), self._shapes)

    def _parameter(self, operator: Mapping[str, Any]) -> str:
        name = str(operator["A"][3])
        self._make(operator["O"], name)
        return name

    def _steps(self, operator: Mapping[str, Any]) -> Iterator[Step]:
        kind = operator["#"].rpartition(".")[2].removesuffix("_")
        attributes = {str(item["N"]): _value(item["AT"]) for item in operator["A"]}
        taken = [self._names[value["%"]] if value["%"] else () for value in operator["I"]]
        if kind == _COMBINE:
            self._names[operator["O"][0]["%"]] = tuple(name for names in taken for name in names)
            return
        made = tuple(self._make(value, f"%{value['%']}") for value in operator["O"])
        if not taken and "value" in attributes:
            self._constants[made[0]] = attributes["value"]
            yield Step(kind, {}, {"Out": made}, {})
        elif kind == _FEED:
            yield Step("feed", {}, {"Out": made}, {})
        elif kind == _FETCH:
            yield Step("fetch", {"X": taken[0]}, {}, {})
        else:
            yield self._step(kind, taken, made, attributes)

    def _step(self, kind: str, taken: list[tuple[str, ...]], made: tuple[str, ...], attributes: dict[str, Any]) -> Step:
        old, slots = _OPERATORS.get(kind, (kind, ("X",)))
        told = {_ATTRIBUTES.get(name, name): value for name, value in attributes.items()}
        if old.startswith("reduce_") and "axis" in told:
            told["dim"] = told["axis"]
        inputs = {}
        for slot, names in zip(slots, taken, strict=False):
            if slot.startswith("@") and names and names[0] in self._constants:
                told[slot[1:]] = self._constants[names[0]]
            else:
                inputs[slot] = names
        beside = {f"Beside{k}": (name,) for k, name in enumerate(made[1:])}
        return Step(old, inputs, {"Out": made[:1]} | beside, told)

    def _make(self, value: Mapping[str, Any], name: str) -> str:
        self._names[value["%"]] = (name,)
        described = value["TT"].get("D") if isinstance(value.get("TT"), dict) else None
        if isinstance(described, list) and len(described) > 1 and isinstance(described[1], list):
            self._shapes[name] = tuple(extent if extent >= 0 else None for extent in described[1])
        return name


def _value(attribute: Any) -> Any:
    """What a typed attribute says."""
    inner = attribute.get("D") if isinstance(attribute, dict) else attribute
    if isinstance(inner, list):
        return tuple(_value(item) if isinstance(item, dict) else item for item in inner)
    return inner
