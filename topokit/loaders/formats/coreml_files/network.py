"""From a Core ML neural network, layer by layer, to the nodes of `topokit.loaders.graph`, and its tensors."""

from __future__ import annotations

from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.coreml_files.layer import Layer
from topokit.loaders.formats.coreml_files.layers import HANDLERS
from topokit.loaders.formats.coreml_files.schema import KINDS
from topokit.loaders.formats.coreml_files.values import ModelFiles
from topokit.loaders.formats.graphs.calls import Call, Program, Value
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.graph import GraphIR, Shape

_RANK = 5
_GREY = 10


def read_network(model: Message, network: Message, files: ModelFiles) -> tuple[GraphIR, Weights, dict[str, Stored]]:
    """The computation of a neural network, what its tensors are used as, and the tensors."""
    description = model["description"] or {"inputs": (), "outputs": ()}
    program, tensors = Program(module=_module), dict[str, Stored]()
    exact = network["arrays"] == 1
    for feature in description["inputs"]:
        program.builder.shapes[feature["name"]] = _shape(feature["type"], exact)
    for message in network["layers"]:
        _translate(message, program, files, tensors, exact)
    inputs = [feature["name"] for feature in description["inputs"]]
    outputs = [feature["name"] for feature in description["outputs"]]
    made = [name for message in network["layers"] for name in message["outputs"]]
    ends = [name for name in outputs if name in made] or made[-1:]
    return program.builder.finish(inputs, ends), program.weights, tensors


def _translate(message: Message, program: Program, files: ModelFiles, tensors: dict[str, Stored], exact: bool) -> None:
    kind = next((name for name in KINDS if name in message), "")
    arguments = {str(place): Value(name) for place, name in enumerate(message["inputs"])}
    call = Call(program, kind, message["name"], arguments, message["outputs"])
    for name, told in zip(message["outputs"], message["output_shapes"], strict=False):
        program.builder.shapes[name] = tuple(extent if extent > 0 else None for extent in told["dims"])
    if not message["outputs"]:
        return
    handler = HANDLERS.get(kind)
    if handler is not None and (call.running or kind.startswith("loadConstant")):
        handler(Layer(call, message[kind], files, tensors, exact))
    elif call.running:
        call.unknown(kind or "a layer")
    else:
        for output in message["outputs"]:
            program.constants[output] = Constant()


def _shape(type_: Message | None, exact: bool) -> Shape | None:
    """The shape of an input; without exact axes it has five, of which the first are time and batch."""
    if type_ is None:
        return None
    if type_["image"] is not None:
        image = type_["image"]
        colours = 1 if image["colors"] == _GREY else 3
        told: Shape = (1, colours, image["height"] or None, image["width"] or None)
    elif type_["array"] is not None and type_["array"]["shape"]:
        told = tuple(extent if extent > 0 else None for extent in type_["array"]["shape"])
    else:
        return None
    if exact:
        return told
    if len(told) == 1:
        return (None, None, *told, 1, 1)
    return (*(None,) * (_RANK - len(told)), *told)


def _module(tensor: str, call: str) -> str:
    return call
