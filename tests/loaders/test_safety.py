"""Nothing in a checkpoint runs: no code, no import, no process, no socket, no other file."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audited
import numpy as np
import pytest
import torch
from checkpoint_files import SAVERS, state_dict

import topokit

FORBIDDEN = re.compile(
    r"pickle\.(load|Unpickler)|torch\.(jit\.)?load\(|joblib\.load|yaml\.\w*load|allow_pickle *= *True"
    r"|(?<![.\w])(eval|exec|compile|__import__)\(|extract(all)?\("
)
RUNS_CODE = {
    "pickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "shelve",
    "marshal",
    "runpy",
    "yaml",
    "joblib",
    "code",
    "codeop",
}
TOUCHES_THE_WORLD = {"subprocess", "socket", "ctypes", "multiprocessing", "urllib", "http", "webbrowser", "importlib"}
# A process of its own reads hostile files; whether an optional package is there is asked by a name of topokit's own.
ALLOWED = {"loaders/isolation/parent.py": {"subprocess", "importlib"}}


def test_the_package_holds_no_call_that_could_run_a_file() -> None:
    root = Path(topokit.__file__).parent
    for path in root.rglob("*.py"):
        for line in path.read_text().splitlines():
            assert not FORBIDDEN.search(line), f"{path.relative_to(root)}: {line.strip()}"


def test_readers_import_nothing_that_could_run_a_file_or_reach_out() -> None:
    root = Path(topokit.__file__).parent
    for path in (root / "loaders").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        found = {name.split(".")[0] for name in names} & (RUNS_CODE | TOUCHES_THE_WORLD)
        assert found <= ALLOWED.get(str(path.relative_to(root)), set()), path


class Calls:
    """Unpickles to the call of a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def attacks(folder: Path) -> dict[str, Any]:
    target = str(folder / "attacked")
    return {
        "system": Calls(os.system, f"touch {target}"),
        "popen": Calls(subprocess.Popen, ["touch", target]),
        "eval": Calls(eval, f"open({target!r}, 'w')"),
        "exec": Calls(exec, f"open({target!r}, 'w')"),
        "open": Calls(open, target, "w"),
        "socket": Calls(socket.create_connection, ("127.0.0.1", 9)),
        "import": Calls(__import__, "this"),
        "map": Calls(map, os.system, [f"touch {target}"]),
        "torch": Calls(torch.load, target),
        "numpy": Calls(np.load, target, None, True),
        "pickle": Calls(pickle.loads, pickle.dumps(Calls(os.system, f"touch {target}"))),
        "setattr": Calls(setattr, "a", "b", 3),
    }


def evil_files(folder: Path) -> list[Path]:
    paths = []
    for name, attack in attacks(folder).items():
        paths.append(folder / f"{name}.pt")
        torch.save(state_dict() | {"evil": attack}, paths[-1])
        paths.append(folder / f"{name}.pkl")
        paths[-1].write_bytes(pickle.dumps({"evil": attack}))
        paths.append(folder / f"{name}_old.pt")
        torch.save({"evil": attack}, paths[-1], _use_new_zipfile_serialization=False)
        paths.append(folder / f"{name}.npy")
        np.save(paths[-1], np.array([attack], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(folder / "climb.npz", "w") as archive:
        archive.writestr("../climbed.npy", (folder / "system.npy").read_bytes())
    (folder / "code.npy").write_bytes(
        b"\x93NUMPY\x01\x00\x30\x00" + b"__import__('os').system('touch attacked')".ljust(48)
    )
    return [*paths, folder / "climb.npz", folder / "code.npy"]


def test_nothing_happens_while_checkpoints_are_read(tmp_path: Path) -> None:
    honest, evil = tmp_path / "honest", tmp_path / "evil"
    honest.mkdir()
    evil.mkdir()
    good = [str(SAVERS[name](honest)) for name in SAVERS if name not in ("scipy-sparse-folder", "scipy-sparse")]
    bad = [str(path) for path in evil_files(evil)]
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, audited.__file__, json.dumps(good), *good, *bad], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["acts"] == []
    outcomes = told["outcomes"]
    assert {outcomes[path] for path in good} == {"network"}
    assert "network" not in {outcomes[path] for path in bad if not path.endswith("setattr.pt")}
    for name in attacks(evil):
        if name != "setattr":
            for suffix in (".pt", ".pkl", "_old.pt"):
                assert outcomes[str(evil / f"{name}{suffix}")] == "UnsafePickleError", name + suffix
    assert sorted(tmp_path.rglob("*")) == before


def test_memory_stays_small_when_a_file_promises_much(tmp_path: Path) -> None:
    promises = {
        "a.npy": b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1)}".ljust(117)
        + b"\n",
        "b.safetensors": (b'{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'),
    }
    text = promises["b.safetensors"]
    promises["b.safetensors"] = len(text).to_bytes(8, "little") + text
    for name, content in promises.items():
        (tmp_path / name).write_bytes(content)
    code = (
        "import re, sys, topokit as tk\n"
        "for path in sys.argv[1:]:\n"
        "    try: tk.inspect(path)\n"
        "    except tk.CheckpointError: pass\n"
        "    else: sys.exit(3)\n"
        # Unlike getrusage, this peak does not begin with the parent's.
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
    )
    arguments = [sys.executable, "-c", code, *(str(tmp_path / name) for name in promises)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500_000


@pytest.mark.parametrize("name", ["safetensors", "npy", "npz", "torch-zip"])
def test_no_file_stays_open(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        topokit.load(path)
        topokit.inspect(path)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
