"""Fig. 7 of Alford et al.: networks pruned, and trained again on what is left."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from topokit.papers.alford2019.numbers import (
    AFTER,
    BEFORE,
    CHANCE,
    FIRST_LAST,
    ITERATIVE,
    LENET_5,
    LENET_300,
    ONE_TIME,
    ORIGINAL,
    RATES,
    SHEET,
    SHORT,
    STUCK,
    TRAINED,
    margin_of_difference,
    published_pruned,
)
from topokit.papers.alford2019.training import (
    DENSE_5,
    DENSE_300,
    PRUNED_5,
    PRUNED_300,
    RETRAINED_5,
    RETRAINED_300,
)
from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.retrained_accuracies import (
    PrunedNetwork,
    draw_pruned,
    measure_pruned,
)
from topokit.papers.verdicts import Verdict, holds, not_comparable, one_more_run, reduced

METHODS = {"gradual": ITERATIVE, "one-shot": ONE_TIME}

NETWORKS = (
    PrunedNetwork(LENET_300, DENSE_300, PRUNED_300, RETRAINED_300),
    PrunedNetwork(LENET_5, DENSE_5, PRUNED_5, RETRAINED_5),
)


def judge_pruned(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """What a short training tells too, then the sentences of sections II and III and each number of the spreadsheet."""
    numbers = [*_sentences(tables), *_originals(tables), *_points(tables)]
    clear = [_clear_gap(tables), _cut_off(tables)]
    return (*clear, *(reduced(numbers, SHORT) if scale == "quick" else numbers))


def _clear_gap(tables: Tables) -> Verdict:
    gap = _gaps(tables)[99]
    return holds(
        "LeNet-300-100 at 99 %, retrained: iterative far above one-time pruning",
        "96.08 and 56.08 %",
        f"{gap:+.2f} points",
        gap > 10,
        source=f"Fig. 7; {SHEET}",
        why="which classes pruning cuts off hangs on the weights, which differ from run to run",
    )


def _cut_off(tables: Tables) -> Verdict:
    """Whether the one collapse of LeNet-300-100 stands in the wiring: 10 of 1,000 output weights are left."""
    wired = tables["wirings"]
    ours = wired[(wired["network"] == LENET_300) & np.isclose(wired["sparsity"], 99)]
    counts = {name: part["cut_outputs"].astype(int).tolist() for name, part in ours.groupby("pruning")}
    one_time, iterative = counts[ONE_TIME], counts[ITERATIVE]
    return holds(
        "LeNet-300-100 at 99 %: classes that no input reaches in the pruned wiring",
        "one-time retrained to 56.08 %, which is four classes lost; iterative 96.08 %, none",
        f"one-time {', '.join(map(str, one_time))}; iterative {', '.join(map(str, iterative))}",
        min(one_time) > 0 and max(iterative) == 0,
        source=f"Fig. 7; {SHEET}",
        why="10 of 1,000 output weights are left: whether each of ten classes keeps one hangs on the weights",
    )


def _values(tables: Tables, network: str, pruning: str, stage: str, sparsity: float) -> np.ndarray:
    table = tables["pruned"]
    rows = table[(table["network"] == network) & (table["pruning"] == pruning) & (table["stage"] == stage)]
    values: np.ndarray = rows.loc[np.isclose(rows["sparsity"], sparsity), "accuracy"].to_numpy(float)
    return values


def _dense(tables: Tables, network: str) -> np.ndarray:
    table = tables["dense"]
    values: np.ndarray = table.loc[table["network"] == network, "accuracy"].to_numpy(float)
    return values


def _sentences(tables: Tables) -> Iterator[Verdict]:
    """What is said about losses and orders; sparsities without runs are left out."""
    for network in (LENET_300, LENET_5):
        dense = _dense(tables, network).mean()
        for sparsity, limit, words in ((99, 1.0, "less than 1 point"), (95, 0.0, "none")):
            values = _values(tables, network, ITERATIVE, BEFORE, sparsity)
            if len(values):
                loss = dense - values.mean()
                margin = margin_of_difference(values, _dense(tables, network))
                yield holds(
                    f"{network}: loss at {sparsity} % before retraining",
                    words,
                    f"{loss:.2f} ± {margin:.2f} points (95 % interval)",
                    bool(loss < limit + (margin if limit == 0 else 0)),
                    source="section II-A",
                    why=f"the authors' own numbers: {_own_loss(network, sparsity):.2f} points",
                )
    yield from _retrained(tables)
    gaps = _gaps(tables)
    yield holds(
        "LeNet-300-100, retrained: iterative above one-time pruning",
        "one-time 'noticeably worse': taken as below iterative at every sparsity",
        ", ".join(f"{gap:+.2f} at {sparsity:g} %" for sparsity, gap in gaps.items()),
        min(gaps.values()) > 0,
        source="section III",
        why="which of the two is ahead at low sparsity is a matter of tenths of a point in the authors' numbers too",
    )


def _own_loss(network: str, sparsity: int) -> float:
    table = published_pruned().set_index(["network", "pruning", "stage", "sparsity"])["accuracy"]
    return ORIGINAL[network] - float(table[network, ITERATIVE, BEFORE, sparsity])


def _retrained(tables: Tables) -> Iterator[Verdict]:
    dense = _dense(tables, LENET_300)
    gaps = {s: _values(tables, LENET_300, ITERATIVE, AFTER, s) for s in (50, 75, 90)}
    told = {s: (values.mean() - dense.mean(), margin_of_difference(values, dense)) for s, values in gaps.items()}
    yield holds(
        "LeNet-300-100: retrained up to 90 %, it achieves the original accuracy",
        "at 50, 75 and 90 %",
        ", ".join(f"{gap:+.2f} ± {margin:.2f} at {s} %" for s, (gap, margin) in told.items()) + " (95 % intervals)",
        all(gap > -margin for gap, margin in told.values()),
        source="section III",
    )


def _gaps(tables: Tables) -> dict[float, float]:
    sparsities = sorted(tables["pruned"].loc[tables["pruned"]["network"] == LENET_300, "sparsity"].unique())
    return {
        sparsity: float(
            _values(tables, LENET_300, ITERATIVE, AFTER, sparsity).mean()
            - _values(tables, LENET_300, ONE_TIME, AFTER, sparsity).mean()
        )
        for sparsity in sparsities
    }


def _originals(tables: Tables) -> Iterator[Verdict]:
    for network, accuracy in ORIGINAL.items():
        yield _number(f"{network}, dense: test accuracy (%)", accuracy, _dense(tables, network))


def _points(tables: Tables) -> Iterator[Verdict]:
    for row in tables["published"].to_dict("records"):
        values = _values(tables, row["network"], row["pruning"], row["stage"], row["sparsity"])
        quantity = f"{row['network']}, {row['pruning']}, {row['stage']}, {row['sparsity']} %: test accuracy (%)"
        if not len(values):
            yield not_comparable(quantity, row["accuracy"], source=SHEET, why="not trained at this scale")
        else:
            yield _number(quantity, row["accuracy"], values)


def _number(quantity: str, published: float, values: np.ndarray) -> Verdict:
    """A published single run against ours; runs that lost classes say nothing about the others."""
    whole = values[values >= STUCK]
    if published < STUCK or not len(whole):
        lost = f"{len(values) - len(whole)} of {len(values)} runs here end below {STUCK:g} %"
        return not_comparable(
            quantity,
            published,
            float(values.mean()),
            source=SHEET,
            why=f"a network that has lost classes: {lost}; see Fig. 8",
        )
    return one_more_run(quantity, published, whole, source=SHEET, least=CHANCE, why=RATES)


ITEMS = [
    Item(
        name="fig7",
        title="Accuracy of pruned and retrained networks",
        says="LeNet-300-100 and LeNet-5 on MNIST, pruned to 50, 75, 90, 95 and 99 %, gradually or at once, and trained "
        "again on that structure. LeNet-300-100 reaches its original accuracy up to 90 %; LeNet-5 at 95 % reaches "
        "98.32 % (one-time) and 98.54 % (iterative) after some runs, but in general fares poorly.",
        measure=partial(measure_pruned, networks=NETWORKS, pruning=METHODS, published=published_pruned()),
        draw=draw_pruned,
        judge=judge_pruned,
        scales={
            "quick": "few steps and images, two seeds of LeNet-300-100 and one of LeNet-5, pruned to 75 and 95 % alone",
            "paper": "15,000 steps, three seeds of LeNet-300-100 and one of LeNet-5, trained again from three and five",
        },
        experiments=[DENSE_300, PRUNED_300, RETRAINED_300, DENSE_5, PRUNED_5, RETRAINED_5],
        remarks=[*TRAINED, FIRST_LAST, "One-time pruning is done layer by layer, after the last step."],
    ),
]
