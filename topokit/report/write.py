"""`report`: from runs to a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from topokit.dag import LayeredDAG, Series, as_series
from topokit.errors import ParameterError
from topokit.outputs import whole_file
from topokit.recording import open_recording
from topokit.report.findings import Options, find
from topokit.report.page import page

Run = Series | LayeredDAG | str | os.PathLike[str]

MOST_LETTERS = 28


def report(
    runs: Run | Iterable[Run],
    path: str | os.PathLike[str],
    *,
    title: str = "topokit report",
    replicates: int = 100,
    threshold: int = 10,
    frames: int = 60,
    rng: int = 0,
) -> Path:
    """Write the facts, figures and tables of one or several runs as one HTML file that needs no network.

    Parameters
    ----------
    runs : Recording, Series, LayeredDAG, path of a run folder, or several of these
        What to report on, in that order.
    path : path
        The file to write; it appears whole or not at all.
    title : str
        Heading of the page.
    replicates : int
        Bootstrap replicates of each power-law test; 0 for fits without a test.
    threshold : int
        Degree below which a neuron counts as dormant.
    frames : int
        Most networks of a run that are analysed, evenly spread over it; the first and the last are among them.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        No run was given.
    RecordingError
        A folder that is no readable recording.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    opened = [_opened(run) for run in _listed(runs)]
    if not opened:
        raise ParameterError("no run was given: name at least one recording")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        options = Options(frames=frames, replicates=replicates, threshold=threshold, rng=rng, executor=pool)
        findings = find(list(zip(labels(opened), opened, strict=True)), options)
    text = page(findings, title=title)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def labels(runs: Iterable[Series]) -> list[str]:
    """A short name for each run, each different: long ones lose their middle, repeated ones get a number."""
    found: list[str] = []
    for position, run in enumerate(runs, start=1):
        name = _short(run.name or f"run {position}")
        found.append(name if name not in found else f"{name} ({1 + sum(_same(name, other) for other in found)})")
    return found


def _same(name: str, other: str) -> bool:
    return other == name or other.startswith(f"{name} (")


def _short(name: str) -> str:
    half = (MOST_LETTERS - 1) // 2
    return name if len(name) <= MOST_LETTERS else f"{name[:half]}…{name[-half:]}"


def _listed(runs: Run | Iterable[Run]) -> list[Run]:
    if isinstance(runs, Series | LayeredDAG | str | os.PathLike):
        return [runs]
    return list(runs)


def _opened(run: Run) -> Series:
    return open_recording(run) if isinstance(run, str | os.PathLike) else as_series(run)
