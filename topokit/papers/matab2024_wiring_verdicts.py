"""Matab et al. 2024: what the thesis says of the evolution of the wiring beside what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from topokit.papers.experiment import Scale
from topokit.papers.matab2024_untrained import XMIN
from topokit.papers.paper import Tables
from topokit.papers.recipes.degree_distributions import POOLED
from topokit.papers.recipes.dormant_neurons import below_altogether
from topokit.papers.recipes.power_laws import ALTERNATIVES, FITTED, fixed
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, not_comparable, reduced

Rows = Any
"""A table or a column of one."""

RANDOM, GUIDED = "random", ("gradient", "momentum")
SHORT = "20 of 300 epochs: what the thesis says of the end of training cannot be told from them"

_EARLY = 30.0
_NEARLY_ALL = 0.9
_FIG9 = "section 5.4, Fig. 9"
_DATA = "another data set than the thesis's, or fewer seeds, may be the reason"


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
            "variance keeps increasing",
            largest,
            bool(last[RANDOM] > 0.95 * peak[RANDOM]),
            source="section 5.3",
        ),
        holds(
            "gradient and momentum widen and narrow them",
            "increase and decrease",
            largest,
            all(last[grower] < 0.95 * peak[grower] for grower in present(last, GUIDED)),
            source="section 5.3",
            why=_DATA,
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
    rise = largest_in(pooled[pooled["epoch"] <= _EARLY], "p_value")
    words = f"largest p up to epoch {_EARLY:.0f}: {told(rise)}"
    early = [
        holds(
            "p of gradient and momentum rises at the beginning",
            "vastly",
            words,
            all(means(rise)[grower] > 0.5 for grower in present(means(rise), GUIDED)),
            source="section 5.3",
            why=_DATA,
        )
    ]
    late = [
        _settles(pooled),
        *(_in_range(pooled, grower) for grower in pooled["grower"].unique()),
        *(_falls(pooled, column, word) for column, word in (("sigma", "σ"), ("distance", "D"))),
        *(_hypothesis(fits, start, rule) for start in (fixed(XMIN), FITTED) for rule in (0.95, 0.1)),
    ]
    return (*early, *at_scale(late, scale))


def _in_range(pooled: Rows, grower: str) -> Verdict:
    last = at_end(pooled[pooled["grower"] == grower])["alpha"]
    return lies_within(
        f"α at the end, {grower}, pooled from {XMIN} on",
        (2, 3),
        float(last.mean()),
        spread=float(last.std()),
        source="section 5.3: 2 < α < 3",
    )


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


def _falls(pooled: Rows, column: str, word: str) -> Verdict:
    first = pooled.groupby(["grower", "seed"], sort=False)[column].first().droplevel("seed")
    last = runs_at(pooled, np.inf, column)
    return holds(
        f"{word} falls during training",
        "decreases",
        f"first fit {told(first, '.3f')}; end {told(last, '.3f')}",
        bool((means(last) < means(first)).all()),
        source="section 5.3",
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


def judge_heatmaps(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 8: evenness and symmetry of the input's connections at the end."""
    spread: Rows = tables["spread"]
    richest, mirrored = (runs_at(spread, np.inf, column) for column in ("richest", "mirrored"))
    rich, mirror = means(richest), means(mirrored)
    late = [
        holds(
            "random regrowth spreads the connections more evenly",
            "spread over the image; gradient and momentum concentrate",
            f"share of the richest tenth of the pixels {told(richest)}",
            all(rich[grower] > rich[RANDOM] for grower in present(rich, GUIDED)),
            source="section 5.3",
            why=_DATA,
        ),
        holds(
            "random regrowth gives the more symmetric image",
            "'much more symmetric'",
            f"correlation with the mirror image {told(mirrored)}",
            all(mirror[grower] < mirror[RANDOM] for grower in present(mirror, GUIDED)),
            source="section 5.3",
            why=f"growth at random leaves noise from pixel to pixel, which this correlation counts; {_DATA}",
        ),
    ]
    return at_scale(late, scale)


def judge_hop(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 19: nothing is said of it in words."""
    richest = runs_at(tables["spread"], np.inf, "richest")
    return (
        not_comparable(
            "share of the paths that starts at the richest tenth of the pixels, at the end",
            "not told in words",
            told(richest),
            source="Fig. 19",
            why="the thesis shows the image without its definition and says nothing of it",
        ),
    )


def judge_dormant(tables: Tables, scale: Scale, *, threshold: int) -> tuple[Verdict, ...]:
    """Fig. 9: who makes neurons dormant sooner, who makes more, and whether it ends."""
    table = below_altogether(tables["dormant"])
    table = table.assign(share=table["below"] / table["size"])
    last, soon = float(table["epoch"].max()), min(_EARLY, float(table["epoch"].max()))
    first = float(table[table["epoch"] == 0]["share"].mean())
    sooner, before, end = (runs_at(table, epoch, "share") for epoch in (soon, 0.9 * last, np.inf))
    begin = means(sooner)
    rising = [
        holds(
            "gradient and momentum make neurons dormant sooner",
            "more aggressive",
            f"share below {threshold}: {first:.1%} at the start; at epoch {soon:.0f} {told(sooner, '.1%')}",
            all(begin[grower] > begin[RANDOM] for grower in present(begin, GUIDED)),
            source=_FIG9,
            why=_DATA,
        ),
        holds(
            "their number rises",
            "increase of dormant neurons",
            f"{first:.1%} at the start, {told(end, '.1%')} at the end",
            bool((means(end) > first).all()),
            source=_FIG9,
            why=_DATA,
        ),
    ]
    if first > _NEARLY_ALL:
        rising = list(
            reduced(rising, f"on this data set every neuron starts below {threshold}, and hubs rise above it")
        )
    settled = holds(
        "the number stabilises",
        "whatever the regrowth",
        f"share at nine tenths of training {told(before, '.1%')}, at the end {told(end, '.1%')}",
        bool(((means(end) - means(before)).abs() < 0.02).all()),
        source=_FIG9,
        why=_DATA,
    )
    most = not_comparable(
        "who makes more of them in the end",
        "gradient and momentum 'are more aggressive'",
        f"{told(end, '.1%')} of the hidden neurons",
        source=_FIG9,
        why="the text compares how soon, not how many",
    )
    return (rising[0], *at_scale([rising[1], settled, most], scale))


def judge_shells(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 12: lowest shells, the core, and who has the denser one."""
    shells: Rows = tables["shells"]
    highest = largest_in(shells, "shell")
    k_max = means(highest)
    lowest = shells.groupby(["layer", "grower"], sort=False)["shell"].min()
    core, crust = _core_and_crust(shells)
    isolated = {layer: _in_shell(shells, layer, least) for layer, least in (("hidden1", 0), ("hidden2", 10))}
    late = [
        *(
            holds(
                f"lowest shell of {layer}",
                f"{least}: isolated",
                f"lowest {told(lowest[layer], '.0f')}; there {told(isolated[layer], '.0f')} neurons",
                bool((lowest[layer] == least).all()),
                source="Fig. 12",
                why="not every grower isolates neurons of this layer within the training",
            )
            for layer, least in (("hidden1", 0), ("hidden2", 10))
        ),
        holds(
            "neurons gather in the core",
            "an accumulation at the end of every distribution",
            f"neurons in the core {told(core, '.0f')}; in the fullest shell between {told(crust, '.0f')}",
            bool((means(core) > means(crust)).all()),
            source="section 5.4",
        ),
        holds(
            "gradient and momentum make the denser core",
            "denser backbone",
            f"highest shell {told(highest, '.1f')}",
            all(k_max[grower] > k_max[RANDOM] for grower in present(k_max, GUIDED)),
            source="section 5.4",
            why=_DATA,
        ),
    ]
    return at_scale(late, scale)


def judge_input(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 18: how far the degrees of the input spread."""
    spread: Rows = tables["spread"]
    relative = spread.assign(relative=spread["deviation"] / spread["mean"])
    start, end = (runs_at(relative, epoch, "relative") for epoch in (0.0, np.inf))
    return at_scale(
        [
            not_comparable(
                "deviation over mean of the input degrees",
                "'differ when compared to the hidden layers'",
                f"{told(start)} at the start, {told(end)} at the end",
                source="section 6, Fig. 18",
                why="the text does not say in what they differ",
            )
        ],
        scale,
    )


def judge_ranks(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 20: who resembles its end earlier."""
    table: Rows = tables["with the end"]
    last = table["epoch"].max()
    half, late = (runs_at(table, part * last, "tau") for part in (0.5, 0.9))
    middle = means(half)
    found = [
        holds(
            "gradient and momentum resemble their end earlier",
            "'find an optimal structure faster'",
            f"tau of epoch {last / 2:.0f} with the end {told(half)}",
            all(middle[grower] > middle[RANDOM] for grower in present(middle, GUIDED)),
            source="Appendix I",
            why=_DATA,
        ),
        holds(
            "degrees correlate more near the end",
            "random: 'more near the end'",
            f"tau with the end, of epoch {last / 2:.0f} {told(half)}, of epoch {0.9 * last:.0f} {told(late)}",
            bool((means(late) > middle).all()),
            source="Appendix I",
        ),
        holds(
            "correlations lie from 0 to 1",
            "'ranges from 0 to 1'",
            f"lowest {tables['tau']['tau'].min():.2f}",
            bool(tables["tau"]["tau"].min() >= 0),
            source="Fig. 20",
            why="correlations of unrelated degrees scatter around 0; colours from 0 on hide those below",
        ),
    ]
    return at_scale(found, scale)


def judge_attachment(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The Neural Selection Hypothesis: gain and retention at hidden neurons."""
    table: Rows = tables["exponents"]
    hidden = table[table["edges"].str.contains("hidden")]
    found = [
        holds(
            f"hidden neurons with more connections {words}, {grower} regrowth",
            claim,
            _exponents(part),
            bool((part.groupby("edges")["exponent"].mean() > 0.1).all()),
            source="section 1, the Neural Selection Hypothesis",
            why=why,
        )
        for kernel, words, claim, why in (
            ("gain", "gain more", "will continue to gain more connections", _BLIND),
            ("retention", "keep more", "a better chance of surviving", _KEEP),
        )
        for grower, part in hidden[hidden["kernel"] == kernel].groupby("grower", sort=False)
    ]
    gains = hidden[hidden["kernel"] == "gain"].groupby(["grower", "seed"], sort=False)["exponent"].mean()
    gain = means(gains.droplevel("seed"))
    faster = holds(
        "gradient and momentum accelerate attachment",
        "more aggressively than random",
        f"mean exponent of gain {told(gains.droplevel('seed'))}",
        all(gain[grower] > gain[RANDOM] + 0.1 for grower in present(gain, GUIDED)),
        source="section 1, the Neural Selection Conjecture",
    )
    return (*found, faster)


_BLIND = "an exponent of 0 is blind to degree, as growth at random is by construction"
_KEEP = "an exponent below 0 means that the connections of rich neurons go sooner: their many new edges rarely stay"


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


def at_scale(late: Iterable[Verdict], scale: Scale) -> tuple[Verdict, ...]:
    """Statements about the end of training, which short training cannot judge."""
    return tuple(late) if scale == "paper" else reduced(late, SHORT)


def runs_at(frame: Rows, epoch: float, column: str) -> Rows:
    """A column at the moment nearest to an epoch, infinity being the end: a value a run, by grower."""
    known = np.sort(frame["epoch"].unique())
    chosen = known[-1] if np.isinf(epoch) else known[np.abs(known - epoch).argmin()]
    return frame[frame["epoch"] == chosen].set_index("grower")[column]


def largest_in(frame: Rows, column: str) -> Rows:
    """The largest value of a column in each run, by grower."""
    return frame.groupby(["grower", "seed"], sort=False)[column].max().droplevel("seed")


def means(values: Rows) -> Rows:
    """Means over the runs of each grower."""
    return values.groupby(level=0, sort=False).mean()


def at_end(frame: Rows) -> Rows:
    """The rows of the last epoch."""
    return frame[frame["epoch"] == frame["epoch"].max()]


def told(values: Rows, form: str = "z.2f") -> str:
    """Growers with their means, and the standard deviation over runs where there are several, in words."""
    groups = values.groupby(level=0, sort=False)
    deviations = groups.std()
    return ", ".join(
        f"{grower} {mean:{form}}{_spread(deviations[grower], form)}" for grower, mean in groups.mean().items()
    )


def _spread(deviation: float, form: str) -> str:
    return f" ± {deviation:{form}}" if np.isfinite(deviation) else ""


def present(values: Rows, growers: Sequence[str]) -> list[str]:
    """Those growers that were measured."""
    return [grower for grower in growers if grower in values.index]


def _core_and_crust(shells: Rows) -> tuple[Rows, Rows]:
    """Neurons in the highest shell of each run, and in the fullest of the shells above the isolated ones, by grower."""
    sums = shells.groupby(["grower", "seed", "shell"], sort=False)["count"].sum().reset_index()
    highest = sums.groupby(["grower", "seed"])["shell"].transform("max")
    core = sums[sums["shell"] == highest].set_index(["grower", "seed"])["count"]
    between = sums[(sums["shell"] < highest) & (sums["shell"] > 10)]
    crust = between.groupby(["grower", "seed"], sort=False)["count"].max().reindex(core.index).fillna(0)
    return core.droplevel("seed"), crust.droplevel("seed")


def _in_shell(shells: Rows, layer: str, shell: int) -> Rows:
    """Neurons of a layer in a shell: a value a run, by grower."""
    chosen = shells[(shells["layer"] == layer) & (shells["shell"] == shell)]
    runs = shells[["grower", "seed"]].drop_duplicates()
    counts = runs.merge(chosen[["grower", "seed", "count"]], how="left", on=["grower", "seed"])
    return counts.fillna({"count": 0}).set_index("grower")["count"]


def _exponents(part: Rows) -> str:
    groups = part.groupby("edges", sort=False)["exponent"]
    deviations = groups.std()
    return "; ".join(f"{edges} {mean:z.2f}{_spread(deviations[edges], '.2f')}" for edges, mean in groups.mean().items())
