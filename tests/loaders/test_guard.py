"""Every error of a reader becomes one that names the file, in one line."""

from __future__ import annotations

import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    InvalidNetworkError,
    LimitExceededError,
    NoWeightsFoundError,
    ParameterError,
)
from topokit.loaders.guard import guarded

PATH = Path("net.pt")

CORRUPT = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, EOFError, OverflowError),
    *(NotImplementedError, RuntimeError, UnicodeError, struct.error, zlib.error, zipfile.BadZipFile),
    *(pickle.UnpicklingError, InvalidNetworkError),
)


@pytest.mark.parametrize("kind", CORRUPT)
def test_what_a_parser_raises_means_a_damaged_file(kind: type[Exception]) -> None:
    with (
        pytest.raises(CorruptCheckpointError, match=r"^net\.pt \[npz\] at 'w': ") as caught,
        guarded(PATH, "npz", "'w'"),
    ):
        raise kind("a\nb " + "c" * 1000)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("kind", [MemoryError, RecursionError])
def test_what_runs_out_is_a_limit(kind: type[Exception]) -> None:
    with pytest.raises(LimitExceededError), guarded(PATH):
        raise kind


def test_the_operating_system_speaks_for_itself() -> None:
    with pytest.raises(CheckpointError, match="Permission denied"), guarded(PATH):
        raise PermissionError(13, "Permission denied")


def test_errors_that_say_enough_pass() -> None:
    for error in (NoWeightsFoundError(PATH, "nothing"), ParameterError("wrong")):
        with pytest.raises(type(error)) as caught, guarded(Path("other")):
            raise error
        assert caught.value is error
    with pytest.raises(KeyboardInterrupt), guarded(PATH):
        raise KeyboardInterrupt
