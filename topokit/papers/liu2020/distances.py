"""Figures 5 and 6 of Liu et al. 2020: how far networks are apart before and after training, and one from its start."""

from __future__ import annotations

from functools import partial

import numpy as np

from topokit.generators import erdos_renyi
from topokit.papers.experiment import Scale
from topokit.papers.liu2020.drift import NO_ZERO
from topokit.papers.liu2020.initial import network_name, related
from topokit.papers.liu2020.training import FASHION_SPARSE, SET_CIFAR
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.distances_before_after import (
    draw_before_after,
    draw_within,
    from_the_start,
    measure_before_after,
    measure_with_chance,
    measure_within,
    random_distances,
)
from topokit.papers.recipes.er_epsilon import epsilon_of
from topokit.papers.verdicts import Verdict, holds, lies_within, not_comparable, reduced
from topokit.papers.workplace import TrainedRun, Workplace

CIFAR_WIDTHS = (3072, 1000, 1000, 10)
MOST = 0.9
"""Of the pairs; unrelated networks are at chance, about which some always fall."""

SHORT = "after 18 of 900 epochs on a tenth of the data"

RANDOM_LEVEL = "Two random layers of 3072 and 1000 neurons with 0.7 % of the edges are at 0.94."


def seed_name(run: TrainedRun) -> str:
    """Such as s3, as the paper calls networks of different seeds."""
    return f"s{run.swept['seed']}"


def level_name(run: TrainedRun) -> str:
    """Such as 0.6%a2; see `network_name`."""
    return network_name(run.swept["density"], run.swept["mask_seed"] % 2, run.swept["generation"])


def judge_levels_after(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether distances increase, by what the networks had in common."""
    pairs = tables["distances"]
    gains = (pairs["after"] - pairs["before"]).groupby(related(pairs))
    words = {"root": "of one root", "density": "of one density", "nothing": "of two densities"}
    verdicts = {
        str(kind): holds(
            f"change of the distance between networks {words[str(kind)]}",
            "increases, 'in varying degrees': taken as nine of ten pairs",
            f"{float((part > 0).mean()):.0%} of {len(part)} pairs, mean {part.mean():+.3f}".replace("%", " %"),
            bool((part > 0).mean() >= MOST),
            source="section 4.3, Fig. 5",
            why="networks without a common root are at chance before training; that level differs between wirings "
            "with and without hubs, in either direction",
        )
        for kind, part in gains
    }
    if scale == "quick":
        # Unrelated networks start at chance and need hubs to leave it, for which these runs are too short.
        early = {kind: found for kind, found in verdicts.items() if kind != "root"}
        verdicts |= dict(
            zip(early, reduced(early.values(), "after 8 of 200 epochs on a fifth of the data"), strict=True)
        )
    return tuple(verdicts.values())


def measure_random(place: Workplace) -> Tables:
    """Ten networks of different seeds, not trained."""
    epsilon = epsilon_of(0.007, CIFAR_WIDTHS[0], CIFAR_WIDTHS[1])
    return random_distances({f"s{seed}": erdos_renyi(CIFAR_WIDTHS, epsilon=epsilon, rng=seed) for seed in range(10)})


def judge_seeds(tables: Tables, scale: Scale, *, moment: str) -> tuple[Verdict, ...]:
    """Whether networks of different seeds are far apart."""
    values, shares = (tables[name][moment] for name in ("distances", "shares"))
    verdicts = (
        lies_within(
            f"smallest distance {moment} training: 'very big', as the paper calls 0.8",
            (0.8, 1.0),
            float(values.min()),
            spread=float(values.std()),
            source="section 4.3, Fig. 6",
        ),
        not_comparable(
            f"mean distance {moment} training over that of random networks",
            "'very different topologies'",
            float(shares.mean()),
            spread=float(shares.std()),
            source="section 4.3, Fig. 6",
            why="chance is 1; the paper gives no chance level",
        ),
    )
    return reduced(verdicts, SHORT) if scale == "quick" else verdicts


def judge_within(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """How far a network comes from its start."""
    pairs = tables["distances"]
    values = from_the_start(pairs)
    share = float(pairs.loc[pairs["a"].astype(str) == str(pairs["a"].iloc[0]), "share"].iloc[-1])
    rises = holds(
        "distance from the start",
        "gradually increases from 0",
        " ".join(f"{value:.3f}" for value in values),
        bool((np.diff(values) > 0).all()),
        source="section 4.3, Fig. 6c",
        why="one network: a step back may be smaller than what other random numbers change",
    )
    far = (
        lies_within(
            "distance of the end from the start: 'around 0.8', what rounds to it",
            (0.75, 0.85),
            float(values[-1]),
            source="section 4.3, Fig. 6c",
        ),
        lies_within(
            "the same over that of random networks: 'totally different'",
            (0.95, 1.05),
            share,
            source="section 4.3",
            why="the network keeps more of its first wiring than two unrelated networks share",
        ),
    )
    verdicts = (rises, *far)
    return reduced(verdicts, SHORT) if scale == "quick" else verdicts


AFTER_TRAINING = (
    Item(
        name="fig5",
        title="Distances between networks of twelve densities, before and after training",
        says="The distances between the 96 networks increase with training, in varying degrees.",
        measure=partial(measure_before_after, experiment=FASHION_SPARSE, name=level_name, method="set"),
        draw=draw_before_after,
        judge=judge_levels_after,
        scales=dict(FASHION_SPARSE.what),
        experiments=(FASHION_SPARSE,),
        minutes=3.0,
        remarks=(NO_ZERO,),
    ),
    Item(
        name="fig6a",
        title="Distances between networks of ten seeds before training",
        says="Ten networks of two hidden layers with a density of 0.7 %, for CIFAR-10: networks of different seeds are "
        "at very big distances.",
        measure=measure_random,
        draw=draw_before_after,
        judge=partial(judge_seeds, moment="before"),
        scales={"exact": "full size, no training"},
        remarks=(RANDOM_LEVEL,),
    ),
    Item(
        name="fig6b",
        title="Distances between networks of ten seeds after training",
        says="The same ten networks after training with SET: they end up with very different topologies too.",
        measure=partial(measure_with_chance, experiment=SET_CIFAR, name=seed_name),
        draw=draw_before_after,
        judge=partial(judge_seeds, moment="after"),
        scales=dict(SET_CIFAR.what),
        experiments=(SET_CIFAR,),
        minutes=0.5,
        remarks=(RANDOM_LEVEL, "Section 4.1 says 1000 epochs, section 4.3 says 900; these are 900."),
    ),
    Item(
        name="fig6c",
        title="Distances between moments of one training",
        says="One network of the ten, every 100 epochs: the distance from the start grows from 0 to around 0.8, "
        "towards a totally different topology.",
        measure=partial(measure_within, experiment=SET_CIFAR),
        draw=draw_within,
        judge=judge_within,
        scales=dict(SET_CIFAR.what),
        experiments=(SET_CIFAR,),
        minutes=0.2,
        remarks=(
            "0.8 is 85 % of the distance between unrelated networks of that density, 0.94: not totally different.",
        ),
    ),
)
