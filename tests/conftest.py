"""Places outside the checkout that marked tests read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

import topokit
from topokit.registry import PAPERS

# A first call compiles kernels, and shared machines stall: the time an example takes says nothing about it.
settings.register_profile("topokit", deadline=None, max_examples=50)
settings.load_profile("topokit")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The stored inputs with known answers: the folder TOPOKIT_SHARED, or ``shared`` beside the checkout."""
    folder = Path(os.environ.get("TOPOKIT_SHARED") or Path(topokit.__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.fail(f"{folder} is missing: set TOPOKIT_SHARED to the folder with the stored inputs")
    return folder


@pytest.fixture(scope="session")
def datasets_folder() -> Path:
    """The folder with MNIST, Fashion-MNIST and CIFAR-10: TOPOKIT_DATA."""
    folder = os.environ.get("TOPOKIT_DATA")
    if not folder:
        pytest.fail("TOPOKIT_DATA is not set: `topokit data fetch mnist fashion-mnist cifar-10 --to DIR`, then set it")
    return Path(folder)


@pytest.fixture
def toy_paper(monkeypatch: pytest.MonkeyPatch) -> str:
    """Key of a paper of tiny networks, known for the length of a test; see `toy_paper`."""
    monkeypatch.setitem(PAPERS._entries, "toy", "toy_paper:PAPER")
    return "toy"
