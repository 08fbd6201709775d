"""Matab et al. 2024: what the thesis says of degrees and power laws beside what was found."""

from __future__ import annotations

import numpy as np

from topokit.papers.experiment import Scale
from topokit.papers.matab2024.growers import (
    EARLY,
    GUIDED,
    OTHER_DATA,
    RANDOM,
    Rows,
    at_end,
    at_scale,
    largest_in,
    means,
    present,
    run_by_run,
    runs_at,
    told,
)
from topokit.papers.matab2024.untrained import XMIN
from topokit.papers.paper import Tables
from topokit.papers.recipes.degree_distributions import POOLED
from topokit.papers.recipes.power_laws import ALTERNATIVES, FITTED, fixed
from topokit.papers.recipes.run_orders import all_above
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, not_comparable


def judge_spread(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 5: how fast degrees spread, and whether they go on."""
    pooled = tables["spread"][tables["spread"]["layer"] == POOLED]
    start, second, end = (runs_at(pooled, epoch, "deviation") for epoch in (0.0, 2.0, np.inf))
    most = largest_in(pooled, "deviation")
    first, after, last, peak = means(start), means(second), means(end), means(most)
    words = f"deviation at the start {told(start)}; at epoch 2 {told(second)}"
    early = [
        holds(
            "gradient and momentum spread degrees within a few updates",
            "variance increased significantly",
            words,
            all(after[grower] > 2 * first[grower] for grower in present(after, GUIDED)),
            source="section 5.3",
        ),
        holds(
            "random regrowth spreads them slowly",
            "slowly",
            words,
            bool(after[RANDOM] < 1.5 * first[RANDOM]),
            source="section 5.3",
        ),
    ]
    largest = f"largest deviation {told(most)}; at the end {told(end)}"
    late = [
        holds(
            "random regrowth spreads them all along",
            "variance keeps increasing: taken as an end within 5 % of the largest",
            largest,
            bool(last[RANDOM] > 0.95 * peak[RANDOM]),
            source="section 5.3",
        ),
        holds(
            "gradient and momentum widen and narrow them",
            "increase and decrease: taken as an end more than 5 % below the largest",
            largest,
            all(last[grower] < 0.95 * peak[grower] for grower in present(last, GUIDED)),
            source="section 5.3",
            why=OTHER_DATA,
        ),
        not_comparable(
            "shape at the end",
            "towards a power law",
            f"largest degree {told(runs_at(pooled, np.inf, 'largest'), '.0f')}",
            source="section 5.3, Fig. 5",
            why="a shape is no test: see fig7",
        ),
    ]
    return (*early, *at_scale(late, scale))


def judge_distance(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 6: D is the gap drawn."""
    rows = tables["distance"]
    gap = (rows["data"] - rows["model"]).abs()
    return tuple(
        equals(
            f"{row['grower']}, from {row['xmin']:.0f} on: D and the largest gap, at degree {row['degree']}",
            float(row["distance"]),
            float(width),
            tolerance=1e-4,
            source="Eq. 19",
        )
        for (_, row), width in zip(rows.iterrows(), gap, strict=True)
    )


def judge_power_laws(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 7: the parameters' course, and the hypothesis by both rules of the thesis."""
    fits: Rows = tables["fits"]
    pooled = fits[(fits["layer"] == POOLED) & (fits["start"] == fixed(XMIN))]
    if pooled.empty:
        return (_nothing_to_fit(), *at_scale([_hypothesis(fits, FITTED, rule) for rule in (0.95, 0.1)], scale))
    rise = largest_in(pooled[pooled["epoch"] <= EARLY], "p_value")
    words = f"largest p up to epoch {EARLY:.0f}: {told(rise)}"
    early = [
        holds(
            "p of gradient and momentum rises at the beginning",
            "vastly",
            words,
            all(means(rise)[grower] > 0.5 for grower in present(means(rise), GUIDED)),
            source="section 5.3",
            why=OTHER_DATA,
        )
    ]
    late = [
        _settles(pooled),
        *(_in_range(pooled, grower) for grower in pooled["grower"].unique()),
        *(_falls(pooled, column, word) for column, word in (("sigma", "σ"), ("distance", "D"))),
        *(_hypothesis(fits, start, rule) for start in (fixed(XMIN), FITTED) for rule in (0.95, 0.1)),
    ]
    return (*early, *at_scale(late, scale))


def _nothing_to_fit() -> Verdict:
    return not_comparable(
        f"fits from {XMIN} on",
        "Fig. 7",
        "none",
        source="section 5.4: x_min = 110",
        why=f"at no moment do 50 hidden neurons have {XMIN} connections",
    )


def _settles(pooled: Rows) -> Verdict:
    last = float(pooled["epoch"].max())
    before, end = (means(runs_at(pooled, epoch, "alpha")) for epoch in (0.9 * last, np.inf))
    change = (end / before - 1).abs()
    return holds(
        "the fits settle",
        "all parameters stabilise",
        f"change of α in the last tenth of training {told(change, '.1%')}",
        bool((change < 0.05).all()),
        source="section 5.3",
    )


def _in_range(pooled: Rows, grower: str) -> Verdict:
    last = at_end(pooled[pooled["grower"] == grower])["alpha"]
    return lies_within(
        f"α at the end, {grower}, pooled from {XMIN} on",
        (2, 3),
        float(last.mean()),
        spread=float(last.std()),
        source="section 5.3: 2 < α < 3",
    )


def _falls(pooled: Rows, column: str, word: str) -> Verdict:
    first = pooled.groupby(["grower", "seed"], sort=False)[column].first().droplevel("seed")
    last = runs_at(pooled, np.inf, column)
    return all_above(
        f"{word} falls during training",
        "decreases",
        f"first fit {told(first, '.3f')}; end {told(last, '.3f')}",
        run_by_run(first, last),
        source="section 5.3",
        paired=True,
        why="the degrees of the core lie close together; the more neurons it has, the worse a power law fits",
    )


def _hypothesis(fits: Rows, start: str, rule: float) -> Verdict:
    """Whether degrees follow a power law at the end: how many runs the rule does not reject."""
    end = at_end(fits[fits["start"] == start])
    pooled = end[end["layer"] == POOLED]
    stands = pooled[pooled["p_value"] >= rule].groupby("grower").size()
    runs = pooled.groupby("grower", sort=False).size()
    alone = end[end["layer"] != POOLED]
    words = ", ".join(f"{grower} {stands.get(grower, 0)} of {n}" for grower, n in runs.items())
    layers = f"layer by layer {(alone['p_value'] >= rule).sum()} of {len(alone)}"
    return holds(
        f"degrees follow a power law at the end, {start}, rejected if p < {rule:g}",
        "yes, regardless of the regrow strategy",
        f"runs not rejected: {words}; {layers}",
        bool(sum(stands) > 0.8 * sum(runs)),
        source="sections 5.3 and 7" if rule == 0.95 else "section 4.6: the rule; section 7: the claim",
        why=f"α {told(pooled.set_index('grower')['alpha'], '.1f')}: hidden degrees end in two humps, neurons "
        "without inputs and a core; above α = 6 a tail is steeper than any heavy one",
    )


def judge_alternatives(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether any other law is better, where the power law could be fitted."""
    tests: Rows = tables["tests"].dropna(subset=["alpha"])
    found = []
    for name in ALTERNATIVES:
        better = tests[(tests[f"R_{name}"] < 0) & (tests[f"p_{name}"] < 0.1)]
        worse = tests[(tests[f"R_{name}"] > 0) & (tests[f"p_{name}"] < 0.1)]
        found.append(
            not_comparable(
                f"power law against {name.replace('_', ' ')}",
                "future work",
                f"of {len(tests)} tails the other law is better in {len(better)}, the power law in {len(worse)}",
                source="section 8",
                why="not tested in the thesis; p < 0.1 decides, by Vuong's test, for the truncated law by chi squared",
            )
        )
    counts = tests["verdict"].value_counts()
    words = ", ".join(f"{verdict} {number}" for verdict, number in counts.items())
    found.append(not_comparable("verdicts of all tests", "future work", words, source="section 8", why="as above"))
    return at_scale(found, scale)
