"""Recordings of the size that Matab et al. (2024) analysed, and the analyses of one, for worker processes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.recording import RecordingWriter

WIDTHS = (3072, 1024, 512, 10)
EDGES = (129_918, 48_719, 5_120)
RUNS, SNAPSHOTS = 25, 159

Appeal = tuple[NDArray[np.float64], NDArray[np.float64]]

ANALYSES: dict[str, Callable[[tk.Series], Any]] = {
    "degrees": tk.degrees,
    "shells": tk.kshell,
    "power laws": lambda run: tk.power_law(run, replicates=0),
    "ranks": tk.rank_evolution,
}


def write_run(folder: Path, seed: int, snapshots: int) -> None:
    """Record a chain of `WIDTHS` that moves a tenth of its edges to appealing neurons each time, weights left out."""
    rng = np.random.default_rng(seed)
    masks = [_random_mask(shape, edges, rng) for shape, edges in zip(pairwise(WIDTHS), EDGES, strict=True)]
    appeals = [(_appeal(rows, rng), _appeal(columns, rng)) for rows, columns in pairwise(WIDTHS)]
    writer = RecordingWriter(folder, {"method": "set", "seeds": {"training": seed}})
    for t in range(snapshots):
        writer.write_frame(LayeredDAG.from_adjacencies(masks), step=100 * t, epoch=t, weights=False)
        for mask, appeal in zip(masks[:-1], appeals, strict=False):
            _move(mask, appeal, rng)


def analyse(folder: Path) -> dict[str, float]:
    """Processor seconds that each of `ANALYSES` takes for a recording on disk, opening it included.

    A process loads compiled code when it first needs it, so two networks go before, as "start".
    """
    seconds = {"start": _seconds(lambda: [analysis(tk.open_recording(folder)[:2]) for analysis in ANALYSES.values()])}
    for name, analysis in ANALYSES.items():
        seconds[name] = _seconds(lambda analysis=analysis: analysis(tk.open_recording(folder)))
    return seconds


def _seconds(work: Callable[[], Any]) -> float:
    start = process_time()
    work()
    return process_time() - start


def _random_mask(shape: tuple[int, int], edges: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask.flat[rng.choice(mask.size, edges, replace=False)] = True
    return mask


def _appeal(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    appeal = rng.lognormal(0, 0.6, size)
    return appeal / appeal.sum()


def _move(mask: NDArray[np.bool_], appeal: Appeal, rng: np.random.Generator) -> None:
    edges = np.flatnonzero(mask)
    mask.flat[rng.choice(edges, len(edges) // 10, replace=False)] = False
    while missing := len(edges) - np.count_nonzero(mask):
        mask[tuple(rng.choice(len(chance), missing, p=chance) for chance in appeal)] = True
