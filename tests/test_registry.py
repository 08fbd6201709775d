from __future__ import annotations

import sys
from pathlib import Path

import pytest

from topokit.errors import UnknownNameError
from topokit.registry import ANALYZERS, METHODS, TABLES, Registry


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, entries in TABLES.items() for name in entries])
def test_every_entry_loads(table: str, name: str) -> None:
    assert TABLES[table].load(name) is not None


def test_a_registry_is_a_mapping() -> None:
    registry = Registry("shape", {"pi": "math:pi", "tau": "math:tau"})
    assert list(registry) == ["pi", "tau"]
    assert len(registry) == 2
    assert "pi" in registry
    assert "e" not in registry
    assert registry["pi"] == "math:pi"
    assert registry.load("tau") == 2 * registry.load("pi")


def test_unknown_names_show_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown method 'rgil': did you mean 'rigl'"):
        METHODS["rgil"]
    with pytest.raises(UnknownNameError, match=r"unknown analyzer 'zzz': there are .*degrees, .*dormant"):
        ANALYZERS.load("zzz")


def test_other_packages_add_entries_and_replace_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "other_package-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[topokit.shapes]\ne = other_package:E\npi = other_package:E\n")
    (tmp_path / "other_package.py").write_text("E = 2.718\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    registry = Registry("shape", {"pi": "math:pi"})
    assert registry.load("e") == 2.718
    assert registry["pi"] == "math:pi"
    assert sorted(registry) == ["e", "pi"]
