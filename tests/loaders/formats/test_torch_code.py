"""The code of TorchScript programs and traced modules is followed, not run: it gives the graph of an export."""

from __future__ import annotations

import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch_samples import DATA, saved

import topokit as tk
from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.parser import Parser

ZOO = DATA / "zoo" / "torchscript"


def parsed(expression: str) -> syntax.Expression:
    _, functions = Parser(f"def f(self):\n  return {expression}\n").file()
    (statement,) = functions["f"].body
    assert isinstance(statement, syntax.Return)
    return statement.value


NAME, TEN, NONE = syntax.Name("x"), syntax.Literal(10), syntax.Literal(None)
EXPRESSIONS = {
    "x": NAME,
    "10": TEN,
    "1.5e-05": syntax.Literal(1.5e-05),
    '"a\\n\\"b"': syntax.Literal('a\n"b'),
    "-x": syntax.Operator("-", (NAME,)),
    "x + 10 * x": syntax.Operator("+", (NAME, syntax.Operator("*", (TEN, NAME)))),
    "x - 10 - 10": syntax.Operator("-", (syntax.Operator("-", (NAME, TEN)), TEN)),
    "(x, 10)": syntax.Sequence((NAME, TEN), False),
    "(x,)": syntax.Sequence((NAME,), False),
    "[x, 10, ]": syntax.Sequence((NAME, TEN), True),
    "x.a(10, b=x, )": syntax.Call(syntax.Attribute(NAME, "a"), (TEN,), (("b", NAME),)),
    "x[10]": syntax.Subscript(NAME, TEN),
    "x[:, 10]": syntax.Subscript(
        NAME, syntax.Sequence((syntax.Call(syntax.Name("slice"), (NONE, NONE)), TEN), False)
    ),
    "{10: x}": syntax.Table(((TEN, NAME),)),
    "None": syntax.Literal(None),
}  # fmt: skip


@pytest.mark.parametrize("written", EXPRESSIONS)
def test_expressions_are_read(written: str) -> None:
    assert parsed(written) == EXPRESSIONS[written]


@pytest.mark.parametrize(
    "written", ["", "x +", "(x", "x)", "x y", "$", '"a', "[x 10]", "f(x y)", "x..y", "(" * 200, "-" * 200 + "1"]
)
def test_other_code_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="code"):
        Parser(f"def f(self):\n  y = {written}\n").file()


class Branches(nn.Module):
    """Two ways that meet, side by side and one on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 4), nn.Linear(6, 4)
        self.c, self.d = nn.Linear(8, 5), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.a(x), torch.sigmoid(self.b(x))
        return self.c(torch.cat([a, b], 1)) + self.d(a * b)


class Grouped(nn.Module):
    """Convolutions of every kind, and channels that go apart."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, groups=1, padding=1)
        self.grouped, self.wide = nn.Conv2d(8, 8, 3, groups=4), nn.ConvTranspose2d(4, 6, 2, stride=2, groups=2)
        self.norm, self.pool, self.out = nn.GroupNorm(2, 8), nn.AdaptiveAvgPool2d(1), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.norm(self.grouped(functional.silu(self.first(x)))).chunk(2, 1)
        return self.out(self.pool(self.wide(left + right)).flatten(1))


class Recurrent(nn.Module):
    """Two layers in two directions, and the last step of the upper ones."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.out = nn.GRU(6, 4, num_layers=2, bidirectional=True, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.gru(x)
        return self.out(steps[:, -1])


class Turned(nn.Module):
    """Features last outside and channels first inside."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv1d(6, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.conv(x.transpose(1, 2)).mean(dim=2))


class Attended(nn.Module):
    """Attention that PyTorch projects with one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).view(x.shape[0], x.shape[1], 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        return self.out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)) + x


def scripted(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.jit.save(torch.jit.script(net), path)


def traced(net: nn.Module, example: Tensor, path: Path) -> None:
    torch.jit.save(torch.jit.trace(net, example), path)


def symbolic(net: nn.Module, example: Tensor, path: Path) -> None:
    graph = fx.symbolic_trace(net)
    for node in graph.graph.nodes:
        node.type = None
    graph.recompile()
    saved(graph, path.parent, path.name)


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "branches": (Branches, (2, 6)),
    "grouped": (Grouped, (2, 3, 8, 8)),
    "recurrent": (Recurrent, (2, 5, 6)),
    "turned": (Turned, (2, 5, 6)),
    "attended": (Attended, (2, 5, 8)),
    "sequence": (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.GELU(), nn.Linear(4, 2)), (2, 6)),
}


def edges(network: Any) -> dict[tuple[str, str], Any]:
    """Edges between layers, by the names of the layers."""
    return {(block.source, block.target): block.adjacency().toarray().tolist() for block in network.blocks}


@pytest.mark.parametrize("save", [scripted, traced, symbolic])
@pytest.mark.parametrize("name", MODELS)
def test_the_wiring_is_that_of_an_exported_program(name: str, save: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    make, shape = MODELS[name]
    net, example = make().eval(), torch.randn(shape)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter *= torch.rand_like(parameter) < 0.5
    with warnings.catch_warnings(action="ignore"):
        save(net, example, tmp_path / "net.pt")
        torch.export.save(torch.export.export(net, (example,)), tmp_path / "net.pt2")
    followed, exported = tk.load(tmp_path / "net.pt"), tk.load(tmp_path / "net.pt2")
    assert followed.provenance.order == "graph"
    sizes = [[(layer.name, layer.size) for layer in network.layers[1:]] for network in (followed, exported)]
    assert sizes[0] == sizes[1]
    assert [block for ends, block in edges(followed).items()] == [block for ends, block in edges(exported).items()]


class Guarded(nn.Module):
    """Code that puts odd inputs right, and a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(3)])

    def forward(self, x: Tensor, times: int = 2, scale: float | None = None) -> Tensor:
        if x.dim() == 1:
            x = x.unsqueeze(0)
        if x.size(-1) != 6:
            raise ValueError("six features")
        for layer in self.layers:
            x = torch.relu(layer(x))
        if scale is not None:
            x = x * scale
        return x


def test_guards_and_loops_are_followed(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        scripted(Guarded(), torch.ones(2, 6), tmp_path / "net.pt")
    network = tk.load(tmp_path / "net.pt")
    assert [layer.name for layer in network.layers[1:]] == ["layers.0", "layers.1", "layers.2"]
    assert any("the shorter one" in note for note in network.provenance.notes)


def test_a_cell_is_one_step_of_a_layer(tmp_path: Path) -> None:
    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.out = nn.LSTMCell(6, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.cell(x)[0])

    with warnings.catch_warnings(action="ignore"):
        traced(Cell(), torch.ones(2, 6), tmp_path / "net.pt")
    assert [layer.size for layer in tk.load(tmp_path / "net.pt").layers] == [6, 4, 4, 3]


def program(body: str, folder: Path) -> Path:
    """The zoo's MLP with another way to compute."""
    code = "class Mlp(Module):\n  __parameters__ = []\n  def forward(self, x: Tensor) -> Tensor:\n" + body
    copy = folder / "changed.pt"
    with zipfile.ZipFile(ZOO / "mlp.pt") as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            is_own = "/torch_graph" in info.filename
            new.writestr(info.filename, code if is_own else old.read(info))
    return copy


def lines(*written: str) -> str:
    return "".join(f"    {line}\n" for line in written)


RETURN = "return (self.fc1).forward(x, )"
HOSTILE = {
    "a loop without end": lines("while True:", "  x = torch.relu(x)", RETURN),
    "a long loop": lines("for i in range(100000000000000000):", "  x = torch.relu(x)", RETURN),
    "many steps": lines("for i in range(4000):", "  for j in range(4000):", "    y = torch.add(i, j)", RETURN),
    "many nodes": lines("for i in range(4000):", "  for j in range(4000):", "    x = torch.relu(x)", RETURN),
    "itself": lines("return (self).forward(x, )"),
    "a growing number": lines("n = 3", "for i in range(4000):", "  n = torch.mul(n, n)", RETURN),
    "a growing text": lines('n = "a"', "for i in range(4000):", "  n = torch.add(n, n)", RETURN),
    "a growing list": lines("n = [1, 2]", "for i in range(4000):", "  n = torch.add(n, n)", RETURN),
    "a long list": lines("n = torch.mul([1, 2], 1000000000)", RETURN),
    "a vast tensor": lines("n = torch.zeros([1000000, 1000000])", "return torch.add((self.fc1).forward(x, ), n)"),
    "many pieces": lines("n = torch.split(torch.ones([1, 4000]), 1, 1)", *["n = torch.split(n[0], 1, 1)"] * 9, RETURN),
    "a power": lines("n = torch.pow(10, 1000000000)", RETURN),
    "an error": lines('ops.prim.RaiseException("", "")'),
    "nothing": lines("return None"),
    "a name that is none": lines("return y"),
    "a chain": lines("return x" + ".a" * 50_000),
    "the system": lines('return os.system("touch attacked")'),
    "an import": lines('return __import__("os").system("touch attacked")'),
    "an evaluation": lines("return eval(\"open('attacked', 'w')\")"),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_code_costs_little_and_does_nothing(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.process_time()
    checkpoint = tk.open_checkpoint(program(body, tmp_path))
    assert time.process_time() - start < 5
    assert len(checkpoint.tensors) >= 6
    assert not (tmp_path / "attacked").exists()


def test_code_that_is_not_followed_is_said_to_be(tmp_path: Path) -> None:
    checkpoint = tk.open_checkpoint(program(HOSTILE["a loop without end"], tmp_path))
    assert checkpoint.graph is None
    assert "the code of the model is not followed: a loop runs as long as the input says" in checkpoint.notes
