"""How active the neurons of a PyTorch module are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from topokit.errors import InsufficientDataError, ParameterError

Batches = Tensor | NDArray[Any] | Iterable[Any]


def _classes(*homes: ModuleType) -> tuple[type[nn.Module], ...]:
    return tuple(getattr(home, name) for home in homes for name in home.__all__)


_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NOT_PER_NEURON = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.Softmin, nn.LogSoftmax, nn.GLU)
_ACTIVATIONS = tuple(kind for kind in _classes(nn.modules.activation) if kind not in _NOT_PER_NEURON)
_NORMS = _classes(nn.modules.batchnorm, nn.modules.instancenorm, nn.modules.normalization)


def mean_activations(
    model: nn.Module,
    data: Batches,
    *,
    batch_size: int = 1024,
    modules: Sequence[type[nn.Module]] = (),
    function: Callable[[Tensor], Tensor] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Mean absolute activation of every hidden neuron over the data, E_x |h_i(x)| of Sokar et al. 2023, Eq. 1.

    A layer is a Linear or convolution; its activation is the output of the first activation module that runs after
    it in the forward pass, whatever runs between the two, and carries the layer's name. Where the ways of a residual
    block meet before their activation, it is that of the longer way, whose layer took the newest input. Layers that
    no activation follows, such as the last one, are left out. A neuron is a feature of a Linear or a channel of a
    convolution, averaged over its positions.

    Parameters
    ----------
    model : torch.nn.Module
        Run in evaluation mode and without gradients; the mode of each of its modules is restored.
    data : tensor, array, or iterable of batches
        Inputs (n, ...), or batches of them such as a `DataLoader` gives; of a batch that is a tuple or list the
        first item is the input.
    batch_size : int
        Into how many samples a tensor is cut; batches stay as they are.
    modules : sequence of module classes
        Activations besides those of PyTorch, such as the model's own.
    function : callable, optional
        For models that call their activation as a function: it is applied to what every layer but the last that
        runs gives, after the normalisation that follows it.

    Returns
    -------
    dict of str to ndarray of float64, shape (neurons,)
        By layer name, in the order in which the layers run.

    Raises
    ------
    InsufficientDataError
        No sample, or no activation follows a layer.
    """
    tally = _Tally((*_ACTIVATIONS, *modules), function)
    samples = 0
    with tally.attached(model), _evaluated(model), torch.no_grad():
        for inputs in _batches(data, batch_size, model):
            model(inputs)
            tally.forget()
            samples += len(inputs)
    if not samples:
        raise InsufficientDataError("no sample was given: activations are a mean over at least one")
    if not tally.sums:
        raise InsufficientDataError(
            f"no activation module follows a layer of {type(model).__name__}: name its class with modules=, or give "
            "the function that it calls with function="
        )
    return {name: (tally.sums[name] / tally.counts[name]).cpu().numpy() for name in tally.sums}


@dataclass
class _Tally:
    """Sums of |h| per neuron, gathered by forward hooks in the order in which modules run."""

    activations: tuple[type[nn.Module], ...]
    function: Callable[[Tensor], Tensor] | None
    sums: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    pending: _Pending | None = None
    waiting: list[_Layer] = field(default_factory=list)
    made: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary)
    clock: int = 0

    def forget(self) -> None:
        """Begin a forward pass."""
        self.pending = None
        self.waiting.clear()

    @contextmanager
    def attached(self, model: nn.Module) -> Iterator[None]:
        """Listen to the modules of `model`."""
        with ExitStack() as stack:
            for name, module in model.named_modules():
                if self.function is None:
                    if isinstance(module, (*_LAYERS, *self.activations)) or not list(module.children()):
                        stack.enter_context(module.register_forward_hook(self._module_ran(name)))
                elif isinstance(module, _LAYERS):
                    stack.enter_context(module.register_forward_hook(self._layer_ran(name)))
                elif isinstance(module, _NORMS):
                    stack.enter_context(module.register_forward_hook(self._norm_ran))
            yield

    def _module_ran(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                return
            self.clock += 1
            taken, layer = self._origin(inputs[0] if inputs else None)
            if isinstance(module, _LAYERS):
                axis = _neuron_axis(module)
                layer = _Layer(name, axis, output.shape[axis], taken)
                self.waiting.append(layer)
            elif isinstance(module, self.activations):
                self._activate(layer, output)
                layer = None
            self.made[output] = _Made(self.clock, layer)

        return hook

    def _origin(self, given: Any) -> _Made:
        """Of what a function or the user made, nothing is known: it counts as new."""
        known = isinstance(given, Tensor) and given in self.made
        return cast(_Made, self.made[given]) if known else _Made(self.clock, None)

    def _activate(self, layer: _Layer | None, output: Tensor) -> None:
        """`output` is the activation of `layer`, or, behind a sum, of the waiting layer with the newest input."""
        if layer is None and self.waiting:
            layer = max(reversed(self.waiting), key=lambda each: each.taken)
        if layer is not None and layer.fits(output):
            self._add(layer.name, layer.axis, output)
            self.waiting.clear()

    def _layer_ran(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(layer: nn.Module, _: Any, output: Tensor) -> None:
            if self.pending is not None and self.function is not None:
                self._add(self.pending.name, self.pending.axis, self.function(self.pending.values))
            self.pending = _Pending(name, _neuron_axis(layer), output)

        return hook

    def _norm_ran(self, _: nn.Module, __: Any, output: Tensor) -> None:
        if self.pending is not None:
            self.pending = replace(self.pending, values=output)

    def _add(self, name: str, axis: int, activations: Tensor) -> None:
        values = activations.detach().movedim(axis, -1).flatten(end_dim=-2)
        total = values.abs().sum(dim=0, dtype=torch.float64)
        self.sums[name] = self.sums[name] + total if name in self.sums else total
        self.counts[name] = self.counts.get(name, 0) + len(values)


@dataclass(frozen=True)
class _Pending:
    """What a layer gave in this forward pass, until the next one runs."""

    name: str
    axis: int
    values: Tensor


@dataclass(frozen=True)
class _Layer:
    """A layer that ran in this forward pass, and when the input that it took was made."""

    name: str
    axis: int
    width: int
    taken: int

    def fits(self, output: Tensor) -> bool:
        """Whether `output` has the layer's neurons on the same axis."""
        return output.dim() >= -self.axis and output.shape[self.axis] == self.width


class _Made(NamedTuple):
    """When a tensor was made, and the layer it comes from without an activation or a sum between."""

    time: int
    layer: _Layer | None


def _neuron_axis(layer: nn.Module) -> int:
    return -1 if isinstance(layer, nn.Linear) else 1 - cast(Tensor, layer.weight).dim()


@contextmanager
def _evaluated(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _batches(data: Batches, batch_size: int, model: nn.Module) -> Iterator[Tensor]:
    if batch_size < 1:
        raise ParameterError(f"batch_size is {batch_size}: at least 1")
    if isinstance(data, Tensor | np.ndarray):
        data = [data[start : start + batch_size] for start in range(0, len(data), batch_size)]
    like = next(model.parameters(), torch.empty(0))
    for batch in data:
        inputs = torch.as_tensor(batch[0] if isinstance(batch, tuple | list) else batch, device=like.device)
        yield inputs.to(like.dtype) if inputs.is_floating_point() else inputs
