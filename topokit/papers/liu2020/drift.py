"""Figure 4 of Liu et al. 2020: how ten networks drift apart while they are trained, and what it does to accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import topokit as tk
from topokit.papers.experiment import Scale
from topokit.papers.liu2020.training import SET_FASHION, SET_FASHION_ONE_START
from topokit.papers.margins import margin_of_one_more
from topokit.papers.paper import Item, Published, Tables
from topokit.papers.recipes.distances_over_training import (
    FIRST_LAYER,
    draw_training,
    jackknife_error,
    measure_files,
    measure_training,
)
from topokit.papers.recipes.wiring_and_accuracy import draw_many, gap_tables, measure_many
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, not_comparable, reduced

AUTHORS_EPOCHS = (0, 10, 20, 30, 40, 50, 100, 150, 190)
AUTHORS_MEANS = {
    0: 0.317543,
    10: 0.391073,
    20: 0.409594,
    30: 0.420171,
    40: 0.428235,
    50: 0.436795,
    100: 0.466302,
    150: 0.488122,
    190: 0.504088,
}
"""First layer, over the 45 pairs: what the authors' code says of the networks that they published."""

AUTHORS_EDGES: Mapping[float, int] = {10: 3736, 20: 3721, 30: 3720, 40: 3704, 50: 3705, 100: 3693, 150: 3687, 190: 3686}
"""First layer, mean of the ten published networks: those whose weight is not 0."""

ROUNDED = 5e-6

ACCURACIES = (87.48, 87.53, 87.41, 87.54, 88.01, 87.58, 87.34, 87.70, 87.77, 88.02)
"""Table 1, Fashion-MNIST, in percent: w0 to w9."""

AUTHORS = "the authors' ten networks (github.com/Shiweiliuiiiiiii/Sparse_Topology_Distance, folder topo)"
CODE = "Fig. 4; the authors' code on their files"
NO_ZERO = (
    "NNSTD has no fixed scale: two unrelated random networks of 0.6 % density are at 0.82 in the first layer, not at "
    "1, and the value depends on the density. Shares of that chance level stand beside the raw values."
)
PANEL_A = (
    "Panel (a), epoch 0: the figure shows distances up to about 0.2, the published files of epoch 0 have up to 0.374. "
    "Most probably they were saved after the first change of the wiring; the panel cannot be made from them."
)
LOST = (
    "The published files keep weights alone, so edges whose weight is exactly 0 are lost in them: between epochs 0 and "
    "190 the first layer goes from about 3,770 edges to 3,690 and the third from 3,510 to 3,040, though SET keeps them."
)
GREEDY = (
    "Beyond the first layer NNSTD as published is neither symmetric nor the same for renumbered neurons, for equally "
    "good pairings of one layer change the next. Distances of those layers are topokit's, which settles ties in a way "
    "that does not depend on numbering; they differ from those of the authors' code by some thousandths."
)


def measure_authors(folder: Path) -> Tables:
    """Figure 4 from the authors' files."""
    return measure_files(folder, pattern="e5_s0_w*", epochs=AUTHORS_EPOCHS)


def holds_authors(folder: Path) -> bool:
    """Whether the authors' files lie there."""
    return (folder / "e5_s0_w0" / "epoch_000" / "weight_l0.npz").is_file()


def judge_training(tables: Tables, scale: Scale, *, one_start: bool = False) -> tuple[Verdict, ...]:
    """Distances of the first layer beside those of the published networks, epoch by epoch."""
    means = tables["means"]
    first = means[means["layer"] == FIRST_LAYER].set_index("epoch")
    rises = holds(
        "mean distance of the first layer",
        "gradually increases",
        " ".join(f"{value:.3f}" for value in first["mean"]),
        bool((np.diff(first["mean"]) > 0).all()),
        source="section 4.3, Fig. 4",
    )
    panel_a = lies_within(
        "largest distance at epoch 0",
        (0, 0.2),
        float(first["largest"].iloc[0]),
        source="Fig. 4a: colours up to about 0.2",
        why="the files of epoch 0 were most probably saved after the first change of the wiring",
    )
    close = _files(first) if scale == "exact" else _trained(tables["distances"], one_start)
    return (panel_a, *close, *_thinned(tables), rises, *_last(first, scale), *_start(tables))


def _files(first: pd.DataFrame) -> Iterator[Verdict]:
    for epoch, mean in AUTHORS_MEANS.items():
        quantity = f"mean distance at epoch {epoch}, first layer"
        yield equals(quantity, mean, float(first["mean"][epoch]), tolerance=ROUNDED, source=CODE)


def _trained(pairs: pd.DataFrame, one_start: bool) -> Iterator[Verdict]:
    """Means, up to the 95 % interval of the difference to a mean of as many networks that vary as much."""
    other = "ours begin with weights of their own; the published networks began with the same: see fig4-one-start"
    same = (
        "part of it is edges of weight 0, which the published files lack (below); batches, growth and the details of "
        "the authors' trainer are not known"
    )
    for epoch, mean in AUTHORS_MEANS.items():
        part = pairs[pairs["epoch"] == epoch]
        if part.empty or not epoch:
            continue
        yield equals(
            f"mean distance at epoch {epoch}, first layer",
            mean,
            float(part[FIRST_LAYER].mean()),
            tolerance=round(_margin(part), 4),
            spread=float(part[FIRST_LAYER].std()),
            source=CODE,
            why=same if one_start else other,
        )


def _thinned(tables: Tables) -> Iterator[Verdict]:
    """What the edges that the published files lost do to the distance, at the last epoch."""
    if "thinned" not in tables or tables["thinned"].empty:
        return
    last = tables["thinned"].iloc[-1]
    yield not_comparable(
        f"mean distance at epoch {last['epoch']:g}, first layer, without {100 * last['lost']:.1f} % of the edges",
        AUTHORS_MEANS[int(last["epoch"])],
        float(last["mean"]),
        source=CODE,
        why="so many edges have a weight of exactly 0 and are missing in the published files; here as many were taken "
        "away at random, which puts networks further apart",
    )


def _margin(part: pd.DataFrame) -> float:
    runs = len({*part["a"], *part["b"]})
    return margin_of_one_more(jackknife_error(part, FIRST_LAYER) * runs**0.5, runs, others=runs)


def _last(first: pd.DataFrame, scale: Scale) -> tuple[Verdict, ...]:
    """The distance at the end, which the text calls 0.6."""
    found = equals(
        f"largest distance at epoch {first.index[-1]:g}, first layer",
        0.6,
        float(first["largest"].iloc[-1]),
        tolerance=0.05,
        source="section 4.3: 'from 0 to 0.6'",
        why="the published networks have 0.543 at epoch 190; their second and third layers reach 0.59 and 0.58",
    )
    level = not_comparable(
        f"mean distance at epoch {first.index[-1]:g} over that of random networks, first layer",
        "'very different topologies'",
        float(first["share"].iloc[-1]),
        source="section 4.3",
        why="chance is 1: networks that are related stay below it, and the paper gives no chance level",
    )
    return (*(reduced([found], "after 20 of 190 epochs") if scale == "quick" else (found,)), level)


def _start(tables: Tables) -> tuple[Verdict, ...]:
    """How alike the weights were before training, which only the files tell."""
    if "weights" not in tables:
        return ()
    weights = tables["weights"]
    first = weights.loc[weights["epoch"] == weights["epoch"].min(), "correlation"]
    return (
        not_comparable(
            "correlation of the weights of two networks on the edges that both have, epoch 0, least of 45 pairs",
            "not told",
            float(first.min()),
            source="the authors' files",
            why="the ten networks began with the same weights, not only with nearly the same wiring; networks that "
            "begin with weights of their own come out further apart",
        ),
    )


def measure_authors_many(folder: Path) -> Tables:
    """The published networks at epoch 190, and the accuracies of Table 1."""
    names = [f"w{k}" for k in range(len(ACCURACIES))]
    networks = {name: tk.load_series(folder / f"e5_s0_{name}").at(epoch=AUTHORS_EPOCHS[-1]) for name in names}
    return gap_tables(networks, dict(zip(names, ACCURACIES, strict=True)))


def judge_many(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether all networks are as good and all pairs far apart; distance and gap stand side by side."""
    reached, pairs, test = tables["networks"]["accuracy"], tables["pairs"], tables["mantel"].iloc[0]
    apart = max(ACCURACIES) - min(ACCURACIES)
    verdicts = (
        lies_within(
            "range of accuracies, percentage points: 'very similar', that of Table 1 and half as much again",
            (0, round(1.5 * apart, 2)),
            float(reached.max() - reached.min()),
            source="section 4.3, Table 1",
        ),
        holds(
            "wiring of the two nearest networks after training",
            "'very different topologies': taken as more than half of chance",
            f"NNSTD {pairs['distance'].min():.3f}, {pairs['share'].min():.0%} of chance".replace("%", " %"),
            bool(pairs["share"].min() > 0.5),
            source="section 4.3",
        ),
        not_comparable(
            "gap of accuracy over distance",
            "many different topologies are equally good; a relation is not tested",
            f"r = {test['correlation']:.2f}, p = {test['p_value']:.2g} (Mantel test, {test['networks']:.0f} networks)",
            source="section 4.3; the test is topokit's",
            why="ten networks whose distances differ little show none but strong relations",
        ),
    )
    return reduced(verdicts, "after a tenth of the training") if scale == "quick" else verdicts


DURING_TRAINING = (
    Item(
        name="fig4",
        title="Distances between ten networks over training with SET",
        says="Ten networks that differ by generations of 1 % drift apart while they are trained with SET on "
        "Fashion-MNIST: the distance of their first layers grows from 0 to 0.6.",
        measure=partial(measure_training, experiment=SET_FASHION, epochs=AUTHORS_EPOCHS, name="generation"),
        draw=draw_training,
        judge=judge_training,
        scales=dict(SET_FASHION.what),
        experiments=(SET_FASHION,),
        published=Published(what=AUTHORS, holds=holds_authors, measure=measure_authors),
        minutes=1.0,
        remarks=(
            PANEL_A,
            "The text names epochs 10, 30, 100 and 190; the figure has 0 and 50 besides, the files 20, 40 and 150.",
            "The authors' ten networks began with the same weights, which the paper does not say. With weights of "
            "their own, as here, networks are further apart; fig4-one-start trains them from the same.",
            LOST,
            NO_ZERO,
            GREEDY,
        ),
    ),
    Item(
        name="fig4-one-start",
        title="The same for networks that begin with the same weights",
        says="As Fig. 4; in the authors' files the weights of all ten networks are the same after the first epoch on "
        "the edges that they share (correlation above 0.99), so that they began with the same.",
        measure=partial(
            measure_training,
            experiment=SET_FASHION_ONE_START,
            epochs=AUTHORS_EPOCHS,
            name="generation",
            edges=AUTHORS_EDGES,
        ),
        draw=draw_training,
        judge=partial(judge_training, one_start=True),
        scales=dict(SET_FASHION_ONE_START.what),
        experiments=(SET_FASHION_ONE_START,),
        minutes=1.0,
        remarks=(PANEL_A, LOST, NO_ZERO),
    ),
)

MANY = Item(
    name="many",
    title="Many different topologies that are equally good",
    says="The ten networks end up with very different topologies and very similar accuracies: there are many "
    "sparse topologies of good performance.",
    measure=partial(measure_many, experiment=SET_FASHION, name="generation"),
    draw=draw_many,
    judge=judge_many,
    scales=dict(SET_FASHION.what),
    experiments=(SET_FASHION,),
    published=Published(what=AUTHORS, holds=holds_authors, measure=measure_authors_many),
    remarks=(
        "The paper tests no relation. Here it is a Mantel test, for pairs of networks are not independent; with "
        "ten networks whose distances differ little it finds none but strong relations.",
        "Accuracies are the best ones on the validation data, as in Table 1, whatever its caption says.",
        NO_ZERO,
    ),
)
