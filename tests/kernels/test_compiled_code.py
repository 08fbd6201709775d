"""What compiled code may not contain."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import topokit

ROOT = Path(topokit.__file__).parent
FILES = [*ROOT.glob("kernels/*.py"), *ROOT.glob("training/engines/*.py")]


def compiled_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Those under a decorator `njit`, or given to what `njit` returns."""
    given = {
        argument.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and "njit" in ast.unparse(call.func)
        for argument in call.args
        if isinstance(argument, ast.Name)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [
        function
        for function in functions
        if function.name in given or any("njit" in ast.unparse(mark) for mark in function.decorator_list)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_compiled_function_sorts_positions(path: Path) -> None:
    # numba gives its sort and its argsort of the same type the same name, when each is the first that a process
    # compiles; with both in the cache one is called for the other, and the process dies.
    for function in compiled_functions(ast.parse(path.read_text())):
        assert "argsort" not in ast.unparse(function), f"{path.name}: {function.name}"


def test_compiled_functions_are_found() -> None:
    found = {function.name for path in FILES for function in compiled_functions(ast.parse(path.read_text()))}
    assert {"weighted_levels", "_sink", "_uniform_at"} <= found
