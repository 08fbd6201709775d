"""Matab et al. 2024: what the thesis says of dormant neurons, shells, pixels and attachment beside what was found."""

from __future__ import annotations

import numpy as np

from topokit.papers.experiment import Scale
from topokit.papers.matab2024.growers import (
    EARLY,
    OTHER_DATA,
    Rows,
    at_scale,
    guided_above,
    guided_below,
    largest_in,
    means,
    run_by_run,
    runs_at,
    spread_words,
    told,
)
from topokit.papers.paper import Tables
from topokit.papers.recipes.dormant_neurons import below_altogether
from topokit.papers.recipes.run_orders import all_above
from topokit.papers.verdicts import Verdict, holds, not_comparable, reduced

_NEARLY_ALL = 0.9
_FIG9 = "section 5.4, Fig. 9"
_BLIND = "an exponent of 0 is blind to degree, as growth at random is by construction"
_KEEP = "an exponent below 0 means that the connections of rich neurons go sooner: their many new edges rarely stay"


def judge_heatmaps(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Fig. 8: evenness and symmetry of the input's connections at the end."""
    spread: Rows = tables["spread"]
    richest, mirrored = (runs_at(spread, np.inf, column) for column in ("richest", "mirrored"))
    late = [
        all_above(
            "random regrowth spreads the connections more evenly",
            "spread over the image; gradient and momentum concentrate",
            f"share of the richest tenth of the pixels {told(richest)}",
            guided_above(richest),
            source="section 5.3",
            why=OTHER_DATA,
        ),
        all_above(
            "random regrowth gives the more symmetric image",
            "'much more symmetric'",
            f"correlation with the mirror image {told(mirrored)}",
            guided_below(mirrored),
            source="section 5.3",
            why=f"growth at random leaves noise from pixel to pixel, which this correlation counts; {OTHER_DATA}",
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
    last, soon = float(table["epoch"].max()), min(EARLY, float(table["epoch"].max()))
    start, sooner, before, end = (runs_at(table, epoch, "share") for epoch in (0.0, soon, 0.9 * last, np.inf))
    first = float(start.mean())
    rising = [
        all_above(
            "gradient and momentum make neurons dormant sooner",
            "more aggressive",
            f"share below {threshold}: {first:.1%} at the start; at epoch {soon:.0f} {told(sooner, '.1%')}",
            guided_above(sooner),
            source=_FIG9,
            why=OTHER_DATA,
        ),
        all_above(
            "their number rises",
            "increase of dormant neurons",
            f"{first:.1%} at the start, {told(end, '.1%')} at the end",
            run_by_run(end, start),
            source=_FIG9,
            why=OTHER_DATA,
            paired=True,
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
        why=OTHER_DATA,
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
        all_above(
            "neurons gather in the core",
            "an accumulation at the end of every distribution",
            f"neurons in the core {told(core, '.0f')}; in the fullest shell between {told(crust, '.0f')}",
            run_by_run(core, crust),
            paired=True,
            source="section 5.4",
        ),
        all_above(
            "gradient and momentum make the denser core",
            "denser backbone",
            f"highest shell {told(highest, '.1f')}",
            guided_above(highest),
            source="section 5.4",
            why=OTHER_DATA,
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
    found = [
        all_above(
            "gradient and momentum resemble their end earlier",
            "'find an optimal structure faster'",
            f"tau of epoch {last / 2:.0f} with the end {told(half)}",
            guided_above(half),
            source="Appendix I",
            why=OTHER_DATA,
        ),
        all_above(
            "degrees correlate more near the end",
            "random: 'more near the end'",
            f"tau with the end, of epoch {last / 2:.0f} {told(half)}, of epoch {0.9 * last:.0f} {told(late)}",
            run_by_run(late, half),
            paired=True,
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
            source=source,
            why=why,
        )
        for kernel, words, claim, source, why in (
            (
                "gain",
                "gain more",
                "'will continue to gain more connections'",
                "section 1, the Neural Selection Conjecture",
                _BLIND,
            ),
            ("retention", "keep more", "'a better chance of surviving'", "section 5.4, of neurons in the core", _KEEP),
        )
        for grower, part in hidden[hidden["kernel"] == kernel].groupby("grower", sort=False)
    ]
    gains = hidden[hidden["kernel"] == "gain"].groupby(["grower", "seed"], sort=False)["exponent"].mean()
    by_grower = gains.droplevel("seed")
    faster = all_above(
        "gradient and momentum accelerate attachment",
        "more aggressively than random",
        f"mean exponent of gain {told(by_grower)}",
        guided_above(by_grower),
        source="section 1, the Neural Selection Conjecture",
    )
    return (*found, faster)


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
    return "; ".join(
        f"{edges} {mean:z.2f}{spread_words(deviations[edges], '.2f')}" for edges, mean in groups.mean().items()
    )
