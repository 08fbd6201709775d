"""Items of Van Gelder et al.: measured on small runs, judged on tables that say what the paper says, and others."""

from __future__ import annotations

from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible
from scipy.stats import ttest_ind

import topokit as tk
from topokit.papers.experiment import Retraining, Sweep
from topokit.papers.recipes.degree_paths import draw_paths, measure_paths
from topokit.papers.recipes.four_algorithms import measure_algorithms
from topokit.papers.recipes.freezing_epochs import draw_freezing, gains, measure_freezing
from topokit.papers.recipes.run_orders import above
from topokit.papers.recipes.structure_accuracies import draw_structures, measure_structures
from topokit.papers.recipes.zeroing_sensitivity import draw_zeroing, kept_accuracy, measure_zeroing
from topokit.papers.vangelder2020 import PAPER
from topokit.papers.vangelder2020.training import DEGREES, FROZEN, GRAPHS, ON_MNIST, RETRAINED, ROUNDS, half_cosine
from topokit.papers.vangelder2020.verdicts import (
    judge_algorithms,
    judge_freezing,
    judge_paths,
    judge_structures,
    judge_zeroing,
)
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE, Verdict
from topokit.papers.workplace import Workplace

WORDS = {"quick": "", "paper": ""}
MINUTES = {"quick": 0.1, "paper": 1.0}
SMALL: dict[str, Any] = {
    **{"dataset": "digits", "hidden": [24, 12], "density": 0.3, "mask": "uniform", "epochs": 2, "batch_size": 256},
    **{"validation_fraction": 0.0, "record_weights": False, "record_every": 1},
}


def judgements(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [verdict.verdict for verdict in verdicts]


def small(name: str, **values: Any) -> Sweep:
    return Sweep(name=name, what=WORDS, core_minutes=MINUTES, values=[{**SMALL, **values}])


def place(folder: Path) -> Workplace:
    return Workplace(paper="vangelder2020", scale="paper", folder=folder)


def test_algorithms_do_what_the_paper_says(tmp_path: Path) -> None:
    made = tk.reproduce("vangelder2020", "alg", folder=tmp_path)
    assert set(judgements(made.verdicts)) == {AGREE}
    changes = made.tables["changes"].set_index("graph")
    assert (changes["gone"] - changes["come"]).to_dict() == {"LT": 13, "DNW": 0, "RigL": 0, "random": 0}
    assert changes.loc["DNW", "come"] > 0


def test_algorithms_that_do_something_else_disagree(tmp_path: Path) -> None:
    tables = measure_algorithms(place(tmp_path), graphs=GRAPHS)
    changes, shares = tables["changes"], tables["shares"]
    other = changes.assign(as_told=changes["graph"] != "DNW", after=changes["after"] - (changes["graph"] == "RigL"))
    verdicts = judge_algorithms({**tables, "changes": other, "shares": shares.assign(share=0.3)}, "exact")
    assert [one.quantity.split(", ")[-1] for one in verdicts if one.verdict == DISAGREE][:2] == ["DNW", "RigL"]
    assert verdicts[-1].verdict == DISAGREE


def test_halvings_follow_the_cosine() -> None:
    for epochs in (10, 100):
        told = half_cosine(epochs)
        for epoch in range(1, epochs + 1):
            cosine = (1 + cos(pi * (epoch - 0.5) / epochs)) / 2
            steps = told["lr_factor"] ** sum(milestone < epoch for milestone in told["milestones"])
            if cosine > 2**-6:
                assert 0.6 < cosine / steps < 1.7


def test_pruning_by_a_fifth_comes_by_the_densities() -> None:
    for rounds, density in ROUNDS.items():
        assert 0.8**rounds == pytest.approx(density, rel=0.01)
    configs = [run.config for run in RETRAINED["imp"].plan("paper", lambda experiment, run: Path(run.name))]
    assert sorted({config.structure_epoch for config in configs}) == [100 * (k + 1) for k in ROUNDS]


@pytest.mark.parametrize("scale", ["quick", "paper"])
def test_all_methods_train_alike(scale: Any) -> None:
    own = {"method", "seed", "record_every", "rounds", "update_every", "prune_scope", "update_replaces_step"}
    own |= {"keep_regrown", "stop_fraction", "drop"}
    for group in (ON_MNIST, RETRAINED):
        plans = [experiment.plan(scale, lambda e, run: Path(run.name)) for experiment in group.values()]
        first = plans[-1][0].config
        free = own | {"structure", "structure_epoch", "structure_weights", "density", "mask_seed", "prune_fraction"}
        assert {name for plan in plans for run in plan for name in first.differences(run.config)} <= free
    assert {run.config.dense_output for run in FROZEN.plan(scale, lambda e, run: Path(run.name))} == {False}
    assert len(DEGREES.plan(scale, lambda e, run: Path(run.name))) == 3


def test_runs_are_told_apart_as_far_as_their_spread_allows() -> None:
    high, low = [3.0, 5.0, 4.5], [0.5, 1.0, 1.0, 1.5]
    assert ttest_ind(high, low, equal_var=False).pvalue < 0.05
    verdicts = [above("", "", *runs, source="") for runs in ((high, low), (low, high), (high, high), ([3.0], low))]
    assert [one.verdict for one in verdicts] == [AGREE, DISAGREE, NOT_COMPARABLE, NOT_COMPARABLE]
    assert verdicts[-1].why == "single runs do not tell"


def structures(points: dict[str, tuple[float, float]]) -> dict[str, pd.DataFrame]:
    """Two sparsities; each graph so many points above random in the one and the other."""
    rows = [
        (graph, sparsity, 100 - sparsity, seed, 80 - sparsity / 10 + more[place] + 0.1 * seed)
        for graph, more in points.items()
        for place, sparsity in enumerate((79.03, 98.85))
        for seed in (1, 2, 3)
    ]
    return {"runs": pd.DataFrame(rows, columns=["graph", "sparsity", "density", "seed", "accuracy"])}


def test_structures_agree_with_the_paper_or_do_not() -> None:
    told = structures({"LT": (0.1, 0.2), "DNW": (1, 4), "RigL": (1, 3), "random": (0, 0)})
    assert set(judgements(judge_structures(told, "paper"))) == {AGREE}
    assert_legible(draw_structures(told)["accuracy"])
    other = structures({"LT": (1, 4), "DNW": (0, 4), "RigL": (3, -2), "random": (0, 0)})
    verdicts = judge_structures(other, "paper")
    assert judgements(verdicts) == [NOT_COMPARABLE, AGREE, AGREE, DISAGREE, DISAGREE, AGREE, DISAGREE]
    quick = judge_structures(told, "quick")
    assert set(judgements(quick)) == {NOT_COMPARABLE}
    assert "MLP on MNIST" in quick[3].why
    none = judge_structures(structures({"LT": (1, 1), "DNW": (0, 0), "RigL": (0, 0), "random": (0, 0)}), "paper")
    assert none[4].verdict == NOT_COMPARABLE


def zeroed(by_size: dict[str, float], at_random: dict[str, float]) -> dict[str, pd.DataFrame]:
    """Accuracy that stays up to the given share, then falls to a tenth."""
    rows = [
        (graph, seed, order, removed, 90.0 if removed < until + seed else 9.0)
        for order, shares in (("smallest weights first", by_size), ("in random order", at_random))
        for graph, until in shares.items()
        for seed in range(3)
        for removed in np.linspace(0, 100, 101)
    ]
    return {"scores": pd.DataFrame(rows, columns=["graph", "seed", "order", "removed", "accuracy"])}


def test_zeroing_agrees_with_the_paper_or_does_not() -> None:
    told = zeroed({"LT": 80, "DNW": 85, "RigL": 82, "random": 60}, {"LT": 30, "DNW": 31, "RigL": 20, "random": 21})
    assert set(judgements(judge_zeroing(told, "paper"))) == {AGREE}
    assert kept_accuracy(told, "magnitude")["random"][0] == pytest.approx(100 * (0.595 + 0.405 * 0.1))
    other = zeroed({"LT": 50, "DNW": 60, "RigL": 82, "random": 60}, {"LT": 30, "DNW": 10, "RigL": 20, "random": 30})
    expected = [DISAGREE, NOT_COMPARABLE, AGREE, DISAGREE, DISAGREE, AGREE, NOT_COMPARABLE]
    assert judgements(judge_zeroing(other, "paper")) == expected


def paths(rho: float, tau: float, slope: float, gone: tuple[int, int]) -> dict[str, pd.DataFrame]:
    measures = {
        "tau": tau,
        "rho": rho,
        "p_value": 1e-4,
        "slope": slope,
        "log_change": 0.1,
        "chance_tau": 0.5,
        "chance_tau_low": 0.4,
    }
    rows = [
        {"seed": seed, "epoch": 8.0, "layer": layer, **measures, "chance_tau_high": 0.6, "chance_slope": 0.9}
        for seed in range(3)
        for layer in ("hidden1", "pooled")
    ]
    changes = [
        (s, period, n + s, 1000) for s in range(3) for period, n in zip(("until then", "afterwards"), gone, strict=True)
    ]
    return {
        "persistence": pd.DataFrame(rows),
        "changes": pd.DataFrame(changes, columns=["seed", "period", "gone", "edges"]),
    }


def test_paths_agree_with_the_paper_or_do_not() -> None:
    told = judge_paths(paths(0.9, 0.8, 1.5, (500, 200)), "paper")
    assert judgements(told) == [AGREE, NOT_COMPARABLE, AGREE, AGREE]
    assert told[1].ours == "0.80; by chance 0.50, 0.40 to 0.60"
    assert judgements(judge_paths(paths(0.5, 0.4, 0.8, (200, 500)), "paper"))[::2] == [DISAGREE, DISAGREE]
    assert judge_paths(paths(0.9, 0.8, 1.5, (200, 500)), "paper")[-1].verdict == DISAGREE
    assert judgements(judge_paths(paths(0.9, 0.8, 1.5, (500, 200)), "quick")).count(AGREE) == 1


def frozen(*accuracies: float) -> dict[str, pd.DataFrame]:
    rows = [(k, s, value + 0.1 * s) for s in range(3) for k, value in zip((0, 1, 3, 10), accuracies, strict=True)]
    return {"runs": pd.DataFrame(rows, columns=["freeze_epoch", "seed", "accuracy"])}


def test_freezing_agrees_with_the_paper_or_does_not() -> None:
    told = frozen(80, 88, 90, 91)
    assert judgements(judge_freezing(told, "paper")) == [AGREE, AGREE]
    early, later = gains(told, 3)
    assert early.tolist() == pytest.approx([10] * 3)
    assert later.tolist() == pytest.approx([1] * 3)
    assert_legible(draw_freezing(told)["accuracy"])
    assert judgements(judge_freezing(frozen(80, 81, 82, 90), "paper")) == [DISAGREE, AGREE]
    assert judgements(judge_freezing(frozen(80, 88, 91, 90), "paper")) == [AGREE, DISAGREE]


def test_degrees_are_measured_and_drawn(tmp_path: Path) -> None:
    runs = small("degrees", grid={"method": ["dnw"], "seed": [0, 1]})
    tables = measure_paths(place(tmp_path), experiment=runs, neurons=5)
    recording = tk.open_recording(place(tmp_path).folder_of(runs, runs.plan("paper", place(tmp_path).folder_of)[0]))
    row = tables["paths"].query("layer == 'hidden1' and epoch == 2").iloc[0]
    assert row["degree"] == recording[-1].in_degrees("hidden1")[int(row["neuron"])]
    assert row["reference"] == recording.at(epoch=1).in_degrees("hidden1")[int(row["neuron"])]
    found = tk.degree_persistence(recording).frame.query("epoch == 2 and layer == 'pooled'").iloc[0]
    stored = tables["persistence"].query("seed == 0 and epoch == 2 and layer == 'pooled'").iloc[0]
    assert stored["tau"] == pytest.approx(found["tau"], abs=1e-4)
    changes = tk.edge_changes([recording[0], recording.at(epoch=1)]).dropped[0, -1]
    assert tables["changes"].query("seed == 0")["gone"].iloc[0] == changes
    for figure in draw_paths(tables).values():
        assert_legible(figure)
    assert len(judge_paths(tables, "quick")) == 7


def test_structures_and_zeroing_are_measured_and_drawn(tmp_path: Path) -> None:
    found = small("found", method="imp", rounds=1, epochs=1, prune_fraction=0.7, grid={"method": ["imp"], "seed": [0]})
    found.values[0].pop("method")
    again = Retraining(
        name="again",
        what=WORDS,
        core_minutes=MINUTES,
        source=found,
        seeds={"quick": [1], "paper": [1, 2]},
        epochs={"quick": [2], "paper": [2]},
    )
    random = small("random", mask_seed=0, grid={"method": ["static"], "density": [0.3], "seed": [1, 2]})
    random.values[0].pop("density")
    graphs = {"imp": "LT", "static": "random"}
    runs = measure_structures(
        place(tmp_path), retrained={"imp": again, "static": random}, graphs=graphs, densities=[0.3, 0.1]
    )["runs"]
    assert runs["graph"].tolist() == ["LT", "LT", "random", "random"]
    assert set(runs["sparsity"]) == {70.0}
    assert runs["density"].between(29, 31).all()
    tables = measure_zeroing(place(tmp_path), trained={"imp": again, "static": random}, graphs=graphs, repeats=1)
    scores = tables["scores"]
    whole = scores[scores["removed"] == 0].drop_duplicates(["graph", "seed"])["accuracy"]
    assert whole.tolist() == runs["accuracy"].tolist()
    assert_legible(draw_zeroing(tables)["accuracy"])


def test_freezing_is_measured(tmp_path: Path) -> None:
    runs = small("freezing", method="dnw-frozen", grid={"freeze_epoch": [0, 2], "seed": [0]})
    table = measure_freezing(place(tmp_path), experiment=runs)["runs"]
    assert table["freeze_epoch"].tolist() == [0, 2]
    assert table["accuracy"].between(5, 100).all()


def test_every_item_says_what_was_reduced() -> None:
    assert [item.name for item in PAPER.items] == ["alg", "fig1", "fig2", "fig3", "fig4"]
    for item in PAPER.items[1:]:
        assert set(item.scales) == {"quick", "paper"}
        assert "of 100 epochs" in item.scales["quick"]
