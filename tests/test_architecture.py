"""The floors of the house and who may import what from outside, read from the source with `ast`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import topokit
from topokit.registry import FORMATS

ROOT = Path(topokit.__file__).parent

FLOORS = [
    {"cli"},
    {"papers", "report"},
    {"training", "plots"},
    {"analyzers", "recording"},
    {"loaders", "generators"},
    {"dag", "execute", "registry"},
    {"kernels", "outputs", "citations"},
    {"errors"},
]
FLOOR_OF = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}

ONLY_IN = {
    "torch": ("training/", "recording/adapters/torch"),
    "matplotlib": ("plots/",),
    "seaborn": ("plots/",),
    "jinja2": ("report/",),
    "numba": ("kernels/", "training/engines/"),
    "click": ("cli/",),
    "sklearn": ("training/data/",),
    "lightning": ("recording/adapters/lightning.py",),
    "transformers": ("recording/adapters/huggingface.py",),
}

# People type `result.plot()`, so the base of the results may import the figures when it is called.
EXCEPTIONS = {("analyzers/result.py", "plots")}

FILES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import, write the whole name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def part_of(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_from_floors_below(path: Path) -> None:
    part, place = part_of(path), path.relative_to(ROOT).as_posix()
    if part in ("__init__", "__main__"):
        return
    assert part in FLOOR_OF, f"{place}: {part!r} stands on no floor"
    for name in imports(path):
        pieces = name.split(".")
        if pieces[0] != "topokit" or len(pieces) < 2 or pieces[1] == "__version__":
            continue
        other = pieces[1]
        if other != part and (place, other) not in EXCEPTIONS:
            assert FLOOR_OF[other] > FLOOR_OF[part], f"{place} imports {name} from a floor that is not below"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_outside_packages_stay_in_their_rooms(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        rooms = ONLY_IN.get(name.split(".")[0])
        assert rooms is None or place.startswith(rooms), f"{place} imports {name}; only {', '.join(rooms or ())} may"


def test_import_is_light() -> None:
    heavy = ["torch", "lightning", "transformers", "matplotlib", "pandas", "numba", "scipy", "networkx"]
    code = f"import sys, topokit; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_exists() -> None:
    for name in topokit.__all__:
        assert getattr(topokit, name) is not None, name


def test_each_module_of_the_formats_is_one_format() -> None:
    folder = ROOT / "loaders" / "formats"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "format", "unsupported"}
    registered = {FORMATS[name].partition(":")[0].rpartition(".")[2] for name in FORMATS}
    assert modules == registered
