"""The parameters of a model by the names of their modules, whatever the framework that wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, takewhile
from math import prod

from topokit.loaders.assembly.lay import part_shape
from topokit.loaders.assembly.roles import roles_of
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.graph import Weight, conventional_axes

_LEAVES = ("weight", "kernel", "weights", "embedding", "embeddings", "gamma", "scale")
_TRANSPOSED = ("kernel", "weights")
_PARAMETRIZED = re.compile(r"\.parametrizations\.([^.]+)\.original$")
_NO_PARAMETERS = ("mask", "optimizer", "buffer", "constant")
_LONGEST_NAME = 512
_LARGEST_STACK = 10_000


class MismatchError(Exception):
    """Names that promise a scheme which the tensors do not keep."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A tensor in its place of a model.

    Attributes
    ----------
    entry : TensorEntry
        The tensor.
    axes : str
        The letters of its axes, see `Weight`.
    part : tuple of int or slice
        Which of a stack of tensors, or which rows.
    """

    entry: TensorEntry
    axes: str
    part: tuple[int | slice, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the part."""
        return part_shape(self.entry.shape, self.part)

    @property
    def weight(self) -> Weight:
        """Its place in a graph."""
        return Weight(self.entry.name, self.axes, self.part)

    def size(self, letter: str) -> int:
        """How many neurons its axes of one letter count."""
        if len(self.axes) != len(self.shape):
            raise MismatchError(f"{self.entry.name} has {len(self.shape)} axes")
        return prod(n for n, axis in zip(self.shape, self.axes, strict=True) if axis == letter)


class Names:
    """Parameters by module, with dots between its components; biases and bare parameters by their full names.

    Attributes
    ----------
    in_order : bool
        Whether they are in the order in which the model made them.

    Notes
    -----
    ``bert/encoder/layer_._0/output/dense/kernel:0`` of TensorFlow is ``bert.encoder.layer.0.output.dense`` here, as
    ``bert.encoder.layer.0.output.dense.weight`` of PyTorch is.
    """

    def __init__(self, parameters: Mapping[str, Parameter], *, in_order: bool = False) -> None:
        self._parameters = parameters
        self.in_order = in_order
        self._modules = {ancestor for name in parameters for ancestor in _ancestors(name)}
        self._by_leaf: dict[str, list[str]] = {}
        for name in parameters:
            self._by_leaf.setdefault(name.rpartition(".")[2], []).append(name)

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Names:
        """The parameters among the tensors of a checkpoint."""
        found: dict[str, Parameter] = {}
        roles = roles_of(checkpoint.tensors.values())
        for entry in checkpoint.tensors.values():
            if len(entry.name) <= _LONGEST_NAME and not entry.aside and roles[entry.name] not in _NO_PARAMETERS:
                name, parameter = _parameter(entry)
                found.setdefault(name, parameter)
        return cls(found, in_order=checkpoint.order == "insertion")

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._parameters:
            raise MismatchError(f"no {name}")
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def get(self, name: str) -> Parameter | None:
        """The parameter of that name, if there is one."""
        return self._parameters.get(name)

    def first(self, *names: str) -> str | None:
        """The first of these names that there is."""
        return next((name for name in names if name in self), None)

    def has_module(self, module: str) -> bool:
        """Whether anything lies inside a module."""
        return module in self._modules

    def stack(self, module: str) -> list[str]:
        """The numbered modules ``module.0.``, ``module.1.``, ... without a gap."""
        stems = takewhile(self.has_module, (f"{module}.{k}" for k in count()))
        return [f"{stem}." for stem in stems]

    def prefixes(self, anchor: str) -> set[str]:
        """What stands before a name wherever it occurs."""
        alike = self._by_leaf.get(anchor.rpartition(".")[2], [])
        return {name[: -len(anchor)] for name in alike if name == anchor or name.endswith(f".{anchor}")}

    def without(self, prefix: str) -> Names:
        """The same without a prefix; what lies outside of it loses what it shares with the prefix."""
        known: dict[str, Parameter] = {}
        shared = [prefix, *(f"{ancestor}." for ancestor in reversed(list(_ancestors(prefix.removesuffix(".")))))]
        for name, parameter in self._parameters.items():
            short = next((name[len(start) :] for start in shared if name.startswith(start)), name)
            if known.setdefault(short, parameter) is not parameter:
                raise MismatchError(f"two tensors are called {short}")
        return self._with(known)

    def relettered(self, pattern: str, axes: str) -> Names:
        """The same, the matrices whose names match a pattern with these letters."""
        chosen = re.compile(pattern)
        fitting = {name: p for name, p in self._parameters.items() if chosen.match(name) and len(p.axes) == len(axes)}
        return self._with({**self._parameters, **{name: replace(p, axes=axes) for name, p in fitting.items()}})

    def renamed(self, pattern: str, template: str) -> Names:
        """The same, each name that matches a pattern replaced."""
        chosen = re.compile(pattern)
        return self._with(
            {
                match.expand(template) if (match := chosen.fullmatch(name)) else name: parameter
                for name, parameter in self._parameters.items()
            }
        )

    def unstacked(self, pattern: str, numbered: str) -> Names:
        """The same, each tensor (n, out, in) whose name matches as n modules of their own.

        `numbered` is the template of their names: the groups of the pattern, then the number.
        """
        found: dict[str, Parameter] = {}
        for name, parameter in self._parameters.items():
            match = re.fullmatch(pattern, name)
            if match is None or len(parameter.shape) != 3:
                found[name] = parameter
                continue
            if parameter.shape[0] > _LARGEST_STACK:
                raise MismatchError(f"{name} stacks {parameter.shape[0]:,} matrices")
            for k in range(parameter.shape[0]):
                found[numbered.format(*match.groups(), k)] = replace(parameter, axes="oi", part=(k,))
        return self._with(found)

    def _with(self, parameters: Mapping[str, Parameter]) -> Names:
        return Names(parameters, in_order=self.in_order)


def _parameter(entry: TensorEntry) -> tuple[str, Parameter]:
    spelled = entry.name.removesuffix(":0").replace("/", ".").replace("_._", ".")
    spelled = _PARAMETRIZED.sub(r".\1", spelled).removesuffix("_orig")
    module, _, leaf = spelled.rpartition(".")
    rank = len(entry.shape)
    axes = conventional_axes("source-target" if leaf in _TRANSPOSED else "torch", rank) if rank > 1 else "o" * rank
    return (module if module and leaf in _LEAVES else spelled), Parameter(entry, axes)


def _ancestors(name: str) -> Iterator[str]:
    """``a``, ``a.b`` for ``a.b.c``."""
    return (name[: place.start()] for place in re.finditer(r"\.", name))
