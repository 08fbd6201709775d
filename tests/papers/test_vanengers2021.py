"""van Engers 2021: what needs no training is made, verdicts can fail, and points may be missing from a sweep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import topokit as tk
from topokit.errors import RecordingError
from topokit.papers import Sweep, Workplace
from topokit.papers.recipes.accuracy_laws import formula_runs, laws, mse_surface, runs_of
from topokit.papers.recipes.input_structure import (
    KEPT,
    NOTHING_LEFT,
    WHOLE,
    draw_maps,
    draw_structure,
    measure_maps,
    structure,
    structure_ends,
)
from topokit.papers.vanengers2021.paper import DATASET, PAPER
from topokit.papers.vanengers2021.training import PROTOCOL, QUICK_SHARES, REPEATED, SHARES, ZETA
from topokit.papers.vanengers2021.verdicts import (
    CONTOUR,
    FORMULA,
    RUN_ERROR,
    formula_errors,
    judge_accuracies,
    judge_contour,
    judge_equation,
    judge_maps,
    judge_surface,
)
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE, Verdict

EXACT = [item.name for item in PAPER.items if "exact" in item.scales]


def outcomes(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [verdict.verdict for verdict in verdicts]


def runs(shift: float = 0.0, curve: object = FORMULA) -> pd.DataFrame:
    scatter = np.random.default_rng(0).normal(0, 0.004, len(SHARES))
    table = formula_runs(curve, SHARES)
    return table.assign(accuracy=(table["accuracy"] + scatter + shift).round(3))


@pytest.mark.parametrize("name", EXACT)
def test_what_needs_no_training_agrees_or_says_why(name: str, tmp_path: Path) -> None:
    item = PAPER.item(name)
    tables = item.measure(Workplace(paper="vanengers2021", scale="exact", folder=tmp_path))
    verdicts = item.judge(tables, "exact")
    assert verdicts
    for verdict in verdicts:
        assert verdict.verdict == AGREE or (verdict.verdict == DISAGREE and verdict.why)
    assert sum(len(table.to_csv()) for table in tables.values()) < 100_000


def test_the_formula_does_not_have_the_papers_contour() -> None:
    tables = PAPER.item("esc").measure(Workplace(paper="vanengers2021", scale="exact", folder=Path()))
    first, second = judge_contour(tables, "exact")
    assert first.verdict == DISAGREE
    assert first.ours == pytest.approx(1 + np.log(2 * RUN_ERROR / 0.204) / 183, abs=1e-4)
    assert second.verdict == AGREE


def test_the_sweep_is_that_of_the_paper() -> None:
    place = Workplace(paper="vanengers2021", scale="paper", folder=Path())
    plan = place.plan(ZETA)
    assert len(SHARES) == 38
    assert {run.config.rewire_fraction for run in plan} == set(SHARES)
    assert len(plan) == len(SHARES) + 2 * len(REPEATED)
    config = plan[0].config
    assert (config.epochs, config.batch_size, config.learning_rate, config.dropout) == (1000, 40, 0.05, 0.2)
    assert (config.train_samples, config.test_samples, config.epsilon) == (5000, 1000, 13)
    quick = replace(place, scale="quick").plan(ZETA)
    assert [run.config.rewire_fraction for run in quick] == list(QUICK_SHARES)


def test_accuracies_like_the_formula_agree_and_others_do_not() -> None:
    assert set(outcomes(judge_accuracies({"runs": runs()}, "paper"))) == {AGREE}
    numbers = judge_accuracies({"runs": runs(shift=-0.04)}, "paper")[:10]
    assert set(outcomes(numbers)) == {DISAGREE}
    early = runs(curve=FORMULA._replace(a=0.3, b=20.0))
    found = {verdict.quantity: verdict for verdict in judge_accuracies({"runs": early}, "paper")}
    assert found["loss at ζ = 0.96 (inside its 95 % interval for none)"].verdict == DISAGREE
    late = next(verdict for words, verdict in found.items() if words.startswith("accuracy falls faster"))
    assert late.verdict == DISAGREE


def test_missing_points_are_said_and_short_training_is_not_judged() -> None:
    some = runs()
    some = some[some["share"].isin([0.3, 0.9, 0.96, 0.99, 1.0])]
    found = judge_accuracies({"runs": some}, "paper")
    assert [verdict.why for verdict in found if verdict.verdict == NOT_COMPARABLE] == (
        ["no run of this share is there"] * 5
    )
    short = judge_accuracies({"runs": some}, "quick")
    assert outcomes(short[:-1]) == [NOT_COMPARABLE] * 7
    assert short[-1].verdict == AGREE


def test_too_few_points_for_a_law_are_drawn_without_one() -> None:
    some = runs()
    figure = PAPER.item("fig3").draw({"runs": some[some["share"].isin([0.3, 0.9, 0.96])]})["accuracy"]
    labels = figure.get_legend_handles_labels()[1]
    assert sorted(labels) == ["formula of the paper", "runs"]


def test_laws_of_runs() -> None:
    table = laws(runs(), {"images": RUN_ERROR, "scatter": None}, replicates=50)
    assert len(table) == 4
    assert set(outcomes(judge_equation({"laws": table}, "paper"))) == {AGREE}
    slow = laws(runs(curve=FORMULA._replace(b=60.0)), {"images": RUN_ERROR}, replicates=50)
    assert DISAGREE in outcomes(judge_equation({"laws": slow}, "paper"))
    assert set(outcomes(judge_equation({"laws": slow}, "quick"))) == {NOT_COMPARABLE}


def test_errors_of_the_papers_parameters_are_those_of_a_fit_to_its_residuals() -> None:
    drawn = np.random.default_rng(1).normal(0, np.sqrt(0.00013), len(SHARES))
    law = tk.accuracy_law(SHARES, FORMULA.at(SHARES) + drawn, replicates=0)
    ours = law.standard_errors
    assert_allclose([ours[name] for name in "ab"], [formula_errors()[name] for name in "ab"], rtol=0.35)


def test_surface_of_runs() -> None:
    grid = (np.linspace(0.004, 0.504, 51), np.linspace(8, 508, 41))
    near, far = runs(), runs(curve=FORMULA._replace(a=0.45))
    assert outcomes(judge_surface({"runs": near, "surface": mse_surface(near, *grid)}, "paper")) == [AGREE]
    assert outcomes(judge_surface({"runs": far, "surface": mse_surface(far, *grid)}, "paper")) == [DISAGREE]


def maps(structured: bool, share: float = CONTOUR) -> pd.DataFrame:
    """Maps of two thousand edges that lie anywhere, or in the middle of the image alone."""
    rng = np.random.default_rng(0)
    middle = np.zeros((28, 28), bool)
    middle[7:21, 7:21] = True
    chosen = np.flatnonzero(middle) if structured else np.arange(784)
    weights = np.zeros((784, 40))
    for column in weights.T:
        column[rng.choice(chosen, 50, replace=False)] = rng.normal(size=50)
    network = tk.LayeredDAG.from_adjacencies([weights], input_shape=(28, 28))
    row = structure(network, "count", middle.ravel().astype(float))
    return pd.DataFrame([{"share": share, "seed": 0, "network": KEPT, "value": "connections", **row._asdict()}])


def test_structure_is_told_from_chance() -> None:
    there, absent = maps(structured=True), maps(structured=False)
    assert there["moran_p"].item() < 0.01
    assert there["correlation"].item() > 0.5
    assert absent["moran_p"].item() > 0.05
    assert there["edges"].item() == absent["edges"].item() == 2000
    assert there["mean"].item() == pytest.approx(2000 / 784, rel=1e-4)


def test_a_map_with_structure_at_the_contour_disagrees() -> None:
    there, absent = (pd.concat([maps(structured=flag), maps(structured=True, share=0.2)]) for flag in (True, False))
    for table, expected in ((there, DISAGREE), (absent, AGREE)):
        verdicts = {verdict.quantity: verdict.verdict for verdict in judge_maps({"structure": table}, "paper")}
        assert verdicts[f"structure at ζ = 0.96, {KEPT}"] == expected
        assert verdicts[f"structure at ζ = 0.96, {WHOLE}"] == NOT_COMPARABLE
        assert verdicts["connections lie where the images vary, ζ = 0.2"] == AGREE


def test_the_end_of_structure_is_the_first_share_without_it() -> None:
    shares = [0.2, 0.4, 0.6, 0.8]
    rows = pd.DataFrame({"share": shares, "network": KEPT, "value": "weight", "moran_p": [0.001, 0.001, 0.5, 0.001]})
    ends = structure_ends(rows).iloc[0]
    assert (ends["last_told"], ends["first_untold"]) == (0.4, 0.6)
    still = rows.iloc[:1].assign(share=0.0, moran_p=0.9)
    assert structure_ends(pd.concat([still, rows])).iloc[0]["last_told"] == 0.4
    none = structure_ends(rows.assign(moran_p=np.nan)).iloc[0]
    assert np.isnan(none["last_told"])
    assert none["first_untold"] == 0.2
    every = structure_ends(rows.assign(moran_p=0.001)).iloc[0]
    assert every["last_told"] == 0.8
    assert np.isnan(every["first_untold"])


def test_a_network_without_edges_has_no_structure() -> None:
    empty = tk.LayeredDAG.from_adjacencies([np.zeros((784, 5))], input_shape=(28, 28))
    assert structure(empty, "count", np.arange(784.0)) == NOTHING_LEFT


TINY = Sweep(
    name="tiny",
    what={"quick": "a toy"},
    core_minutes={"quick": 0.01},
    values=[
        {
            "profile": "set-scipy",
            "dataset": "digits",
            "hidden": [12],
            "epsilon": 8,
            "epochs": 4,
            "engine": "sparse",
            "prune_at_end": True,
            "grid": {"seed": [0], "rewire_fraction": [0.2, 0.3, 0.5]},
        }
    ],
    gaps=True,
)


def test_recordings_may_lack_points_of_a_sweep_that_can_do_without(tmp_path: Path) -> None:
    place = Workplace(paper="vanengers2021", scale="quick", folder=tmp_path)
    whole = runs_of(place, TINY)
    assert whole["share"].tolist() == [0.2, 0.3, 0.5]
    assert not place.used[0].notes
    for run, row in zip(place.used[0], whole.itertuples(), strict=True):
        measured = run.recording.metrics.set_index("epoch")["test_accuracy"]
        assert row.accuracy == pytest.approx(measured.max(), abs=1e-6)
        assert row.best_epoch == measured.idxmax()
    folder = tmp_path / "runs" / "vanengers2021"
    (folder / "tiny-quick" / "runs" / "seed=0,rewire_fraction=0.3").rename(tmp_path / "aside")
    given = Workplace(paper="vanengers2021", scale="quick", folder=tmp_path / "new", data=folder)
    assert runs_of(given, TINY).equals(whole[whole["share"] != 0.3].reset_index(drop=True))
    assert given.used[0].notes == ("1 of 3 runs are missing: seed=0,rewire_fraction=0.3",)
    strict = replace(TINY, gaps=False)
    with pytest.raises(RecordingError, match=r"none of its 2 finished recordings is run seed=0,rewire_fraction=0\.3"):
        Workplace(paper="vanengers2021", scale="quick", folder=tmp_path / "new", data=folder).trained(strict)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match="none of its 0 finished recordings"):
        Workplace(paper="x", scale="quick", folder=tmp_path, data=tmp_path / "empty").trained(TINY)


@pytest.mark.slow
@pytest.mark.datasets
def test_a_short_sweep_from_training_to_verdicts(tmp_path: Path) -> None:
    shares = [0.2, 0.6, 0.9, 0.96, 1.0]
    short = {"epochs": 4, "record_every": 3, "train_samples": 1000, "grid": {"seed": [0], "rewire_fraction": shares}}
    place = Workplace(paper="vanengers2021", scale="quick", folder=tmp_path)
    sweep = replace(ZETA, quick=short)
    tables = measure_maps(place, experiment=sweep, dataset=DATASET, shares=shares, most=3)
    assert list(tables["pixels"].columns[2:5]) == [
        f"{KEPT} | connections | 0.2",
        f"{KEPT} | weight | 0.2",
        f"{WHOLE} | connections | 0.2",
    ]
    table = tables["structure"]
    assert len(table) == 4 * len(shares)
    kept = table[(table["network"] == KEPT) & (table["value"] == "connections")].set_index("share")["edges"]
    whole = table[(table["network"] == WHOLE) & (table["value"] == "connections")].set_index("share")["edges"]
    assert whole.between(22_500, 23_900).all()
    assert_allclose(kept / whole, 1 - np.array(shares), atol=0.001)
    assert tables["pixels"][f"{KEPT} | connections | 0.6"].sum() == kept[0.6]
    assert set(draw_maps(tables)) == {"connections", "weights", "regrown", "significance"}
    assert set(draw_structure(tables)) == {"structure", "structure_end"}
    assert judge_maps(tables, "quick")
    assert PROTOCOL["epochs"] == 1000
