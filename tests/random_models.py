"""Random small models as Python source, so that every exporter takes them and a failure can be read."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Value:
    """A value of the model; `shape` without the batch. An image is (channels, height, width), a sequence
    (time, features), anything flat (features,)."""

    name: str
    shape: tuple[int, ...]

    @property
    def axis(self) -> int:
        """Where its channels or features lie, batch included."""
        return {1: 1, 2: 2, 3: 1}[len(self.shape)]

    @property
    def width(self) -> int:
        return self.shape[self.axis - 1]

    def with_width(self, width: int) -> tuple[int, ...]:
        return (*self.shape[: self.axis - 1], width, *self.shape[self.axis :])


Step = Callable[["Maker", Value], "Value | None"]


class Maker:
    """Draws a model: a layer that takes the input, some steps, and a layer behind every value that is left."""

    def __init__(self, seed: int, steps: int) -> None:
        self.rng = random.Random(seed)
        self.modules: list[str] = []
        self.lines: list[str] = []
        self.values: list[Value] = []
        self.used: set[Value] = set()
        self.input = Value("x", self.rng.choice([(5, 4, 4), (3, 7), (7,)]))
        self.values.append(linear(self, self.input))
        for _ in range(steps):
            self.step()
        self.heads = [f"{self.linear(v, self.rng.randint(2, 4))}" for v in self.values if v not in self.used]

    def step(self) -> None:
        value = self.rng.choice(self.values[-4:])
        made = self.rng.choice(STEPS[len(value.shape)])(self, value)
        if made is not None:
            self.values.append(made)

    def module(self, code: str) -> str:
        self.modules.append(f"self.m{len(self.modules)} = nn.{code}")
        return f"self.m{len(self.modules) - 1}"

    def say(self, shape: tuple[int, ...], code: str, *taken: Value) -> Value:
        self.used.update(taken)
        self.lines.append(f"v{len(self.lines)} = {code}")
        return Value(f"v{len(self.lines) - 1}", shape)

    def other(self, value: Value) -> Value:
        """A value of the same shape, if there is any but this."""
        return self.rng.choice([v for v in self.values if v.shape == value.shape and v != value] or [value])

    def linear(self, value: Value, width: int) -> str:
        """Code of a layer of that width over the channels or features."""
        is_image = len(value.shape) == 3
        layer = f"Conv2d({value.width}, {width}, 1)" if is_image else f"Linear({value.width}, {width})"
        return f"{self.module(layer)}({value.name})"

    def source(self) -> str:
        return "\n".join(
            [
                *("import torch", "from torch import nn", "from torch.nn import functional as F", ""),
                *("class Net(nn.Module):", "    def __init__(self) -> None:", "        super().__init__()"),
                *(f"        {line}" for line in self.modules),
                "    def forward(self, x: torch.Tensor):",
                *(f"        {line}" for line in self.lines),
                f"        return ({', '.join(self.heads)},)",
            ]
        )


def linear(maker: Maker, value: Value) -> Value:
    width = maker.rng.choice([4, 6, 8])
    return maker.say(value.with_width(width), maker.linear(value, width), value)


def activation(maker: Maker, value: Value) -> Value:
    code = maker.rng.choice(["F.relu({})", "F.gelu({})", "F.silu({})", "{} * 2.0"])
    return maker.say(value.shape, code.format(value.name), value)


def total(maker: Maker, value: Value) -> Value:
    other = maker.other(value)
    return maker.say(value.shape, f"{value.name} + {other.name}", value, other)


def product(maker: Maker, value: Value) -> Value:
    other = maker.other(value)
    return maker.say(value.shape, f"{value.name} * torch.sigmoid({other.name})", value, other)


def residual(maker: Maker, value: Value) -> Value:
    return maker.say(value.shape, f"F.relu({maker.linear(value, value.width)}) + {value.name}", value)


def gated(maker: Maker, value: Value) -> Value:
    gate, up = maker.linear(value, 6), maker.linear(value, 6)
    return maker.say(value.with_width(6), f"F.silu({gate}) * {up}", value)


def halves(maker: Maker, value: Value) -> Value | None:
    if value.width % 2:
        return None
    return maker.say(value.with_width(value.width // 2), f"F.glu({value.name}, {value.axis})", value)


def swapped(maker: Maker, value: Value) -> Value | None:
    if value.width < 2:
        return None
    cut = maker.rng.randint(1, value.width - 1)
    first, last = (f"{value.name}.narrow({value.axis}, {a}, {n})" for a, n in ((0, cut), (cut, value.width - cut)))
    return maker.say(value.shape, f"torch.cat([{last}, {first}], {value.axis})", value)


def joined(maker: Maker, value: Value) -> Value | None:
    other = maker.other(value)
    if value.width > 8:
        return None
    shape = value.with_width(2 * value.width)
    return maker.say(shape, f"torch.cat([{value.name}, {other.name}], {value.axis})", value, other)


def chosen(maker: Maker, value: Value) -> Value | None:
    start = maker.rng.randrange(value.width)
    stop = maker.rng.randint(start + 1, value.width)
    index = ", ".join([":"] * value.axis + [f"{start}:{stop}"])
    return maker.say(value.with_width(stop - start), f"{value.name}[{index}]", value)


def shuffled(maker: Maker, value: Value) -> Value | None:
    if value.width % 2:
        return None
    lead, rest = [-1, *value.shape[: value.axis - 1]], value.shape[value.axis :]
    apart, whole = [*lead, 2, value.width // 2, *rest], [*lead, value.width, *rest]
    code = f"{value.name}.reshape({apart}).transpose({value.axis}, {value.axis + 1}).reshape({whole})"
    return maker.say(value.shape, code, value)


def normalised(maker: Maker, value: Value) -> Value:
    norms = {1: "BatchNorm1d({})", 2: "LayerNorm({})", 3: maker.rng.choice(["BatchNorm2d({})", "GroupNorm(1, {})"])}
    return maker.say(value.shape, f"{maker.module(norms[len(value.shape)].format(value.width))}({value.name})", value)


def convolved(maker: Maker, value: Value) -> Value:
    channels, height, width = value.shape
    groups = maker.rng.choice([n for n in (1, 1, 2, channels) if channels % n == 0])
    out, stride = groups * maker.rng.randint(1, 2), maker.rng.choice([1, 2])
    layer = f"Conv2d({channels}, {out}, 3, stride={stride}, padding=1, groups={groups}, bias=False)"
    shape = (out, (height - 1) // stride + 1, (width - 1) // stride + 1)
    return maker.say(shape, f"{maker.module(layer)}({value.name})", value)


def widened(maker: Maker, value: Value) -> Value | None:
    channels, height, width = value.shape
    if height > 4:
        return None
    groups = maker.rng.choice([n for n in (1, 2) if channels % n == 0])
    layer = f"ConvTranspose2d({channels}, {2 * groups}, 2, stride=2, groups={groups})"
    return maker.say((2 * groups, 2 * height, 2 * width), f"{maker.module(layer)}({value.name})", value)


def squeezed(maker: Maker, value: Value) -> Value:
    """A gate made of the mean of every channel."""
    pooled = f"{value.name}.mean([2, 3], keepdim=True)"
    down, up = maker.module(f"Conv2d({value.width}, 3, 1)"), maker.module(f"Conv2d(3, {value.width}, 1)")
    return maker.say(value.shape, f"{value.name} * torch.sigmoid({up}(F.relu({down}({pooled}))))", value)


def shortened(maker: Maker, value: Value) -> Value:
    """A shortcut without weights: every other pixel, and channels of nothing beside those there are."""
    channels, height, width = value.shape
    layer = maker.module(f"Conv2d({channels}, {channels + 3}, 3, stride=2, padding=1)")
    shape = (channels + 3, (height + 1) // 2, (width + 1) // 2)
    short = f"F.pad({value.name}[:, :, ::2, ::2], [0, 0, 0, 0, 1, 2])"
    return maker.say(shape, f"F.relu({layer}({value.name})) + {short}", value)


def pooled(maker: Maker, value: Value) -> Value | None:
    channels, height, width = value.shape
    if height < 2 or width < 2:
        return None
    pool = maker.rng.choice(["max", "avg"])
    return maker.say((channels, height // 2, width // 2), f"F.{pool}_pool2d({value.name}, 2)", value)


def deepened(maker: Maker, value: Value) -> Value | None:
    channels, height, width = value.shape
    if channels % 4 == 0 and height <= 4:
        return maker.say((channels // 4, 2 * height, 2 * width), f"F.pixel_shuffle({value.name}, 2)", value)
    if height % 2 == 0 and width % 2 == 0 and channels < 5:
        return maker.say((4 * channels, height // 2, width // 2), f"F.pixel_unshuffle({value.name}, 2)", value)
    return None


def has_turns(value: Value) -> bool:
    """Whether tokens may come from two values, which topokit tells apart as little as other tokens."""
    return len(value.shape) == 2 and value.shape[0] % 6 == 0


def flattened(maker: Maker, value: Value) -> Value | None:
    size = torch.Size(value.shape).numel()
    if has_turns(value):
        return None
    codes = {2: ["{}.flatten(1)", "{}.transpose(1, 2).flatten(1)"]}
    code = maker.rng.choice(codes.get(len(value.shape), ["{}.flatten(1)", "{}.permute(0, 2, 3, 1).flatten(1)"]))
    return maker.say((size,), code.format(value.name), value) if size <= 100 else None


def averaged(maker: Maker, value: Value) -> Value:
    axes = [2, 3] if len(value.shape) == 3 else [1]
    return maker.say((value.width,), f"{value.name}.mean({axes})", value)


def as_tokens(maker: Maker, value: Value) -> Value:
    channels, height, width = value.shape
    return maker.say((height * width, channels), f"{value.name}.flatten(2).transpose(1, 2)", value)


def as_maps(maker: Maker, value: Value) -> Value | None:
    if value.width % 4 or value.width > 40:
        return None
    return maker.say((value.width // 4, 2, 2), f"{value.name}.view(-1, {value.width // 4}, 2, 2)", value)


def attention(maker: Maker, value: Value) -> Value:
    """With queries, keys and values in one matrix or three, and heads that share keys and values or not."""
    time, heads, size = value.shape[0], 4, 2
    if maker.rng.random() < 0.5:
        whole = f"{maker.linear(value, 3 * heads * size)}.reshape(-1, {time}, 3, {heads}, {size})"
        shared = maker.say((), whole + ".permute(2, 0, 3, 1, 4)", value)
        parts = [f"{shared.name}[{k}]" for k in range(3)]
    else:
        groups = maker.rng.choice([4, 2, 1])
        parts = [
            f"{maker.linear(value, n * size)}.view(-1, {time}, {n}, {size}).transpose(1, 2)"
            for n in (heads, groups, groups)
        ]
        spread = f".unsqueeze(2).expand(-1, {groups}, {heads // groups}, {time}, {size})"
        parts[1:] = [f"{part}{spread}.reshape(-1, {heads}, {time}, {size})" for part in parts[1:]]
    context = f"F.scaled_dot_product_attention({', '.join(parts)}).transpose(1, 2).reshape(-1, {time}, {heads * size})"
    out = maker.module(f"Linear({heads * size}, {value.width})")
    return maker.say(value.shape, f"{value.name} + {out}({context})", value)


def recurrent(maker: Maker, value: Value) -> Value:
    layers, both = maker.rng.choice([1, 2]), maker.rng.choice([False, True])
    cell = maker.rng.choice(["LSTM", "GRU"])
    layer = maker.module(f"{cell}({value.width}, 3, num_layers={layers}, batch_first=True, bidirectional={both})")
    return maker.say((value.shape[0], 6 if both else 3), f"{layer}({value.name})[0]", value)


def mixed(maker: Maker, value: Value) -> Value | None:
    """A layer over the tokens of each feature."""
    if has_turns(value):
        return None
    layer = maker.module(f"Linear({value.shape[0]}, {value.shape[0]})")
    return maker.say(value.shape, f"{value.name} + {layer}({value.name}.transpose(1, 2)).transpose(1, 2)", value)


def prolonged(maker: Maker, value: Value) -> Value | None:
    other = maker.other(value)
    shape = (2 * value.shape[0], value.shape[1])
    if shape[0] > 12:
        return None
    return maker.say(shape, f"torch.cat([{value.name}, {other.name}], 1)", value, other)


_ANY: list[Step] = [
    *(linear, linear, activation, total, product, residual, gated, halves, swapped, joined, chosen, shuffled),
    normalised,
]
STEPS: dict[int, list[Step]] = {
    1: [*_ANY, as_maps],
    2: [*_ANY, attention, recurrent, mixed, prolonged, flattened, averaged],
    3: [
        *(*_ANY, convolved, convolved, widened, squeezed, shortened, pooled, deepened, flattened, averaged, as_tokens),
    ],
}


def model(seed: int, folder: Path, *, steps: int = 6) -> tuple[nn.Module, Tensor, int]:
    """A model, an input for it, and the axis of its features.

    Weights are positive, so that nothing cancels, and pruned at random: a kernel whole or not at all, so that an edge
    acts wherever its kernel lies.
    """
    maker = Maker(seed, steps)
    path = folder / f"net{seed}.py"
    path.write_text(maker.source())
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(seed)
    net: nn.Module = module.Net().eval()
    with torch.no_grad():
        for weight in net.parameters():
            kept = torch.rand(weight.shape[:2]) < 0.5 if weight.ndim > 1 else torch.ones(len(weight), dtype=torch.bool)
            kept.view(-1)[0] = True
            weight.copy_((torch.rand_like(weight) + 0.3) * kept.reshape(*kept.shape, *(1,) * (weight.ndim - kept.ndim)))
    return net, torch.rand(2, *maker.input.shape) + 0.5, maker.input.axis
