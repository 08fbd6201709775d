"""Matab et al. 2024, before any training: first degrees and shells, the example of shells, and the test itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Scale
from topokit.papers.paper import Figures, Item, Tables
from topokit.papers.recipes.decision_rules import draw_true_power_laws, measure_true_power_laws, measure_untrained
from topokit.papers.recipes.degree_distributions import POOLED, counts_of, summed, with_shares
from topokit.papers.recipes.shells import VISIBLE, draw_example, draw_shells, measure_example, measure_first_shells
from topokit.papers.verdicts import Verdict, equals, holds, not_comparable
from topokit.papers.workplace import Workplace

WIDTHS = (3072, 1024, 512, 10)
DENSITY = 0.05
XMIN = 110
SEEDS = 5
HIDDEN = ("hidden1", "hidden2")

_EXACT: Mapping[Scale, str] = {"exact": "full size, five seeds, no training"}


@cache
def first_networks() -> tuple[LayeredDAG, ...]:
    """The MLP of the thesis before training, once for each of its five seeds."""
    return tuple(tk.erk(WIDTHS, DENSITY, rng=seed) for seed in range(SEEDS))


def measure_first_degrees(place: Workplace) -> Tables:
    """Table "distributions": layer, degree, count (over five seeds); "means": seed, layer, mean, deviation."""
    counts, means = [], []
    for seed, network in enumerate(first_networks()):
        found = tk.degrees(network, layers="hidden")
        for layer in HIDDEN:
            values = found.values(layer=layer)
            counts.append(counts_of(values).assign(layer=layer)[["layer", "degree", "count"]])
            means.append((seed, layer, round(float(values.mean()), 4), round(float(values.std()), 4)))
    columns = ["seed", "layer", "mean", "deviation"]
    return {"distributions": summed(counts), "means": pd.DataFrame(means, columns=columns)}


def draw_first_degrees(tables: Tables) -> Figures:
    """Both hidden layers in one panel: they do not overlap."""
    return {
        "degrees": plots.histogram_grid(
            with_shares(tables["distributions"]),
            rows="",
            columns="",
            by="layer",
            value="degree",
            share="share",
            x_label="Degree (connections)",
            y_label="Share of neurons",
        )
    }


def judge_first_degrees(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Means follow from the numbers of edges."""
    means = tables["means"].groupby("layer")["mean"]
    source = "by calculation from section 5.1 and Table 5"
    return tuple(
        equals(f"mean degree of {layer}", paper, float(means.mean()[layer]), tolerance=0.05, source=source)
        for layer, paper in zip(HIDDEN, (174.45, 105.15), strict=True)
    )


def judge_example(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """What shells are: no neuron of a core has fewer neighbours in it than its number."""
    neurons, edges = tables["neurons"], tables["edges"]
    core = int(neurons["shell"].max())
    inside = set(neurons.index[neurons["shell"] == core])
    first = tables["sizes"]["size"].cumsum().shift(fill_value=0).tolist()
    pairs = [(first[b] + s, first[b + 1] + t) for b, s, t in edges[["block", "source", "target"]].to_numpy()]
    kept = [pair for pair in pairs if inside.issuperset(pair)]
    fewest = min(sum(neuron in pair for pair in kept) for neuron in inside)
    words = f"{len(inside)} neurons in shell {core}, each with at least {fewest} neighbours there"
    return (
        holds("core", "each node has degree k or more in it", words, fewest >= core, source="section 4.5.1"),
        not_comparable(
            "example network", "'arbitrary'", "another one", source="Fig. 10", why="the thesis does not give its edges"
        ),
    )


def judge_first_shells(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Before training nothing is isolated: the end points of Fig. 12 are not there yet."""
    shells = tables["shells"][tables["shells"]["layer"].isin(VISIBLE)]
    lowest = shells.groupby("layer")["shell"].min()
    k_max = shells.groupby("seed")["shell"].max()
    core = [part.loc[part["shell"] == part["shell"].max(), "count"].sum() for _, part in shells.groupby("seed")]
    words = ", ".join(f"{layer} {lowest[layer]}" for layer in VISIBLE)
    why = "a hidden 2 neuron without inputs keeps its 10 outgoing edges; none is in such a shell before training"
    return (
        holds(
            "no neuron is isolated before training",
            "shells above 0 and 10",
            f"lowest: {words}",
            bool((lowest > 10).all()),
            source="Figs 11, 12",
        ),
        not_comparable(
            "core before training",
            "not told in words",
            f"shell {k_max.min()} or {k_max.max()} with {min(core)} to {max(core)} neurons of input and hidden layers",
            source="Fig. 11",
            why=why,
        ),
    )


def judge_rule(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """How many true power laws each threshold rejects."""
    p_values = tables["p_values"]["p_value"].to_numpy()
    shares = {limit: float((p_values < limit).mean()) for limit in (0.95, 0.1)}
    why = "p is even from 0 to 1 where the law is true, so that 'p < 0.95' rejects 95 of 100 true ones"
    return tuple(
        holds(
            f"'reject if p < {limit:g}' keeps true power laws",
            words,
            f"rejects {shares[limit]:.1%} of {len(p_values)}",
            shares[limit] < 0.2,
            source=source,
            why=why,
        )
        for limit, words, source in (
            (0.95, "the rule of its results", "section 5.3"),
            (0.1, "the usual one", "section 4.6"),
        )
    )


def judge_untrained(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """What exponents and counts are worth whose threshold lies among the first degrees."""
    fits, below = tables["fits"], tables["below"]
    pooled = fits[fits["layer"] == POOLED]
    lognormal = fits[fits["what"].str.startswith("lognormal")].iloc[0]
    rich = below[below["layer"] == "hidden2"]
    count = float(rich["below"].mean())
    words = f"α = {pooled['alpha'].mean():.2f}, p = {pooled['p_value'].max():g}; {_layer_words(fits)}"
    return (
        not_comparable(
            "fit from 110 on before training",
            "x_min = 110",
            words,
            source="section 5.4",
            spread=float(pooled["alpha"].std()),
            why="110 lies inside the first degrees, so the fit takes all of hidden 1 and the upper third of hidden 2",
        ),
        not_comparable(
            "neurons of hidden 2 with fewer than 110 connections before training",
            "an 'increase in dormant neurons'",
            count,
            spread=float(rich["below"].std()),
            source="Fig. 9b: 'increase in dormant neurons'",
            why="their mean degree is 105.2: Fig. 9b calls more than two thirds of an untouched layer dormant",
        ),
        holds(
            "2 < α < 3 tells a power law",
            "'in line with scale-free networks'",
            f"{lognormal['what']}: α = {lognormal['alpha']:.2f}, p = {lognormal['p_value']:g}",
            not (2 < lognormal["alpha"] < 3 and lognormal["p_value"] < 0.1),
            source="section 5.3",
            why="the exponent of a fit lies there for other heavy tails too; only the test can tell them apart",
        ),
    )


def _layer_words(fits: pd.DataFrame) -> str:
    means = fits[fits["layer"].isin(HIDDEN)].groupby("layer")[["alpha", "p_value"]].mean()
    return "; ".join(
        f"{layer} alone α = {row['alpha']:.2f}, mean p = {row['p_value']:.2g}" for layer, row in means.iterrows()
    )


def draw_untrained(tables: Tables) -> Figures:
    """Neurons below the threshold, by layer."""
    return {"below": plots.bar_grid(tables["below"], x="layer", y="below", y_label=f"Neurons of degree < {XMIN}")}


def _lognormal() -> dict[str, np.ndarray]:
    values = np.random.default_rng(0).lognormal(4.6, 0.9, 1536).round().astype(np.int64)
    return {"lognormal(4.6, 0.9), 1,536 values": values}


def measure_threshold(place: Workplace) -> Tables:
    """Untrained networks and a lognormal sample, fitted from 110 on."""
    return measure_untrained(place, networks=first_networks(), laws=_lognormal(), xmin=XMIN)


def measure_shells_before(place: Workplace) -> Tables:
    """Shells of the untrained networks."""
    return measure_first_shells(place, networks=first_networks())


FIRST_DEGREES = Item(
    name="fig4",
    title="Degrees of the hidden neurons before training",
    says="After sparse initialisation by ERK, before training.",
    measure=measure_first_degrees,
    draw=draw_first_degrees,
    judge=judge_first_degrees,
    scales=_EXACT,
    remarks=(
        "The layers have different means, 174.5 and 105.2: pooled, their degrees have two humps before training "
        "begins, and any one law fitted to both is wrong from the start.",
    ),
)

EXAMPLE = Item(
    name="fig10",
    title="Shells of an example network",
    says="A sparse MLP of arbitrary architecture with its neurons in shells, and how many lie in each.",
    measure=partial(measure_example, sizes=(9, 12, 10, 4), density=0.18, rng=19),
    draw=draw_example,
    judge=judge_example,
    scales={"exact": "another small network"},
)

FIRST_SHELLS = Item(
    name="fig11",
    title="Shells before training",
    says="All models start with the same topology, whose shells are shown.",
    measure=measure_shells_before,
    draw=draw_shells,
    judge=judge_first_shells,
    scales=_EXACT,
)

RULE = Item(
    name="rule",
    title="The rule of decision: reject if p < 0.95",
    says="'We reject the null hypothesis if p < 0.95' (section 5.3), the hypothesis being that degrees follow a power "
    "law; section 4.6 has it that p above 0.1 lets a power law stand.",
    measure=partial(measure_true_power_laws, samples=200, n=300, exponent=2.5, xmin=XMIN),
    draw=draw_true_power_laws,
    judge=judge_rule,
    scales={"exact": "200 samples of 300 values of a true power law from 110 on"},
    minutes=0.5,
    remarks=("The two rules of the thesis contradict each other; both are printed wherever p is judged here.",),
)

THRESHOLD = Item(
    name="threshold",
    title="What x_min = 110 means before training",
    says="All fits start at x_min = 110, and neurons of fewer connections count as dormant in Fig. 9b; 2 < α < 3 is "
    "taken to be in line with scale-free networks.",
    measure=measure_threshold,
    draw=draw_untrained,
    judge=judge_untrained,
    scales=_EXACT,
    remarks=("The same threshold serves layers of different mean degree, so that it means something else in each.",),
)
