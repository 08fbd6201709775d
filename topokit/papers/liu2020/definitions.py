"""Sections 2.2 and 3 of Liu et al. 2020: how SET changes a wiring, and the distance that NNSTD takes the place of."""

from __future__ import annotations

from functools import partial

from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.drop_and_grow import measure_updates
from topokit.papers.recipes.graph_edits import draw_edits, measure_edits
from topokit.papers.verdicts import Verdict, equals, holds, not_comparable
from topokit.papers.workplace import Workplace

ZETA = 0.2
REPETITIONS = 2000
TOY = (5, 4, 4, 3)


def judge_change(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether as many edges come as go, which ones go, and whether all places are as likely."""
    edges = tables["edges"]
    before, gone = edges.dropna(subset=["weight"]), edges[edges["dropped"]]
    smallest = before.loc[before["weight"].abs().sort_values().index[: len(gone)], "position"]
    times = tables["frequency"]["times"].to_numpy(float)
    chance = times.mean() / REPETITIONS
    apart = abs(times - times.mean()).max() / (REPETITIONS * chance * (1 - chance)) ** 0.5
    return (
        equals("edges that come", len(gone), float(edges["grown"].sum()), source="section 2.2: an equal number"),
        holds(
            f"edges that go, of {len(before)}",
            "a fraction of 0.2",
            f"{len(gone)}",
            abs(len(gone) - ZETA * len(before)) < 2,
            source="sections 2.2 and 4.2",
        ),
        not_comparable(
            "which go",
            "those of smallest magnitude",
            f"{gone['position'].isin(smallest).sum()} of the {len(gone)} that go are among the {len(gone)} smallest",
            source="section 2.2",
            why="SET takes the fraction of the positive and of the negative weights each, as its authors define it and "
            "as is trained here; it is the same where both signs are as frequent and as large",
        ),
        holds(
            "where edges come",
            "purely random",
            f"{len(times)} free places, {times.min():.0f} to {times.max():.0f} times in {REPETITIONS:,} changes",
            bool(apart < 4),
            source="section 2.2",
            why="some places are preferred by more than four standard errors",
        ),
    )


def measure_toys(place: Workplace) -> Tables:
    """Twelve pairs of networks, and twelve networks with other numbers."""
    return measure_edits(TOY, density=0.4, pairs=12)


def judge_edits(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The exact distance knows a renumbered network, NNSTD may not; its pairs need no fewer edits than the least."""
    table = tables["edits"].set_index("kind")
    same, other = table.loc["renumbered"], table.loc["two networks"]
    source = "section 3, Eq. 2"
    return (
        equals(
            "graph edit distance of a network and itself with other numbers, largest",
            0,
            float(same["exact"].max()),
            source=source,
        ),
        holds(
            "edits along the pairs of NNSTD, two networks",
            "a greedy approach: no fewer than the graph edit distance",
            f"{other['along_pairs'].mean():.2f} on average, at the least {other['exact'].mean():.2f}; more in "
            f"{int((other['along_pairs'] > other['exact']).sum())} of {len(other)} pairs",
            bool((other["along_pairs"] >= other["exact"]).all()),
            source=source,
        ),
        *(
            holds(
                f"NNSTD of a network and itself with other numbers, {words}",
                "0: exactly the same",
                f"0 in {int((same[column] == 0).sum())} of {len(same)}, at most {same[column].max():.3f}",
                bool((same[column] == 0).all()),
                source="section 3",
                why="neurons with the same inputs are paired by their numbers, and the next layer depends on how",
            )
            for column, words in (("nnstd", "topokit's"), ("authors_code", "the authors' code"))
        ),
    )


DEFINITIONS = (
    Item(
        name="set",
        title="One change of the wiring by SET",
        says="A fraction of the connections with the smallest magnitude (0.2) is pruned and an equal number is grown "
        "at random after each training epoch, so that the sparsity stays.",
        measure=partial(measure_updates, methods={"set": "SET"}, fraction=ZETA, repetitions=REPETITIONS),
        judge=judge_change,
        scales={"exact": f"a layer of 8 x 8 with 24 edges, and {REPETITIONS:,} changes of it for where edges come"},
        remarks=(
            "'Smallest magnitude' is short for SET's rule, by which the fraction of either sign goes: all trainings "
            "here follow SET.",
        ),
    ),
    Item(
        name="eq2",
        title="The graph edit distance on small networks",
        says="The least cost of turning one graph into the other; NP-hard where hidden neurons are interchangeable. "
        "NNSTD goes layer by layer instead, and is 0 for networks that are the same.",
        measure=measure_toys,
        draw=draw_edits,
        judge=judge_edits,
        scales={"exact": "networks of 5, 4, 4 and 3 neurons, all 576 numberings of the hidden ones"},
        remarks=(
            "The paper gives the definition alone, no number. Two layers of 784 hidden neurons have about 10 to the "
            "power of 3,861 numberings.",
        ),
    ),
)
