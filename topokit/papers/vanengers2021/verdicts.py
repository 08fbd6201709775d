"""What van Engers says of accuracies, laws, contours and maps, beside the tables."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from topokit.analyzers.accuracy_laws.curve import Curve
from topokit.papers.experiment import Scale
from topokit.papers.margins import margin_of_means, margin_of_one_more
from topokit.papers.paper import Tables
from topokit.papers.recipes.accuracy_laws import law_of, sampling_error
from topokit.papers.recipes.input_structure import KEPT, TOLD, WHOLE, structure_ends
from topokit.papers.vanengers2021.training import SHARES
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, mean_equals, not_comparable, reduced

FORMULA = Curve(0.204, 183.0, 0.868)
"""Eq. 1."""

FORMULA_MSE = 0.00013
CONTOUR = 0.96
TEST_IMAGES = 1000
RUN_ERROR = sampling_error(FORMULA.plateau, TEST_IMAGES)
CHECKED = (0.3, 0.6, 0.9, 0.96, 0.97, 0.98, 0.987, 0.99, 0.995, 1.0)

REDUCED = "trained for 200 of 1000 epochs"
_OTHER_RUNS = (
    "the paper's curve rests on one run of each share, with other random numbers, and on a formula that is flat up to "
    "0.96 by its form"
)
_EQ = "Eq. 1, for Table 1 and Fig. 3"


def judge_accuracies(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The formula's value at some shares beside the runs', and what the text says of the curve."""
    runs = tables["runs"]
    if scale == "quick":
        there = [_accuracy(runs, share) for share in CHECKED if (runs["share"] == share).any()]
        return (*reduced([*there, _no_loss(runs), _flat(runs)], REDUCED), _falls(runs))
    return (*(_accuracy(runs, share) for share in CHECKED), _no_loss(runs), _flat(runs), _falls(runs))


def _accuracy(runs: pd.DataFrame, share: float) -> Verdict:
    quantity, expected = f"best test accuracy at ζ = {share:g}", round(float(FORMULA.at(share)), 4)
    found = runs.loc[runs["share"] == share, "accuracy"].to_numpy(float)
    if not len(found):
        return not_comparable(quantity, expected, source=_EQ, why="no run of this share is there")
    # The accuracies themselves scatter about the formula by the root of its mean squared error.
    return mean_equals(quantity, expected, found, source=_EQ, deviation=sqrt(FORMULA_MSE), runs=1, why=_OTHER_RUNS)


def _plateau(runs: pd.DataFrame) -> NDArray[np.float64]:
    """Mean accuracy of each share from 0.1 to 0.9."""
    means = runs.groupby("share")["accuracy"].mean()
    return means[(means.index > 0) & (means.index <= 0.9)].to_numpy(float)


def _no_loss(runs: pd.DataFrame) -> Verdict:
    flat, found = _plateau(runs), runs.loc[runs["share"] == CONTOUR, "accuracy"].to_numpy(float)
    quantity, source = "loss at ζ = 0.96 (inside its 95 % interval for none)", "section 5.2: 'without any decrease'"
    if not len(found) or not len(flat):
        return not_comparable(quantity, "none", source=source, why="no runs at 0.96, or none from 0.1 to 0.9")
    if len(flat) > 2:
        tolerance = margin_of_one_more(float(flat.std(ddof=1)), len(flat), others=len(found))
    else:
        tolerance = margin_of_means((RUN_ERROR, RUN_ERROR), (len(found), len(flat)), (np.inf, np.inf))
    spread = float(found.std(ddof=1)) if len(found) > 1 else np.nan
    loss = round(float(flat.mean() - found.mean()), 4)
    return lies_within(quantity, (-np.inf, round(tolerance, 4)), loss, source=source, spread=spread, why=_OTHER_RUNS)


def _flat(runs: pd.DataFrame) -> Verdict:
    flat = _plateau(runs)
    return lies_within(
        "largest difference of accuracies, ζ from 0.1 to 0.9 (two standard errors of a difference allowed)",
        (0, round(2 * sqrt(2) * RUN_ERROR, 4)),
        round(float(np.ptp(flat)), 4) if len(flat) > 1 else np.nan,
        source="section 5.1: 'practically unaffected'",
        why="the runs differ by more than 1,000 test images leave to chance",
    )


def _falls(runs: pd.DataFrame) -> Verdict:
    means = runs.groupby("share")["accuracy"].mean()
    knee = next((share for share in (0.987, 0.99) if share in means.index), None)
    quantity, source = "accuracy falls faster after ζ = 0.987 than before", "section 5.1: 'decreasing rapidly'"
    if knee is None or 1.0 not in means.index or not len(_plateau(runs)):
        return not_comparable(quantity, "faster", source=source, why="no runs near 0.987, at 1, or from 0.1 to 0.9")
    before, after = float(_plateau(runs).mean() - means[knee]), float(means[knee] - means[1.0])
    ours = f"{before:.3f} lost up to {knee:g}, {after:.3f} from there to 1"
    return holds(quantity, "faster", ours, after > before, source=source)


def judge_equation(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """a, b, plateau and squared error of the law; from the formula's own values they must come back."""
    table = tables["laws"]
    fit, mean = (table[table["plateau_rule"].str.startswith(rule)].iloc[0] for rule in ("fit", "mean"))
    if scale == "exact":
        return tuple(
            equals(
                f"{name}, fitted to the formula's values",
                value,
                round(float(fit[name]), 9),
                source="Eq. 1",
                tolerance=1e-6,
            )
            for name, value in FORMULA._asdict().items()
        )
    theirs = formula_errors()
    numbers = [_parameter(name, (mean if name == "plateau" else fit), theirs[name]) for name in FORMULA._fields]
    freedom = len(SHARES) - 3
    chance = float(scipy.stats.f.ppf(0.95, freedom, freedom))
    numbers.append(
        lies_within(
            "mean squared error about the fitted law (up to what chance makes of 0.00013 in 19 of 20 cases)",
            (0, float(f"{FORMULA_MSE * chance:.2g}")),
            float(f"{fit['mse']:.3g}"),
            source="Eq. 1: MSE 0.013 %",
            why="runs scatter, and the law does not have their shape",
        )
    )
    shape = holds(
        "runs of one share scatter as much as shares about the law",
        "'very high accuracy'",
        f"lack of fit p = {fit['lack_of_fit']:.2g}",
        bool(fit["lack_of_fit"] >= 0.05),
        source="section 5.3",
        why="with several runs of a share the exponential is told from the curve of accuracies",
    )
    shapes = [shape] if np.isfinite(fit["lack_of_fit"]) else []
    return reduced([*numbers, *shapes], REDUCED) if scale == "quick" else (*numbers, *shapes)


def _parameter(name: str, row: pd.Series[float], theirs: float) -> Verdict:
    own = float(row[f"{name}_error"])
    words = f"{name}, the mean up to the contour" if name == "plateau" else name
    return equals(
        words,
        getattr(FORMULA, name),
        float(f"{row[name]:.4g}"),
        source="Eq. 1",
        tolerance=float(f"{2 * sqrt(own**2 + theirs**2):.2g}"),
        spread=own,
        why=_OTHER_RUNS,
    )


def formula_errors() -> dict[str, float]:
    """Standard errors of the paper's parameters: of least squares over its shares with its mean squared error."""
    slopes = FORMULA.slopes(SHARES)
    variance = FORMULA_MSE * len(SHARES) / (len(SHARES) - slopes.shape[1])
    errors = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)) * variance)
    return dict(zip(FORMULA._fields, errors.tolist(), strict=True))


def judge_surface(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Where the squared error is least, and whether the paper's pair lies among those that fit as well."""
    table = tables["surface"]
    least = table.iloc[int(table["mse"].argmin())]
    at_paper = table[np.isclose(table["a"], FORMULA.a) & np.isclose(table["b"], FORMULA.b)]["mse"].iloc[0]
    if scale == "exact":
        return tuple(
            equals(f"{name} of the least error", getattr(FORMULA, name), float(least[name]), source="Eq. 1, Fig. 5")
            for name in ("a", "b")
        )
    law = law_of(tables["runs"], replicates=0)
    limit = 1 + 2 * float(scipy.stats.f.ppf(0.95, 2, law.freedom)) / law.freedom
    found = lies_within(
        "squared error at a = 0.204, b = 183 over the least (up to the limit it lies in the 95 % region)",
        (1, round(limit, 3)),
        round(float(at_paper / law.mse), 3),
        source="Fig. 5",
        why=_OTHER_RUNS,
    )
    return reduced([found], REDUCED) if scale == "quick" else (found,)


def judge_contour(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Where accuracy leaves its plateau, and where the maps lose their structure."""
    fit = tables["laws"].iloc[0]
    if scale == "exact":
        return _formula_contours(float(fit["contour"]))
    found = [_law_contour(row) for _, row in tables["laws"].iterrows()]
    found += [_structure_contour(row) for _, row in structure_ends(tables["structure"]).iterrows()]
    return reduced(found, REDUCED) if scale == "quick" else tuple(found)


def _formula_contours(contour: float) -> tuple[Verdict, ...]:
    lost = FORMULA.plateau - float(FORMULA.at(CONTOUR))
    words = "where Eq. 1 lies two standard errors of 1,000 test images below its plateau"
    why = f"at ζ = 0.96 Eq. 1 has lost {lost:.5f}, a hundredth of a standard error: 0.96 is not in the formula"
    return (
        equals(words, CONTOUR, round(contour, 4), source="section 5.2", tolerance=0.005, why=why),
        equals(f"{words}, beside the text", 0.987, round(contour, 4), source="section 5.1", tolerance=0.001),
    )


def _law_contour(row: pd.Series[float]) -> Verdict:
    quantity = f"contour of the fitted law (plateau {row['plateau_rule']}, run error {row['error_rule']})"
    if row["reason"] and isinstance(row["reason"], str):
        return not_comparable(quantity, CONTOUR, source="section 5.2", why=str(row["reason"]))
    ends = (float(row["contour_low"]), float(row["contour_high"]))
    return holds(
        quantity,
        f"{CONTOUR:g}",
        f"{row['contour']:.4f} ({ends[0]:.4f} to {ends[1]:.4f})",
        ends[0] <= CONTOUR <= ends[1],
        source="section 5.2",
        why="0.96 was read off a figure; it lies outside the 95 % interval of the computed contour",
    )


def _structure_contour(row: pd.Series[float]) -> Verdict:
    last, first = float(row["last_told"]), float(row["first_untold"])
    return equals(
        f"largest ζ up to which the map of {row['value']} ({row['network']}) is told from chance",
        CONTOUR,
        last,
        source="section 5.2: structure ceases at 0.96",
        tolerance=0.01,
        why=f"Moran's I {'is told at all shares' if np.isnan(first) else f'is first not told at {first:g}'}: the eye "
        "sees less, or more, than a test does",
    )


def judge_maps(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether the maps show the images at low shares, and whether anything of it is left at 0.96."""
    table = tables["structure"]
    counts = table[table["value"] == "connections"]
    seen = [_seen(counts, share) for share in (0.2, 0.4, 0.6)]
    found = [_ceased(counts[counts["network"] == network], network) for network in (KEPT, WHOLE)]
    found.append(_fades(counts[counts["network"] == KEPT]))
    found.append(_concentrates(table[(table["value"] == "weight") & (table["network"] == KEPT)]))
    return (*seen, *(reduced(found, REDUCED) if scale == "quick" else found))


def _seen(counts: pd.DataFrame, share: float) -> Verdict:
    rows = counts[(counts["share"] == share) & (counts["network"] == KEPT)]
    quantity, source = f"connections lie where the images vary, ζ = {share:g}", "section 5.2"
    if rows.empty:
        return not_comparable(quantity, "structure", source=source, why="no run of this share is there")
    row = rows.mean(numeric_only=True)
    ours = f"Moran's z = {row['moran_z']:.1f}, correlation with the pixels' variance {row['correlation']:.2f}"
    return holds(quantity, "structure", ours, bool(row["moran_p"] < TOLD and row["correlation"] > 0), source=source)


def _ceased(counts: pd.DataFrame, network: str) -> Verdict:
    rows = counts[counts["share"] == CONTOUR]
    quantity, source = f"structure at ζ = 0.96, {network}", "section 5.2: 'all visual correspondence has ceased'"
    if rows.empty:
        return not_comparable(quantity, "none", source=source, why="no run of this share is there")
    row = rows.mean(numeric_only=True)
    per_pixel = row["mean"]
    ours = f"Moran's z = {row['moran_z']:.1f}, p = {row['moran_p']:.2g}, {per_pixel:.2g} edges per pixel"
    why = f"with {per_pixel:.2g} edges per pixel a map is grainy to the eye, and still not by chance"
    return holds(quantity, "none", ours, bool(row["moran_p"] >= TOLD), source=source, why=why)


def _fades(counts: pd.DataFrame) -> Verdict:
    means = counts.groupby("share")["moran"].mean().dropna()
    means = means[(means.index >= 0.2) & (means.index <= CONTOUR)]
    rank = scipy.stats.spearmanr(means.index, means).statistic if len(means) > 2 else np.nan
    ours = ", ".join(f"{value:.2f} at {share:g}" for share, value in _some(means))
    return holds("Moran's I of the kept edges falls with ζ", "fades", ours, bool(rank < 0), source="section 5.2")


def _concentrates(weights: pd.DataFrame) -> Verdict:
    means = weights.groupby("share")["richest"].mean().dropna()
    means = means[(means.index >= 0.2) & (means.index <= CONTOUR)]
    ours = ", ".join(f"{value:.2f} at {share:g}" for share, value in _some(means))
    truth = len(means) > 1 and bool(means.iloc[-1] > means.iloc[0])
    words = "share of all summed weight at the tenth of the pixels with most, by ζ"
    return holds(words, "few large, most small as ζ grows", ours, truth, source="section 5.2")


def _some(means: pd.Series[float]) -> Sequence[tuple[float, float]]:
    places = np.unique(np.linspace(0, max(len(means) - 1, 0), 5).round().astype(int)).tolist()
    return [(float(means.index[place]), float(means.iloc[place])) for place in places[: len(means)]]
