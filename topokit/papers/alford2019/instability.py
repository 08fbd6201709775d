"""Fig. 8 of Alford et al.: runs on one wiring that get stuck, and what explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from topokit.papers.alford2019.numbers import (
    FIRST_LAST,
    PERCENT,
    SHORT,
    STUCK,
    TRAINED,
)
from topokit.papers.alford2019.training import (
    PLAIN_5,
    PRUNED_5,
    RETRAINED_5,
)
from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Published, Tables
from topokit.papers.recipes.retrained_accuracies import (
    draw_instability,
    measure_instability,
    missing_classes,
)
from topokit.papers.verdicts import Verdict, holds, reduced

RECTIFIED, PLAIN = "rectified", "plain"


def judge_instability(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """How many runs get stuck, and which of three explanations holds: sparsity, dead wiring, rectified scores."""
    ends = tables["ends"]
    by_kind = {str(kind): part for kind, part in ends.groupby("scores", sort=False)}
    main = by_kind.get(RECTIFIED, ends)
    stuck = (main["accuracy"] < STUCK).groupby(main["sparsity"]).mean()
    told = ", ".join(f"{100 * share:.0f} % of runs at {s:g} %" for s, share in stuck.items())
    spread = main.groupby("sparsity")["accuracy"].agg(lambda values: values.max() - values.min())
    verdicts = [
        holds(
            "runs on one wiring that differ in their first weights alone",
            "get stuck at different levels, at 75 % sparsity too",
            f"below {STUCK:g} % in the end: {told}; largest gap {spread.max():.1f} points",
            bool((main["accuracy"] < STUCK).any() and spread.max() > 5),
            source="Fig. 8, section III",
            why="with few steps all networks are still below; or the rate and first weights here lose no class",
        ),
        *_dead_wiring(tables, main),
    ]
    if set(by_kind) >= {RECTIFIED, PLAIN}:
        verdicts.append(_rectified(by_kind))
    return reduced(verdicts, SHORT) if scale == "quick" else tuple(verdicts)


def _rectified(by_kind: dict[str, pd.DataFrame]) -> Verdict:
    lost = {kind: (int((part["accuracy"] < STUCK).sum()), len(part)) for kind, part in by_kind.items()}
    (stuck, n), (plain, m) = lost[RECTIFIED], lost[PLAIN]
    counts = np.array([[stuck, n - stuck], [plain, m - plain]])
    chance = float(scipy.stats.fisher_exact(counts, alternative="greater").pvalue)
    return holds(
        "what makes them stuck",
        "sparse networks hinder stochastic gradient descent",
        f"with rectified class scores, as in the code, {stuck} of {n} runs; on the same "
        f"wirings from the same first weights without it {plain} of {m} (Fisher's p = {chance:.2g})",
        chance >= 0.05,
        source="section III",
        why="networks that do not rectify their class scores get stuck less on the same wirings: it is the output "
        "layer that hinders, more than the sparsity",
    )


def _dead_wiring(tables: Tables, ends: pd.DataFrame) -> Iterator[Verdict]:
    wirings = tables["wirings"]
    if not len(wirings):
        return
    total = wirings[wirings["block"] == "total"].groupby("sparsity")[["edges", "dead", "cut_outputs"]].mean()
    lost = ends.groupby("sparsity")["missing"].mean()
    told = [
        f"{s:g} %: {100 * row['dead'] / row['edges']:.1f} % dead, {row['cut_outputs']:.0f} classes cut off, "
        f"{lost.get(s, np.nan):.1f} lost"
        for s, row in total.iterrows()
    ]
    yield holds(
        "whether the wiring itself cuts classes off (edges on no path, classes that no input reaches)",
        "pruning the first convolution may be limiting",
        "; ".join(told),
        bool((total["cut_outputs"] > 0).any()),
        source="section III",
        why="every class is reached from the input in all of these wirings, so they do not explain lost classes",
    )


_LINE = re.compile(r"Model at step (\d+): acc = ([0-9.]+)")
_LOGS = "lenet5_ir0.*_test"


def has_logs(folder: Path) -> bool:
    """Whether a folder holds the logs of the authors' repository."""
    return any(folder.rglob(_LOGS))


def measure_logs(folder: Path) -> Tables:
    """The tables of `measure_instability` from the authors' logs, without wirings, for there are none."""
    curves, ends = [], []
    for path in sorted(folder.rglob(_LOGS)):
        sparsity = round(100 * float(path.name.removeprefix("lenet5_ir").removesuffix("_test")), 6)
        points = [(int(step), 100 * float(value)) for step, value in _LINE.findall(path.read_text(encoding="utf-8"))]
        curves += [("authors", sparsity, 0, step, round(value, 4)) for step, value in points]
        if points:
            last, best = points[-1][1], max(value for _, value in points)
            ends.append(("authors", sparsity, 0, round(last, 4), round(best, 4), missing_classes(last / 100)))
    columns = ["scores", "sparsity", "seed"]
    return {
        "curves": pd.DataFrame(curves, columns=[*columns, "step", "accuracy"]),
        "ends": pd.DataFrame(ends, columns=[*columns, "accuracy", "best", "missing"]),
        "wirings": pd.DataFrame(columns=["sparsity", "block", "edges", "dead", "cut_outputs"]),
    }


ITEMS = [
    Item(
        name="fig8",
        title="Instability of LeNet-5 on pruned structures",
        says="LeNet-5 on pruned structures of 75, 90, 95 and 99 % sparsity: runs that differ in their first weights "
        "alone get stuck at different levels of test accuracy. Higher rates help, the cause is unknown.",
        measure=partial(
            measure_instability,
            retrained={RECTIFIED: RETRAINED_5, PLAIN: PLAIN_5},
            pruned=PRUNED_5,
            method="gradual",
        ),
        draw=draw_instability,
        judge=judge_instability,
        scales={
            "quick": "few steps and images, two seeds on structures of 75 and 95 %",
            "paper": "15,000 steps, five seeds on each structure, with rectified class scores and without",
        },
        experiments=[PRUNED_5, RETRAINED_5, PLAIN_5],
        published=Published(
            what="the authors' logs: a clone of simonalford42/Kepner-sparse-nn (pruning/simon/aug22/lenet5_ir0.*_test)",
            holds=has_logs,
            measure=measure_logs,
        ),
        remarks=[PERCENT, *TRAINED, FIRST_LAST],
    ),
]
