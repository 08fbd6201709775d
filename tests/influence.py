"""Which outputs of one linear map reach which outputs of another directly: measured, and as topokit wires them.

Directly means through no third linear map: through sums, products, norms, attention and the other map alone. What is
measured comes from automatic differentiation in the framework's own model and knows nothing of topokit. Maps are called
by their tensors; what comes in from outside is called by its width, as in ``input of 8``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

import topokit as tk
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import TensorBlock, plan_of
from topokit.loaders.opening import open_checkpoint

Edge = tuple[str, str, int, int]
"""Source map, target map, output of the one, output of the other."""

_MAPS = {
    **{"linear": (1, -1), "conv1d": (1, 1), "conv2d": (1, 1), "conv_transpose2d": (1, 1)},
    **{"embedding": (1, -1), "addmm": (2, -1)},
}
_WINDOW = ("kernel_size", "stride", "padding", "ceil_mode")
_GATES = {"lstm": 4, "gru": 3}
_FORGETFUL = ("layer_norm", "batch_norm", "rms_norm", "group_norm")
_SOFTENED = ("relu", "relu_")


def input_name(width: int) -> str:
    """What inputs of so many features are called."""
    return f"input of {width}"


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a weight, whose outputs are called `names`; values `leaf` took the place of those it `made`."""

    names: tuple[str, ...]
    axis: int
    made: Tensor
    leaf: Tensor

    def flat(self, values: Tensor) -> Tensor:
        """Values as (places, features)."""
        return values.movedim(self.axis, -1).reshape(-1, values.shape[self.axis])


class Taps(TorchFunctionMode):
    """Cuts a computation at every linear map: what follows sees fresh random numbers in place of its output.

    Attention weights are constants and norms are left out: neither hands a feature on to another. Activations that
    are flat somewhere become smooth ones, maxima means. A recurrent layer is its sums of gates at every step.
    """

    def __init__(self, names: Callable[[str, Tensor], tuple[str, ...]], calls: Iterable[Call]) -> None:
        super().__init__()
        self.names, self.calls = names, list(calls)

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, options = getattr(function, "__name__", ""), kwargs or {}
        if name in _FORGETFUL:
            return args[0]
        if name in _SOFTENED:
            return torch.tanh(args[0])
        if name in _GATES:
            return self._recurrent(name, *args[:4], args[7])
        if "max_pool2d" in name:
            return functional.avg_pool2d(*args, **{key: options[key] for key in _WINDOW if key in options})
        if name == "scaled_dot_product_attention":
            args = (args[0].detach(), args[1].detach(), *args[2:])
        made = function(*args, **options)
        if name == "softmax":
            return made.detach()
        return self._cut(name, args, options, made) if name in _MAPS else made

    def _cut(self, name: str, args: Any, options: Any, made: Tensor) -> Tensor:
        place, axis = _MAPS[name]
        weight = (args[place] if len(args) > place else options["weight"]).detach()
        return self._leaf(self.names(name, weight.T if name == "addmm" else weight), axis, made)

    def _leaf(self, called: tuple[str, ...], axis: int, made: Tensor) -> Tensor:
        leaf = torch.randn_like(made).requires_grad_(True)
        self.calls.append(Call(called, axis, made, leaf))
        return leaf

    def _recurrent(
        self, name: str, values: Tensor, _: Any, weights: Any, has_biases: bool, both: bool
    ) -> tuple[Tensor, ...]:
        kernels = list(weights)[:: 4 if has_biases else 2]
        for k in range(0, len(kernels), 1 + both):
            summed = [(each, each.unflatten(0, (_GATES[name], -1)).sum(0)) for each in kernels[k : k + 1 + both]]
            made = [self._leaf(self.names(name, each.detach()), -1, values @ gates.T) for each, gates in summed]
            values = torch.cat(made, -1)
        return (values, *[values] * (2 if name == "lstm" else 1))


def measured(
    run: Callable[[], Any], names: Callable[[str, Tensor], tuple[str, ...]], inputs: Iterable[tuple[int, Tensor]] = ()
) -> set[Edge]:
    """What automatic differentiation says.

    Parameters
    ----------
    run : callable
        Runs the model once.
    names : callable
        Given the operation and its weight: the tensors whose rows the weight is made of, one after the other; none
        for a map to leave out.
    inputs : sequence of (int, Tensor)
        Features that come in from outside, with their axis; they need gradients.
    """
    outside = [Call((input_name(x.shape[axis]),), axis, x.detach(), x) for axis, x in inputs]
    taps = Taps(names, outside)
    with taps:
        run()
    found: set[Edge] = set()
    for place, call in enumerate(taps.calls):
        if call.names and call.made.requires_grad:
            for origin, reached in _reached_from(taps.calls[:place], call):
                found |= _edges(origin.names, call.names, reached)
    return found


def _reached_from(before: list[Call], call: Call) -> list[tuple[Call, NDArray[np.bool_]]]:
    """Which features of each earlier call every feature of this one sees."""
    origins = [origin for origin in before if origin.names]
    outputs, rows = call.flat(call.made), []
    for feature in range(outputs.shape[1] if origins else 0):
        probe = (outputs[:, feature] * torch.randn(len(outputs))).sum()
        leaves = [origin.leaf for origin in origins]
        gradients = torch.autograd.grad(probe, leaves, retain_graph=True, allow_unused=True)
        rows.append([_seen(origin, gradient) for origin, gradient in zip(origins, gradients, strict=True)])
    return [(origin, np.stack(seen, axis=1)) for origin, *seen in zip(origins, *rows, strict=True) if seen]


def _seen(origin: Call, gradient: Tensor | None) -> NDArray[np.bool_]:
    if gradient is None:
        return np.zeros(origin.leaf.shape[origin.axis], bool)
    return np.asarray(origin.flat(gradient).abs().sum(0) > 0)


def _edges(sources: tuple[str, ...], targets: tuple[str, ...], reached: NDArray[np.bool_]) -> set[Edge]:
    """Edges under the names of tensors, those of several that make one map each for itself."""
    return {
        (source, target, int(i), int(j))
        for source, rows in zip(sources, np.split(reached, len(sources), axis=0), strict=True)
        for target, block in zip(targets, np.split(rows, len(targets), axis=1), strict=True)
        for i, j in zip(*block.nonzero(), strict=True)
    }


def own_name(planned: TensorBlock) -> str:
    """What a tensor is called in its file."""
    return ".".join([planned.tensor.name, *map(str, planned.lay.part)])


def wired(path: Path, called: Callable[[TensorBlock], str] = own_name, **options: Any) -> set[Edge]:
    """What the network says that topokit makes of a file."""
    network, plan = tk.load(path, **options), plan_of(open_checkpoint(path), Options(**options))
    start = {layer.name: int(first) for layer, first in zip(network.layers, network.offsets, strict=False)}
    passing, blocks = _passing(network, start), {block.name: block for block in network.blocks}
    makes = [(input_name(x.size), start[x.name] + np.arange(x.size)) for x in network.layers if x.kind == "input"]
    takes = []
    for planned in plan.tensor_blocks:
        name = called(planned)
        columns = np.arange(planned.lay.n_targets) if planned.columns is None else planned.columns
        makes.append((name, np.where(columns < 0, -1, start[planned.target] + columns)))
        edges = np.zeros((int(network.offsets[-1]), len(columns)), np.int32)
        block = blocks[planned.name].adjacency().toarray()
        edges[start[planned.source] : start[planned.source] + len(block), columns >= 0] = block[
            :, columns[columns >= 0]
        ]
        takes.append((name, edges))
    return {
        edge
        for source, neurons in makes
        for target, edges in takes
        for edge in _edges((source,), (target,), (passing[neurons] @ edges > 0) & (neurons >= 0)[:, None])
    }


def _passing(network: tk.LayeredDAG, start: Mapping[str, int]) -> NDArray[np.int32]:
    """Which neuron hands on to which without weights, by any number of steps."""
    passing = np.eye(int(network.offsets[-1]), dtype=np.int32)
    for block in network.blocks:
        if not block.carries_weights:
            rows, columns = block.adjacency().nonzero()
            passing[start[block.source] + rows, start[block.target] + columns] = 1
    for _ in network.layers:
        passing = np.minimum(passing @ passing, 1)
    return passing


def packed(edges: set[Edge]) -> dict[str, NDArray[Any]]:
    """Edges as arrays for a file."""
    maps = sorted({name for edge in edges for name in edge[:2]})
    rows = sorted((maps.index(a), maps.index(b), i, j) for a, b, i, j in edges)
    return {"maps": np.array(maps), "edges": np.array(rows, np.uint8)}


def unpacked(path: Path) -> set[Edge]:
    """The edges in a file that `packed` made."""
    with np.load(path) as stored:
        maps = stored["maps"].tolist()
        return {(maps[a], maps[b], i, j) for a, b, i, j in stored["edges"].tolist()}
