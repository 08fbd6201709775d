"""TensorFlow's numbers for types of numbers: tensorflow/core/framework/types.proto."""

from __future__ import annotations

_NAMES = {
    **{1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64"},
    **{9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16"},
    **{17: "uint16", 18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64"},
    **{24: "float8_e5m2", 25: "float8_e4m3fn", 26: "float8_e4m3fnuz", 27: "float8_e4m3b11fnuz", 28: "float8_e5m2fnuz"},
    **{29: "int4", 30: "uint4", 31: "int2", 32: "uint2", 33: "float4_e2m1fn"},
}
_REFERENCES = 100
_IN_JSON = {"float": "float32", "double": "float64", "half": "float16"}


def type_name(number: int) -> str:
    """What topokit calls the type; types of references count as what they refer to."""
    return _NAMES.get(number % _REFERENCES, f"type {number}")


def named_type(name: str) -> str:
    """The same for a name as JSON has it, such as ``DT_FLOAT``."""
    word = name.removeprefix("DT_").removesuffix("_REF").lower()
    return _IN_JSON.get(word, word)
