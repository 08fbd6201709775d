"""Checkpoints with a step or an epoch in their names, as a series."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

from topokit.dag import LayeredDAG, Moment, Series
from topokit.errors import CheckpointError, UnsupportedFeatureError
from topokit.loaders.assembly.options import LoadOptions, split_options
from topokit.loaders.load import load
from topokit.loaders.naming import natural_key
from topokit.loaders.opening import check_no_recording, is_checkpoint

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Number = tuple[str, float]

_EPOCH_WORDS = ("epoch", "epochs", "ep")
_STEP_WORDS = ("step", "steps", "iter", "iters", "iteration", "it", "update")
_RUN_WORDS = ("seed", "seeds", "run", "fold", "trial", "replica", "rank")
# Epochs may have fractions; the minus of a number stands behind another separator, as in step_-1.
_NUMBER = re.compile(
    r"(?P<epoch>epochs?|ep)(?P<gap>[_\-=. ]*)(?P<part>[0-9]{1,18}(?:\.[0-9]{1,18})?)"
    r"|(?P<word>[a-z]*)(?P<before>[_\-=. ]*)(?P<whole>[0-9]{1,18})",
    re.IGNORECASE,
)
_PART = re.compile(r"-[0-9]{5}-of-[0-9]{5}\b")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]*$")


def load_series(paths: Paths, **options: Unpack[LoadOptions]) -> Series:
    """Checkpoints of one network over time, each read when it is asked for.

    Parameters
    ----------
    paths : str, path, or iterable of them
        A pattern such as ``"ckpts/epoch_*.pt"``, a folder of checkpoints (other files in it are left out), or the
        checkpoints themselves.
    **options
        Those of `load`, for each checkpoint.

    Returns
    -------
    Series
        In order of time. The time of each is the number in its name that changes from one to the next: an
        epoch after a word like ``epoch``, a step otherwise.

    Raises
    ------
    CheckpointError
        Nothing matches, or the names do not tell the time of each.
    UnsupportedFeatureError
        The folder is one checkpoint, or a recording.

    Examples
    --------
    >>> import topokit as tk
    >>> run = tk.load_series("ckpts/epoch_*.pt")  # doctest: +SKIP
    >>> run.at(epoch=10)  # doctest: +SKIP
    """
    split_options(options)
    found = _found(paths)
    parent = Path(os.path.commonpath([path.parent for path in found]))
    timed = sorted(zip(_moments(found, parent), found, strict=True), key=lambda pair: _time(pair[0]))

    moments, ordered = zip(*timed, strict=True)
    return Series(moments, partial(_read, ordered, options), name=parent.name)


def _read(paths: tuple[Path, ...], options: LoadOptions, k: int) -> LayeredDAG:
    return load(paths[k], **options)


def _found(paths: Paths) -> list[Path]:
    if not isinstance(paths, (str, os.PathLike)):
        found = [Path(path) for path in paths]
        missing = [path for path in found if not path.exists()]
        if missing:
            raise CheckpointError(missing[0], "there is no such file or folder", remedy="check the path")
    elif Path(paths).is_dir():
        found = _in_folder(Path(paths))
    elif Path(paths).exists():
        found = [Path(paths)]
    else:
        whole = Path(paths)
        found = list(Path(whole.anchor or ".").glob(str(whole.relative_to(whole.anchor))))
    if not found:
        shown = paths if isinstance(paths, (str, os.PathLike)) else "the list"
        raise CheckpointError(shown, "no checkpoint matches", remedy="check the pattern")
    return sorted(found, key=lambda path: natural_key(str(path)))


def _in_folder(folder: Path) -> list[Path]:
    check_no_recording(folder)
    if is_checkpoint(folder):
        problem = "is one checkpoint in several files, not a series"
        raise UnsupportedFeatureError(folder, problem, remedy="read it with tk.load, or give a pattern of its files")
    return [path for path in folder.iterdir() if not path.name.startswith(".") and is_checkpoint(path)]


def _moments(paths: Sequence[Path], parent: Path) -> list[Moment]:
    numbers = _comparable([_numbers(path, parent) for path in paths], paths)
    columns = list(zip(*numbers, strict=True))
    changing = [column for column in columns if len({number for _, number in column}) > 1 or len(paths) == 1]
    _check_one_run(changing, paths)
    epochs = next((column for column in changing if column[0][0] in _EPOCH_WORDS), None)
    steps = next((column for column in changing if column[0][0] in _STEP_WORDS), None)
    if epochs is None and steps is None and len(changing) == 1:
        steps = changing[0]
    if epochs is None and steps is None and len(paths) > 1:
        raise _timeless(paths, f"{len(changing)} numbers in their names change and none is called step or epoch")
    moments = [
        Moment(step=int(steps[k][1]) if steps else None, epoch=float(epochs[k][1]) if epochs else None, label=label)
        for k, label in enumerate(["" if epochs or steps else path.stem for path in paths])
    ]
    _check_different(moments, paths)
    return moments


def _numbers(path: Path, parent: Path) -> tuple[Number, ...]:
    text = str(path.relative_to(parent))
    text = text if path.is_dir() else _SUFFIX.sub("", text)
    return tuple(_number(match) for match in _NUMBER.finditer(text))


def _number(match: re.Match[str]) -> Number:
    word, gap = match["epoch"] or match["word"], match["gap"] or match["before"] or ""
    number = float(match["part"]) if match["part"] else int(match["whole"])
    return word.lower(), -number if len(gap) > 1 and gap.endswith("-") else number


def _check_one_run(changing: Sequence[Sequence[Number]], paths: Sequence[Path]) -> None:
    """Raise `CheckpointError` for the same times of several runs, and for the parts of one checkpoint."""
    runs = [column[0][0] for column in changing if column[0][0] in _RUN_WORDS]
    if runs and len(paths) > 1:
        raise _timeless(paths, f"the number after {runs[0]!r} changes, so they are of several runs")
    if len(paths) > 1 and all(_PART.search(path.name) for path in paths):
        raise _timeless(paths, "they are the parts of one checkpoint, which tk.load reads by its folder or index")


def _comparable(numbers: list[tuple[Number, ...]], paths: Sequence[Path]) -> list[tuple[Number, ...]]:
    """The numbers that all names have; where the names are built differently, only steps and epochs count."""
    if _words(numbers) > 1:
        numbers = [tuple(n for n in found if n[0] in (*_EPOCH_WORDS, *_STEP_WORDS)) for found in numbers]
    if _words(numbers) > 1:
        raise _timeless(paths, "their names are built differently")
    return numbers


def _words(numbers: Sequence[tuple[Number, ...]]) -> int:
    return len({tuple(word for word, _ in found) for found in numbers})


def _check_different(moments: Sequence[Moment], paths: Sequence[Path]) -> None:
    seen: dict[tuple[float, float], Path] = {}
    for moment, path in zip(moments, paths, strict=True):
        other = seen.setdefault(_time(moment), path)
        if other is not path:
            raise _timeless([other, path], "both are of the same time")


def _time(moment: Moment) -> tuple[float, float]:
    """Sort key: by step where there is one, then by epoch."""
    return (-1 if moment.step is None else moment.step, -1 if moment.epoch is None else moment.epoch)


def _timeless(paths: Sequence[Path], reason: str) -> CheckpointError:
    shown = " and ".join(repr(path.name) for path in (paths[0], paths[-1]))
    return CheckpointError(
        paths[0].parent,
        f"the time of {len(paths)} checkpoints such as {shown} is not clear: {reason}",
        remedy="name them like step_100 or epoch_3, or give those of one run",
    )
