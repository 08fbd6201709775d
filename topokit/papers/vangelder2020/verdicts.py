"""The statements of Van Gelder et al. beside what was found; the paper has no numbers, so orders are all there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from topokit.papers.experiment import Scale
from topokit.papers.paper import Tables
from topokit.papers.recipes.freezing_epochs import by_seed, gains
from topokit.papers.recipes.run_orders import above
from topokit.papers.recipes.zeroing_sensitivity import kept_accuracy
from topokit.papers.verdicts import NOT_COMPARABLE, Verdict, equals, holds, not_comparable, reduced

FEW = 3
"""What "the first few epochs" are taken to be."""

FOUND = ("DNW", "RigL")
OTHER_NETWORK = (
    "another network and data set than the paper's (an MLP on MNIST), trained for a tenth of the epochs: orders found "
    "there, like the paper's or not, say little of ResNet-18"
)
EARLY_END = "the end is epoch 8 instead of 100: less can change after the first epoch"
UNTOLD = "the paper gives neither epochs nor learning rate nor, of the MLP, the size: another choice may differ"


def judge_algorithms(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Numbers of edges and which they are, for each algorithm."""
    changes = tables["changes"].set_index("graph")
    shares = tables["shares"]["share"].to_numpy(float)
    kept = {graph: (row["before"], row["after"]) for graph, row in changes.iterrows()}
    source = "section 2"
    return (
        *(
            holds(
                f"edges after one change, {graph}",
                "those that the words of the paper say",
                f"{row['gone']} of {row['before']} went, {row['come']} came",
                bool(row["as_told"]),
                source=source,
            )
            for graph, row in changes.iterrows()
        ),
        *(
            equals(
                f"edges that the change leaves, {graph}", float(kept[graph][0]), float(kept[graph][1]), source=source
            )
            for graph in ("DNW", "RigL", "random")
        ),
        equals("edges left of 64 when 20 % go, LT", 64 - 13, float(kept["LT"][1]), source=source),
        holds(
            "edges that one update of RigL replaces",
            "k decreases until T_end",
            f"{shares[0]:.0%} of them at first, {shares[-1]:.0%} at T_end",
            bool((np.diff(shares) < 0).all() and shares[-1] == 0),
            source=source,
        ),
    )


def judge_structures(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """DNW and RigL above random, LT about there, and where the gap is largest."""
    runs = tables["runs"]
    levels = sorted(runs["sparsity"].unique().tolist())
    why, source = UNTOLD, "section 3, Fig. 1"
    verdicts = [
        above(
            f"accuracy (%) of {graph} graphs with new weights, {level:g} % sparse",
            f"{graph} above random",
            _accuracy(runs, graph, level),
            _accuracy(runs, "random", level),
            source=source,
            why=why,
        )
        for level in levels
        for graph in FOUND
    ]
    found = (*verdicts, _ticket_verdict(runs, levels, source, why), *_widest(runs, levels, source, why))
    return reduced(found, OTHER_NETWORK) if scale == "quick" else found


def _accuracy(runs: pd.DataFrame, graph: str, sparsity: float) -> np.ndarray:
    return runs.loc[(runs["graph"] == graph) & (runs["sparsity"] == sparsity), "accuracy"].to_numpy(float)


def _gaps(runs: pd.DataFrame, graph: str, levels: Sequence[float]) -> list[float]:
    """Points of accuracy above random graphs."""
    return [float(_accuracy(runs, graph, level).mean() - _accuracy(runs, "random", level).mean()) for level in levels]


def _ticket_verdict(runs: pd.DataFrame, levels: Sequence[float], source: str, why: str) -> Verdict:
    """Similar: closer to random graphs than to those of DNW and RigL, on average over the sparsities."""
    ticket = float(np.mean(_gaps(runs, "LT", levels)))
    others = float(np.mean([_gaps(runs, graph, levels) for graph in FOUND]))
    ours = f"{ticket:+.2f} points from random; DNW and RigL {others:+.2f}"
    quantity, paper = "accuracy (%) of LT graphs with new weights", "similar to random, where DNW and RigL are above"
    if others <= 0:
        return not_comparable(quantity, paper, ours, source=source, why="DNW and RigL are not above random here")
    return holds(quantity, paper, ours, abs(ticket) < others / 2, source=source, why=why)


def _widest(runs: pd.DataFrame, levels: Sequence[float], source: str, why: str) -> Iterator[Verdict]:
    """Runs are paired, so that the spread of both kinds counts."""
    for graph in FOUND:
        more = [_accuracy(runs, graph, level) - _accuracy(runs, "random", level) for level in (levels[-1], levels[0])]
        yield above(
            f"points of {graph} above random, {levels[-1]:g} % and {levels[0]:g} % sparse",
            "especially pronounced in the sparse regimes",
            *more,
            source=source,
            why=why,
        )


def judge_zeroing(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """By magnitude random graphs fall fastest; at random DNW and LT keep slightly more."""
    by_size, at_random = (kept_accuracy(tables, order) for order in ("magnitude", "random"))
    why = UNTOLD if scale == "paper" else f"short training on a sixth of the images; {UNTOLD}"
    source = "section 4, Fig. 2"
    return (
        *(
            above(
                f"accuracy kept on average (%), smallest weights first, {graph} and random",
                "random falls faster",
                by_size[graph],
                by_size["random"],
                source=source,
                why=why,
            )
            for graph in ("LT", "DNW", "RigL")
        ),
        *(
            above(
                f"accuracy kept on average (%), in random order, {high} and {low}",
                f"{high} slightly above {low}",
                at_random[high],
                at_random[low],
                source=source,
                why=why,
            )
            for high in ("DNW", "LT")
            for low in ("RigL", "random")
        ),
    )


def judge_paths(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """A strong correlation, beside that of blind changes; amplified; most of the changes in the first epoch."""
    persistence = tables["persistence"]
    last = persistence[persistence["epoch"] == persistence["epoch"].max()].set_index("layer")
    source, why = "section 5, Fig. 3", UNTOLD
    layers = [name for name in dict.fromkeys(last.index) if name != "pooled"]
    ranks = [verdict for layer in layers for verdict in _persistent(last.loc[[layer]], layer, source, why)]
    majority = _majority(tables["changes"], source, why)
    return (
        *(_at_scale(verdict, scale) for verdict in ranks),
        *(
            holds(
                f"final in-degree against that after epoch 1, {layer}: slope",
                "amplified: high ones rise, low ones fall (above 1)",
                f"{_mean(last, layer, 'slope')}; by chance {_mean(last, layer, 'chance_slope')}",
                bool(last.loc[[layer], "slope"].mean() > 1),
                source=source,
                why=why,
            )
            for layer in layers
        ),
        _at_scale(majority, scale),
    )


def _at_scale(verdict: Verdict, scale: Scale) -> Verdict:
    """What the length of the training decides is not judged at the end of a short one."""
    return reduced([verdict], EARLY_END)[0] if scale == "quick" and verdict.verdict != NOT_COMPARABLE else verdict


def _mean(last: pd.DataFrame, layer: str, column: str) -> str:
    return f"{last.loc[[layer], column].mean():.2f}"


def _persistent(rows: pd.DataFrame, layer: str, source: str, why: str) -> Iterator[Verdict]:
    tau, rho = rows["tau"].mean(), rows["rho"].mean()
    yield holds(
        f"in-degree after epoch 1 and at the end, {layer}: rank correlation",
        "strong correlation (rho of 0.7 or more)",
        f"rho {rho:.2f}, tau-b {tau:.2f}, p at most {rows['p_value'].max():.2g}",
        bool(rho >= 0.7),
        source=source,
        why=why,
    )
    yield not_comparable(
        f"the same beside changes that are blind to degrees, {layer}: tau-b",
        "not asked",
        f"{tau:.2f}; by chance {rows['chance_tau'].mean():.2f}, "
        f"{rows['chance_tau_low'].min():.2f} to {rows['chance_tau_high'].max():.2f}",
        source=source,
        why="a wiring that keeps most of its edges keeps the ranks of its degrees, whatever the others do: only a "
        "correlation above that of chance says more",
    )


def _majority(changes: pd.DataFrame, source: str, why: str) -> Verdict:
    shares = {
        period: part["gone"].to_numpy(float) / part["edges"].to_numpy(float) * 100
        for period, part in changes.groupby("period")
    }
    return above(
        "edges (%) that went in the first epoch, and from there to the end",
        "the majority of the structural changes happen in the first epoch",
        shares["until then"],
        shares["afterwards"],
        source=source,
        why=why,
    )


def judge_freezing(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The first epochs bring most, and the others still something."""
    table: Any = by_seed(tables)
    early, later = gains(tables, FEW)
    why, source = UNTOLD, "section 5, Fig. 4"
    found = (
        above(
            f"points gained by DNW in {FEW} epochs, and from there to the end",
            "diminishing returns after the first few epochs",
            early,
            later,
            source=source,
            why=why,
            paired=True,
        ),
        above(
            f"accuracy (%) with DNW to the end, and frozen after {FEW} epochs",
            "best to train with DNW to completion",
            table.iloc[:, -1],
            table[FEW],
            source=source,
            why=why,
            paired=True,
        ),
    )
    return reduced(found, OTHER_NETWORK) if scale == "quick" else found
