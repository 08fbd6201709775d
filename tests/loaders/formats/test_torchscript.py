"""TorchScript programs: parameters as torch.jit gives them, everything else aside; the code is never run."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_files import same
from torch import Tensor, nn
from torch_samples import DATA, as_bytes, mlp_tensors

import topokit as tk
from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders import Limits

ZOO = DATA / "zoo" / "torchscript"


@pytest.mark.parametrize("name", ["mlp.pt", "mlp-traced.pt"])
def test_the_tensors_of_the_zoo_come_back(name: str) -> None:
    checkpoint = tk.open_checkpoint(ZOO / name)
    assert checkpoint.format == "torchscript"
    expected = mlp_tensors()
    assert set(checkpoint.tensors) == set(expected)
    for key, values in expected.items():
        assert same(checkpoint.tensors[key].read(), values)


@pytest.mark.parametrize("path", sorted(ZOO.glob("*.pt")), ids=lambda path: path.name)
def test_parameters_and_buffers_are_those_of_torch(path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        state = torch.jit.load(path).state_dict()
    own = {name: entry for name, entry in tk.open_checkpoint(path).tensors.items() if not entry.aside}
    assert list(own) == list(state)
    for name, values in state.items():
        assert same(own[name].read(), values.numpy()), name


class Odd(nn.Module):
    """A module with more tensors than parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(3, 5, 2, stride=2)
        self.register_buffer("scale", torch.ones(5))
        self.state = torch.zeros(4, 4)
        self.sizes = [1, 2]

    def forward(self, x: Tensor) -> Tensor:
        return self.deconv(x) * self.scale[:, None, None] + torch.tensor([0.5]) + self.state.sum() + self.sizes[0]


@pytest.fixture(params=["script", "trace"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with warnings.catch_warnings(action="ignore"):
        made = torch.jit.script(Odd()) if request.param == "script" else torch.jit.trace(Odd(), torch.ones(1, 3, 4, 4))
        torch.jit.save(made, tmp_path / "odd.pt")
    return tmp_path / "odd.pt"


def test_other_tensors_are_set_aside(odd: Path) -> None:
    tensors = tk.open_checkpoint(odd).tensors
    constants = {name for name, entry in tensors.items() if entry.role == "constant"}
    assert constants == {name for name in tensors if name.startswith("constants.")}
    own = {name for name, entry in tensors.items() if not entry.aside} - constants
    assert own == {"deconv.weight", "deconv.bias", "scale"}
    assert all("attribute" in tensors[name].aside for name in tensors.keys() - own - constants)


def test_the_code_tells_what_modules_are(odd: Path) -> None:
    checkpoint = tk.open_checkpoint(odd)
    assert checkpoint.metadata["modules"]["deconv"]["class"] == "torch.nn.modules.conv.ConvTranspose2d"
    assert checkpoint.tensors["deconv.weight"].axes == "torch-transposed"


def test_constants_of_the_code_tell_strides(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        torch.jit.save(torch.jit.script(Odd()), tmp_path / "odd.pt")
    told = tk.open_checkpoint(tmp_path / "odd.pt").metadata["modules"]["deconv"]
    assert (told["stride"], told["groups"], told["in_channels"]) == ([2, 2], 1, 3)


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch attacked",)


def rewritten(changes: dict[str, bytes | None], folder: Path) -> Path:
    """A program with members replaced, or left out where None."""
    copy = folder / "changed.pt"
    with zipfile.ZipFile(ZOO / "mlp.pt") as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            content = changes.get(info.filename.split("/", 1)[1], old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
    return copy


@pytest.mark.parametrize("member", ["data.pkl", "constants.pkl"])
def test_an_attack_is_called_one(member: str, tmp_path: Path) -> None:
    path = rewritten({member: pickle.dumps(Attack())}, tmp_path)
    with pytest.raises(UnsafePickleError, match=r"system.*nothing was run"):
        tk.open_checkpoint(path)


def test_damaged_programs_are_refused(tmp_path: Path) -> None:
    for changes in (
        {"data/0": None},
        {"data/0": b"\0"},
        {"constants.pkl": b"\x80\x02"},
        {"constants.pkl": b"\x80\x02N."},
    ):
        with pytest.raises(CorruptCheckpointError):
            tk.open_checkpoint(rewritten(changes, tmp_path))


CODES = {
    "no code": None,
    "no text": b"\xff\xfe",
    "no Python": b"class Mlp(Module):\n  $\n",
    "deep": b"x = " + b"(" * 10_000,
    "a long chain": b"x = a" + b".a" * 100_000,
    "long": b"#" * 3_000_000,
    "no end": b"class Mlp(Module):\n  def forward(self",
    "nothing inside": b"class Mlp(Module):\n",
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_tensors_are_read_whatever_the_code_is(code: bytes | None, tmp_path: Path) -> None:
    with zipfile.ZipFile(ZOO / "mlp.pt") as archive:
        names = [name.split("/", 1)[1] for name in archive.namelist()]
    path = rewritten({name: code for name in names if name.endswith(".py")}, tmp_path)
    checkpoint = tk.open_checkpoint(path)
    assert {name for name, entry in checkpoint.tensors.items() if not entry.aside} == set(mlp_tensors())


def test_a_pickle_beyond_the_limit_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="has a pickle of"):
        tk.open_checkpoint(ZOO / "mlp.pt", limits=Limits(header_bytes=100))


def test_a_state_dict_beside_constants_is_a_program_and_no_other_format(tmp_path: Path) -> None:
    path = tmp_path / "both.pt"
    path.write_bytes(as_bytes({"w": torch.ones(2, 3)}))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/constants.pkl", pickle.dumps((), 2))
    assert tk.open_checkpoint(path).format == "torchscript"
