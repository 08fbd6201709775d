"""Attention in all the forms that ONNX files have it: the wiring is that of its steps written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx_models
import pytest
from onnx import NodeProto
from onnx_models import Array, node, sparse
from zoo import wiring_of

import topokit as tk

Q, K, V, OUT = (sparse(8, 8, seed=seed) for seed in range(4))
SHAPES = {"apart": np.array([0, 0, 2, 4]), "together": np.array([0, 0, 8])}
Form = tuple[list[NodeProto], dict[str, Array]]


def projected(*after: NodeProto, out: str = "c") -> Form:
    nodes = [node("MatMul", f"x {name}", name * 2) for name in "qkv"]
    return [*nodes, *after, node("MatMul", f"{out} o", "y")], {"q": Q, "k": K, "v": V, "o": OUT}


def written_out() -> Form:
    turns = [
        each
        for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))
        for each in (
            node("Reshape", f"{name * 2} apart", f"{name}r"),
            node("Transpose", f"{name}r", f"{name}t", perm=order),
        )
    ]
    steps = [
        node("MatMul", "qt kt", "s"),
        node("Softmax", "s", "p"),
        node("MatMul", "p vt", "a"),
        node("Transpose", "a", "at", perm=[0, 2, 1, 3]),
        node("Reshape", "at together", "c"),
    ]
    nodes, tensors = projected(*turns, *steps)
    return nodes, tensors | SHAPES


def of_microsoft() -> Form:
    return projected(node("MultiHeadAttention", "qq kk vv", "c", domain="com.microsoft", num_heads=2))


def fused() -> Form:
    nodes = [
        node("Attention", "x w b", "c", domain="com.microsoft", num_heads=2),
        node("MatMul", "c o", "y"),
    ]
    return nodes, {"w": np.concatenate([Q, K, V], axis=1), "b": np.ones(24, np.float32), "o": OUT}


def packed() -> Form:
    nodes = [
        node("MatMul", "x w", "p"),
        node("GroupQueryAttention", "p - -", "c", domain="com.microsoft", num_heads=2, kv_num_heads=2),
        node("MatMul", "c o", "y"),
    ]
    return nodes, {"w": np.concatenate([Q, K, V], axis=1), "o": OUT}


def standard() -> Form:
    return projected(node("Attention", "qq kk vv", "c", q_num_heads=2, kv_num_heads=2))


def standard_by_heads() -> Form:
    turns = [
        each
        for name in "qkv"
        for each in (
            node("Reshape", f"{name * 2} apart", f"{name}r"),
            node("Transpose", f"{name}r", f"{name}t", perm=[0, 2, 1, 3]),
        )
    ]
    back = [node("Transpose", "a", "at", perm=[0, 2, 1, 3]), node("Reshape", "at together", "c")]
    nodes, tensors = projected(*turns, node("Attention", "qt kt vt", "a"), *back)
    return nodes, tensors | SHAPES


def edges(form: Form, folder: Path) -> Any:
    path = onnx_models.save(onnx_models.model(*form, given=("batch", 6, 8)), folder)
    network = tk.load(path)
    assert network.provenance.order == "graph"
    return wiring_of(network)


FORMS: dict[str, Callable[[], Form]] = {
    "MultiHeadAttention": of_microsoft,
    "Attention of Microsoft": fused,
    "GroupQueryAttention": packed,
    "Attention": standard,
    "Attention by heads": standard_by_heads,
}


@pytest.mark.parametrize("name", FORMS)
def test_one_operator_is_wired_as_its_steps(name: str, tmp_path: Path) -> None:
    expected, found = edges(written_out(), tmp_path), edges(FORMS[name](), tmp_path)
    assert found.sizes == expected.sizes == (8, 24, 8)
    assert found.possible == expected.possible
    assert sorted(found.taps) == sorted(expected.taps)
    for ends, taps in expected.taps.items():
        assert np.array_equal(found.taps[ends], taps)
