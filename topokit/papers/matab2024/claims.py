"""What the thesis of Matab says about its tables of accuracies, held against the tables themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from topokit import plots
from topokit.papers.experiment import Scale
from topokit.papers.matab2024.cells import LABELS
from topokit.papers.matab2024.numbers import DATASETS, RUNS, published_accuracies
from topokit.papers.paper import Figures, Tables
from topokit.papers.verdicts import Verdict, holds
from topokit.papers.workplace import Workplace

SAYS = (
    "Section 7: sparse MLPs perform similarly to or even outperform their dense counterparts on all data sets, "
    "regardless of the regrowth, at 95 % sparsity; differences between regrowth strategies are minor; random regrowth "
    "generally leads to better performance in most cases. Appendix E: no significant difference where the regrowth is "
    "switched."
)
REMARKS = (
    "Section 7 compares 'Table 3 and Table 1', which are the growers: Table 4 is meant.",
    "'Similar' is taken as: no more than two standard errors below, from the deviations and five runs printed.",
)

_MINOR = 2.0


def measure_printed(place: Workplace) -> Tables:
    """All printed numbers: table "published"."""
    return {"published": published_accuracies()}


def draw_printed(tables: Tables) -> Figures:
    """What the MLP gains or loses at 95 % sparsity."""
    mlp = tables["published"][tables["published"]["model"] == "mlp"]
    dense = mlp[mlp["table"] == 3].set_index("dataset")["mean"]
    sparse = mlp[mlp["table"] == 4]
    gain = sparse["mean"] - sparse["dataset"].map(dense)
    frame = sparse.assign(gain=gain, dataset=sparse["dataset"].map(LABELS))
    return {"mlp": plots.bar_grid(frame, x="dataset", y="gain", by="growth", y_label="MLP, sparse − dense (points)")}


def judge_claims(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Each statement by the printed numbers alone."""
    rows = tables["published"]
    sparse = rows[rows["table"] == 4]
    return (*_sparse_against_dense(rows), _random_is_best(sparse), *_minor(sparse), *_switching(rows))


def _sparse_against_dense(rows: pd.DataFrame) -> Iterator[Verdict]:
    mlp = rows[rows["model"] == "mlp"]
    for dataset in DATASETS:
        of = mlp[mlp["dataset"] == dataset]
        dense = of[of["table"] == 3].iloc[0]
        sparse = of[of["table"] == 4]
        errors = ((sparse["deviation"] ** 2 + dense["deviation"] ** 2) / RUNS) ** 0.5
        gaps = list(zip(sparse["growth"], sparse["mean"] - dense["mean"], errors, strict=True))
        yield holds(
            f"95 % sparse MLP against the dense one, {LABELS[dataset]}",
            "similar or better, whatever the regrowth",
            ", ".join(f"{growth} {gap:+.2f}" for growth, gap, _ in gaps) + f" points from {dense['mean']:g} %",
            all(gap >= -2 * error for _, gap, error in gaps),
            source="section 7, by Tables 3 and 4",
            why="by the thesis's own tables it is worse there, by many standard errors: "
            + ", ".join(f"{growth} {gap / error:+.1f}" for growth, gap, error in gaps),
        )


def _random_is_best(sparse: pd.DataFrame) -> Verdict:
    best = sparse.loc[sparse.groupby(["model", "dataset"])["mean"].idxmax(), "growth"]
    wins = int((best == "random").sum())
    return holds(
        "random regrowth has the largest mean",
        "in most cases",
        f"in {wins} of {len(best)} pairs of model and data set",
        wins > len(best) / 2,
        source="section 7, by Table 4",
    )


def _minor(sparse: pd.DataFrame) -> Iterator[Verdict]:
    means = sparse.groupby(["model", "dataset"], sort=False)["mean"]
    gaps = (means.max() - means.min()).rename("gap").reset_index()
    for model, part in gaps.groupby("model", sort=False):
        worst = part.sort_values("gap").iloc[-1]
        yield holds(
            f"differences between regrowth strategies, {LABELS[str(model)]}",
            f"minor: taken as no more than {_MINOR:g} points",
            f"{part['gap'].min():.2f} to {worst['gap']:.2f} points, the largest on {LABELS[worst['dataset']]}",
            bool(worst["gap"] <= _MINOR),
            source="section 7, by Table 4",
            why="the gap is largest where the printed deviations are large: some runs went wrong there",
        )


def _switching(rows: pd.DataFrame) -> Iterator[Verdict]:
    """Each switched run against the regrowth it began with, all through, by Welch's t with the fewest degrees."""
    from scipy.stats import t as student

    switched = rows[rows["table"] == 8].assign(first=lambda row: row["growth"].str.split("-").str[0])
    pure = rows[rows["table"] == 4].rename(columns={"growth": "first"})
    pairs = switched.merge(pure, on=["model", "dataset", "first"], suffixes=("", "_pure"))
    error = ((pairs["deviation"] ** 2 + pairs["deviation_pure"] ** 2) / RUNS) ** 0.5
    for model, part in pairs.assign(t=((pairs["mean"] - pairs["mean_pure"]) / error).abs()).groupby(
        "model", sort=False
    ):
        single, joint = (float(student.ppf(1 - 0.025 / tests, RUNS - 1)) for tests in (1, len(part)))
        yield holds(
            f"switching the regrowth after half of training, {LABELS[str(model)]}",
            "no significant difference to the first one throughout",
            f"|t| is {part['t'].max():.1f} at most; {(part['t'] > single).sum()} of {len(part)} above {single:.1f}",
            bool(part["t"].max() <= joint),
            source="appendix E, by Tables 4 and 8",
            why=f"above {joint:.1f}, which chance exceeds in one of twenty such tables",
        )
