"""Fig. 13 of the thesis of Matab, rules of pruning, and the defect that probably lies behind it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from topokit.papers.experiment import Scale, Sweep
from topokit.papers.matab2024.cells import SHORT
from topokit.papers.matab2024.numbers import RUNS
from topokit.papers.matab2024.training import GROWERS, MLP, PROTOCOL
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.pruning_rules import draw_removed, draw_rules, measure_removed, rule_rows
from topokit.papers.recipes.run_orders import above, all_above
from topokit.papers.verdicts import Verdict, equals, reduced
from topokit.papers.workplace import Workplace

RULES = {"magnitude": "magnitude", "set": "SET", "set-nowak": "SET, defective", "random": "at random"}
FRACTIONS = (0.02, 0.1, 0.3, 0.5)

_DROPPED = "Section 4.3.1: of the connections of a layer the share p(t) is pruned"
_DEFECT = (
    "The public code on which the runs seem to rest (Nowak et al. 2023, after Liu et al. 2021) sorts the negative "
    "weights the wrong way when it is asked for SET: of those it keeps the ones farthest from 0 only, and so prunes "
    "about half of the edges whatever the share. If that option was used, the figure compares magnitude with a defect, "
    "not with SET."
)

_RULE_GRID = {"drop": list(RULES), "method": list(GROWERS)}
_LITTLE_RULES = {
    "train_samples": 4000,
    "test_samples": 2000,
    "epochs": 6,
    "milestones": [3, 4],
    "update_every": 20,
    "init": "he-sparse",
    "grid": {**_RULE_GRID, "seed": [0]},
}
_REDUCED_RULES = (
    "4,000 images, 6 of 300 epochs, 1 of 5 seeds, a change of the wiring every 20 instead of 400 steps, first weights "
    "by He's rule over the edges"
)


def _rule_sweep(model: str, label: str, own: dict[str, object], minutes: tuple[float, float]) -> Sweep:
    words = f"{label} on CIFAR-10, 95 % sparse, four rules of pruning with three growers"
    shared = {key: value for key, value in own.items() if key != "record_weights"}
    return Sweep(
        name=f"fig13-{model}",
        what={"quick": f"{words}: {_REDUCED_RULES}", "paper": f"{words}, 300 epochs, {RUNS} seeds"},
        core_minutes={"quick": minutes[0], "paper": minutes[1]},
        values=[
            {
                **shared,
                "dataset": "cifar-10",
                "augment": "flip-crop",
                "record_every": 0,
                "grid": {**_RULE_GRID, "seed": list(range(RUNS))},
            }
        ],
        quick=_LITTLE_RULES,
    )


RULE_SWEEPS = {
    "MLP": _rule_sweep("mlp", "MLP", dict(MLP), (0.1, 25)),
    "ConvNet": _rule_sweep("convnet", "ConvNet", {**PROTOCOL, "model": "convnet", "init": "torch"}, (0.3, 200)),
}


def measure_rules(place: Workplace) -> Tables:
    """Table "accuracies": model, rule, grower, seed, accuracy in percent."""
    rows = [
        rule_rows(place.trained(experiment), model=model, rules=RULES, growers=GROWERS)
        for model, experiment in RULE_SWEEPS.items()
    ]
    return {"accuracies": pd.concat(rows, ignore_index=True)}


def judge_rules(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Magnitude against both kinds of SET, for each model and grower."""
    table = tables["accuracies"]
    groups = table.groupby(["model", "grower"], sort=False)
    best = [_judge_rule(str(model), str(grower), runs) for (model, grower), runs in groups]
    worst = [_judge_chance(str(model), runs) for model, runs in table.groupby("model", sort=False)]
    return reduced([*best, *worst], SHORT) if scale == "quick" else (*best, *worst)


def _judge_rule(model: str, grower: str, runs: pd.DataFrame) -> Verdict:
    """Magnitude beside the better of the others."""
    by_rule = runs.groupby("rule", sort=False)["accuracy"]
    means = by_rule.mean()
    words = ", ".join(f"{rule} {mean:.2f}" for rule, mean in means.items())
    others = means.drop("magnitude")
    best = str(others.idxmax())
    return above(
        f"best rule of pruning, {model}, {grower} regrowth: magnitude and {best}",
        "magnitude",
        by_rule.get_group("magnitude"),
        by_rule.get_group(best),
        source="Fig. 13, appendix A",
        why=f"all of them: {words} %",
    )


def _judge_chance(model: str, runs: pd.DataFrame) -> Verdict:
    """Chance on both sides below every other pair of rules."""
    chosen = {pair: part["accuracy"] for pair, part in runs.groupby(["rule", "grower"], sort=False)}
    chance = chosen.pop((RULES["random"], "random"))
    rule, grower = min(chosen, key=lambda pair: chosen[pair].mean())
    return all_above(
        f"random pruning with random regrowth, {model}",
        "the worst, consistently",
        f"{chance.mean():.2f} %; {rule} with {grower} {chosen[rule, grower].mean():.2f} %",
        [(others, chance) for others in chosen.values()],
        source="Fig. 13, appendix A",
    )


def judge_removed(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """What the defective rule takes of the negative weights, and how far all rules are from the share asked for."""
    shares = tables["removed"].groupby(["rule", "fraction"], sort=False)[["negative", "all"]].mean().reset_index()
    wrong = shares[shares["rule"] == RULES["set-nowak"]].set_index("fraction")["negative"]
    found = [
        equals(
            f"negative weights that go at p = {fraction:g} (%), defective SET",
            100 * (1 - fraction),
            round(float(wrong[fraction]), 2),
            tolerance=0.5,
            source="by reading the public code: a share 1 - p",
        )
        for fraction in (0.3, 0.1, 0.02)
    ]
    return (*found, *(_judge_share(row) for row in shares.to_dict("records")))


def _judge_share(row: Mapping[Hashable, Any]) -> Verdict:
    return equals(
        f"edges that go at p = {row['fraction']:g} (%), {row['rule']}",
        100 * row["fraction"],
        round(float(row["all"]), 2),
        tolerance=0.05,
        source=_DROPPED,
        why=f"it sorts the negative weights the wrong way and takes {row['negative']:.0f} % of them",
    )


PRUNING_ITEMS = [
    Item(
        name="fig13",
        title="Rules of pruning with each regrowth",
        says="Plain magnitude pruning performs best overall with each regrowth; random pruning with random regrowth is "
        "the worst, consistently. No numbers.",
        measure=measure_rules,
        draw=draw_rules,
        judge=judge_rules,
        scales={
            scale: "; ".join(experiment.what[scale] for experiment in RULE_SWEEPS.values())
            for scale in ("quick", "paper")
        },
        experiments=list(RULE_SWEEPS.values()),
        remarks=[
            _DEFECT,
            "Item fig13-defect shows what each rule takes. Which models are in the figure is not told.",
        ],
    ),
    Item(
        name="fig13-defect",
        title="What the rules of pruning take",
        says="SET prunes the share p of the positive and of the negative weights, those nearest to 0 (Table 1).",
        measure=partial(measure_removed, rules=RULES, fractions=FRACTIONS),
        draw=draw_removed,
        judge=judge_removed,
        scales={"exact": "five layers of 100,000 normal weights"},
        remarks=[_DEFECT],
    ),
]
