"""The computation that the code of a file tells: of a TorchScript program, or of a module traced by ``torch.fx``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topokit.errors import CheckpointError
from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.inputs import InputShapeError
from topokit.loaders.formats.torch_files.code.interpreter import Interpreter
from topokit.loaders.formats.torch_files.code.library import layer_of, says_more_than_its_code
from topokit.loaders.formats.torch_files.code.lowering import Lowering
from topokit.loaders.formats.torch_files.code.modules import ModuleTree
from topokit.loaders.formats.torch_files.code.onnx_modules import LAYERS, PACKAGE
from topokit.loaders.formats.torch_files.code.parser import Parser
from topokit.loaders.formats.torch_files.code.program import Program
from topokit.loaders.formats.torch_files.code.syntax import Function
from topokit.loaders.formats.torch_files.code.values import UNKNOWN, Module, UntranslatableError, tensors_in
from topokit.loaders.formats.torch_files.objects import StridedTensor
from topokit.loaders.formats.torch_files.source import SEQUENTIAL, TRACED, Source, Told
from topokit.loaders.graph import GraphIR, Shape

_RANKS = (2, 3)
_TENSORS = ("Tensor", "torch.Tensor", "Optional")
_MOST_ATTEMPTS = 10
_LONGEST_CODE = 2_000_000

MethodOf = Callable[[Module, str], Function | None]
Follow = Callable[[Lowering, Module], Interpreter]


def traced_graph(source: Source) -> Told:
    """The graph of a module that ``torch.fx`` traced, or of PyTorch's own modules in a row."""

    def interpreter(lowering: Lowering, module: Module) -> Interpreter:
        return Interpreter(
            lowering, method_of=_traced_method, function_of=lambda kind: None, constants={}, native=_native_of_traced
        )

    return _translated(source, interpreter, _traced_method)


def script_graph(source: Source, program: Program, constants: tuple[Any, ...]) -> Told:
    """The graph of a TorchScript program."""

    def method_of(module: Module, name: str) -> Function | None:
        declared = program.class_of(module.kind)
        return None if declared is None else declared.methods.get(name)

    def interpreter(lowering: Lowering, module: Module) -> Interpreter:
        made = {f"c{k}": _constant(lowering, value, k, source) for k, value in enumerate(constants)}
        return Interpreter(
            lowering, method_of=method_of, function_of=program.function_of, constants=made, native=_native_of_script
        )

    return _translated(source, interpreter, method_of)


def _translated(source: Source, follow: Follow, method_of: MethodOf) -> Told:
    problem, known = "", dict[str, Shape]()
    ranks = list(_RANKS)
    for _ in range(_MOST_ATTEMPTS):
        if not ranks:
            break
        lowering = Lowering(source.tensors, ranks[0], known)
        try:
            graph = _graph(source, lowering, follow, method_of)
        except CheckpointError:
            raise
        except InputShapeError as found:
            if found.name in known:
                ranks.pop(0)
            known[found.name] = found.shape
            continue
        except UntranslatableError as error:
            problem = str(error)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
            problem = f"what it does to a tensor of unknown shape is not told ({type(error).__name__})"
        else:
            if graph.outputs and graph.nodes:
                return Told(graph, lowering.program.weights, graph.notes)
            problem = "it makes no tensor of its inputs"
        ranks.pop(0)
    return Told(notes=(f"the code of the model is not followed: {' '.join(problem.split())[:150]}",))


def _graph(source: Source, lowering: Lowering, follow: Follow, method_of: MethodOf) -> GraphIR:
    root = ModuleTree(source, lowering).root()
    forward = method_of(root, "forward")
    if forward is None and root.kind == SEQUENTIAL:
        made = follow(lowering, root).invoke(root, "forward", [lowering.input("input")])
        return lowering.program.builder.finish(lowering.inputs.names, [tensor.name for tensor in tensors_in(made)])
    if forward is None:
        raise UntranslatableError("there is none of a method 'forward'")
    arguments = [_input(lowering, forward, name) for name in forward.parameters[1:]]
    made = follow(lowering, root).run(forward, [root, *arguments], {})
    return lowering.program.builder.finish(lowering.inputs.names, [tensor.name for tensor in tensors_in(made)])


def _input(lowering: Lowering, forward: Function, name: str) -> Any:
    if name in forward.defaults:
        default = forward.defaults[name]
        return default.value if isinstance(default, syntax.Literal) else UNKNOWN
    kind = forward.kinds.get(name)
    return lowering.input(name) if kind is None or _spelled(kind).startswith(_TENSORS) else UNKNOWN


def _spelled(kind: syntax.Expression) -> str:
    if isinstance(kind, syntax.Attribute):
        return f"{_spelled(kind.owner)}.{kind.name}"
    if isinstance(kind, syntax.Subscript):
        return _spelled(kind.owner)
    return kind.name if isinstance(kind, syntax.Name) else str(kind.value) if isinstance(kind, syntax.Literal) else ""


def _traced_method(module: Module, name: str) -> Function | None:
    code = module.attributes.get("_code")
    if name != "forward" or module.kind.name != TRACED or not isinstance(code, str) or len(code) > _LONGEST_CODE:
        return None
    return Parser(code).file()[1].get("forward")


def _native_of_traced(interpreter: Interpreter, module: Module, name: str, arguments: list[Any]) -> Any:
    """What the modules inside a traced one make, which have no code."""
    if name != "forward":
        return NotImplemented
    if module.kind.name == "Sequential":
        return _in_a_row(interpreter, module, arguments[0])
    layer = LAYERS.get(module.kind.name) if module.kind.module.startswith(PACKAGE) else layer_of(module)
    return NotImplemented if layer is None else layer(interpreter.lowering, module, arguments)


def _native_of_script(interpreter: Interpreter, module: Module, name: str, arguments: list[Any]) -> Any:
    """What recurrent layers make; of a trace only as much as is used."""
    layer = layer_of(module) if name.startswith("forward") and says_more_than_its_code(module) else None
    if layer is None:
        return NotImplemented
    made, code = layer(interpreter.lowering, module, arguments), interpreter.method_of(module, name)
    last = code.body[-1] if code is not None and code.body else None
    is_one = isinstance(last, syntax.Return) and isinstance(last.value, syntax.Call)
    return made[0] if is_one and isinstance(made, tuple) else made


def _in_a_row(interpreter: Interpreter, module: Module, value: Any) -> Any:
    for part in module.attributes.values():
        if isinstance(part, Module):
            value = interpreter.invoke(part, "forward", [value])
    return value


def _constant(lowering: Lowering, value: Any, place: int, source: Source) -> Any:
    name = f"constants.{place}"
    return lowering.stored(name) if isinstance(value, StridedTensor) and name in source.tensors else value
