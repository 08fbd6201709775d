"""Figures of Matab et al. on the evolution of wirings: recipes against other code, and judges on altered tables."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import topokit as tk
from topokit import plots
from topokit.errors import RecordingError
from topokit.generators import erk_weight_counts
from topokit.papers.matab2024 import PAPER
from topokit.papers.matab2024.degree_verdicts import judge_power_laws, judge_spread
from topokit.papers.matab2024.setup import CONVNET, MLP, MODELS, judge_densities, judge_parameters, judge_updates
from topokit.papers.matab2024.training import GROWERS, MLP_FASHION
from topokit.papers.matab2024.untrained import judge_first_degrees, judge_rule, judge_untrained
from topokit.papers.matab2024.wiring import FIGURES, Figure
from topokit.papers.matab2024.wiring_verdicts import judge_attachment
from topokit.papers.recipes.decision_rules import power_law_sample
from topokit.papers.recipes.degree_distributions import counts_of, summed, with_shares
from topokit.papers.recipes.distribution_curves import tail_curve
from topokit.papers.recipes.layer_densities import shared_out
from topokit.papers.recipes.parameter_counts import measure_parameters
from topokit.papers.recipes.power_laws import FITTED, fixed
from topokit.papers.recipes.run_moments import check_finished, five_epochs, nearest, runs_by_grower, thinned
from topokit.papers.recipes.shells import example_network, measure_example
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE, Verdict
from topokit.papers.workplace import Workplace
from topokit.recording import Recording

TRAINED = ("fig5", "fig7", "fig8", "fig9a", "fig12", "fig18", "fig19", "fig20", "alternatives")
SMALL = replace(
    MLP_FASHION,
    values=[
        {
            **{"profile": "nowak", "dataset": "digits", "hidden": [96, 48], "density": 0.2, "epochs": 4},
            **{"learning_rate": 0.1, "update_every": 8, "record_weights": False},
            "grid": {"method": list(GROWERS), "seed": [0]},
        }
    ],
)


def no_place(scale: Any = "exact") -> Workplace:
    return Workplace(paper="matab2024", scale=scale, folder=Path("nowhere"))


def judged(verdicts: tuple[Verdict, ...], words: str) -> str:
    (found,) = [verdict.verdict for verdict in verdicts if words in verdict.quantity]
    return found


def tables_of(name: str) -> dict[str, pd.DataFrame]:
    return dict(PAPER.item(name).measure(no_place()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    here = Workplace(paper="matab2024", scale="paper", folder=tmp_path_factory.mktemp("runs"))
    here.trained(SMALL)
    return here


def first_run(place: Workplace) -> Recording:
    return next(runs_by_grower(place, SMALL, GROWERS))[2]


def test_every_figure_and_table_of_the_evolution_is_an_item() -> None:
    names = {item.name for item in PAPER.items}
    own = {"table1", "table2", "table5", "fig1", "fig2", "fig4", "fig10", "fig11", "rule", "threshold"}
    assert own | set(FIGURES) | {f"{name}-cifar10" for name in FIGURES} <= names
    assert {"fig5", "fig6", "fig7", "fig8", "fig9a", "fig9b", "fig12", "fig18", "fig19", "fig20"} <= set(FIGURES)


def test_update_rules_are_told_from_others() -> None:
    tables = tables_of("table1")
    assert {verdict.verdict for verdict in judge_updates(tables, "exact")} == {AGREE}
    edges = tables["edges"]
    swapped = edges.assign(gradient=edges["momentum"], momentum=edges["gradient"])
    found = judge_updates({**tables, "edges": swapped}, "exact")
    assert judged(found, "gradient: what comes") == judged(found, "momentum: what comes") == DISAGREE
    by_size = edges.assign(weight=edges["weight"].abs())
    assert judged(judge_updates({**tables, "edges": by_size}, "exact"), "SET, random: what goes") == DISAGREE
    often = tables["frequency"].assign(times=lambda table: table["times"] * (table["position"] % 2))
    assert judged(judge_updates({**tables, "frequency": often}, "exact"), "SET, random: what comes") == DISAGREE


@pytest.mark.parametrize("density", [0.02, 0.05, 0.3, 1.0])
def test_densities_follow_the_reference_loop(density: float) -> None:
    for layers in (MLP, CONVNET):
        shapes = list(layers.values())
        ours = shared_out(shapes, [sum(shape) for shape in shapes], density)
        assert np.allclose(ours, erk_weight_counts(shapes, density), atol=1)
        other = shared_out(shapes, [sum(shape[:2]) * prod(shape[2:]) for shape in shapes], density)
        assert np.allclose(other, erk_weight_counts(shapes, density, kernels=False), atol=1)


def test_formulas_of_sparsity_differ_in_convolutions_only() -> None:
    tables = tables_of("table2")
    found = judge_densities(tables, "exact")
    assert [verdict.verdict for verdict in found] == [AGREE] * 4 + [NOT_COMPARABLE]
    totals = tables["layers"].groupby(["network", "formula"])["weights"].sum()
    assert (totals["MLP"] - 0.05 * 3_675_136).abs().max() < 2
    assert (totals["ConvNet"] - 0.05 * 94_304).abs().max() < 3
    wrong = tables["layers"].assign(weights=tables["layers"]["weights"] + 1)
    assert judged(judge_densities({"layers": wrong}, "exact"), "edges of hidden1") == DISAGREE


def test_parameters_of_the_trainers_models() -> None:
    small = {name: MODELS[name] for name in ("MLP", "ConvNet")}
    rows = measure_parameters(no_place(), models=small, density=0.05)["models"]
    assert rows["parameters"].tolist() == [3_676_682, 94_538]
    assert rows["sparse_parameters"].tolist() == [183_834, 4_727]
    # 5 % of the weights and all biases.
    assert rows["sparse_weights"][0] == round(0.05 * (3072 * 1024 + 1024 * 512 + 5120)) + 1546
    resnets = rows.iloc[[0, 0, 0]].assign(model=["ResNet-50, 1000 classes", "ResNet-50, 10 classes", "ResNet-56"])
    found = judge_parameters({"models": pd.concat([rows, resnets])}, "exact")
    assert judged(found, "5 % of the parameters of the MLP") == AGREE
    assert (
        judged(found, "parameters of ResNet-56") == judged(found, "weights of ResNet-50 for 1000 classes") == DISAGREE
    )


def test_first_degrees_and_shells() -> None:
    for name in ("fig4", "fig10", "fig11", "fig1"):
        item = PAPER.item(name)
        tables = item.measure(no_place())
        assert DISAGREE not in {verdict.verdict for verdict in item.judge(tables, "exact")}
    other = tables_of("fig4")["means"].assign(mean=lambda table: table["mean"] + 1)
    assert {verdict.verdict for verdict in judge_first_degrees({"means": other}, "exact")} == {DISAGREE}


def test_example_is_the_same_network_again() -> None:
    tables = measure_example(no_place(), sizes=(8, 10, 8, 4), density=0.3, rng=3)
    graph = nx.Graph(tk.to_networkx(example_network(tables)))
    assert sorted(nx.core_number(graph).values()) == sorted(tables["neurons"]["shell"])
    assert sorted(dict(graph.degree).values()) == sorted(tables["neurons"]["degree"])


def test_counts_of_seeds_add_up() -> None:
    parts = [counts_of(np.array(degrees)).assign(layer="a") for degrees in ([3, 3, 5], [3, 9, 9])]
    table = with_shares(summed(parts))
    assert table["degree"].tolist() == [3, 5, 9]
    assert table["share"].tolist() == [0.5, 1 / 6, 2 / 6]


def test_distance_is_the_largest_gap_of_the_curve() -> None:
    values = power_law_sample(np.random.default_rng(3), n=300, exponent=2.3, xmin=40)
    fit = tk.fit_power_law(values, xmin=40, replicates=0)
    curve = tail_curve(fit)
    assert curve["data"].iloc[-1] == 1
    assert (curve["data"] - curve["model"]).abs().max() == pytest.approx(fit.distance, abs=1e-9)


def test_rules_of_decision_on_even_p_values() -> None:
    even = pd.DataFrame({"p_value": np.linspace(0, 1, 200)})
    assert [verdict.verdict for verdict in judge_rule({"p_values": even}, "exact")] == [DISAGREE, AGREE]
    high = pd.DataFrame({"p_value": np.full(200, 0.99)})
    assert [verdict.verdict for verdict in judge_rule({"p_values": high}, "exact")] == [AGREE, AGREE]


@pytest.mark.slow
def test_untrained_networks_have_an_exponent_and_no_power_law() -> None:
    tables = tables_of("threshold")
    pooled = tables["fits"][tables["fits"]["layer"] == "all together"]
    assert pooled["alpha"].between(3.4, 3.5).all()
    assert (pooled["p_value"] == 0).all()
    assert judged(judge_untrained(tables, "exact"), "2 < α < 3") == DISAGREE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fig1", "fig2", "fig4", "fig10", "fig11", "table2", "table5", "rule"])
def test_exact_items_are_made_whole(name: str, tmp_path: Path) -> None:
    made = tk.reproduce("matab2024", name, folder=tmp_path)
    expected = {"rule": 1}.get(name, 0)
    assert sum(verdict.verdict == DISAGREE for verdict in made.verdicts) == expected


@pytest.mark.parametrize("name", TRAINED)
def test_figures_are_measured_and_judged(name: str, place: Workplace) -> None:
    figure: Figure = FIGURES[name]
    tables = figure.measure(place, experiment=SMALL, growers=GROWERS)
    assert figure.judge(tables, "paper")
    late = {"fig8", "fig12", "fig20"}
    if name in late:
        assert {verdict.verdict for verdict in figure.judge(tables, "quick")} == {NOT_COMPARABLE}


def test_tables_hold_what_the_networks_are(place: Workplace) -> None:
    last = first_run(place)[-1]
    growers = {"set": "random"}
    degrees = FIGURES["fig5"].measure(place, experiment=SMALL, growers=growers)["distributions"]
    end = degrees[degrees["epoch"] == 4].set_index("degree")["count"]
    whole = np.concatenate([last.in_degrees(layer) + last.out_degrees(layer) for layer in ("hidden1", "hidden2")])
    assert end.to_dict() == dict(zip(*np.unique(whole, return_counts=True), strict=True))
    pixels = FIGURES["fig8"].measure(place, experiment=SMALL, growers=growers)["pixels"]
    assert pixels["random, epoch 4"].tolist() == last.out_degrees("input").tolist()
    first, second = (block.adjacency().toarray().astype(int) for block in last.blocks[:2])
    paths = FIGURES["fig19"].measure(place, experiment=SMALL, growers=growers)["pixels"]
    assert paths["random, epoch 4"].tolist() == (first @ second.sum(axis=1)).tolist()
    dormant = FIGURES["fig9a"].measure(place, experiment=SMALL, growers=growers)["dormant"]
    assert dormant[dormant["epoch"] == 4]["below"].sum() == (whole < 10).sum()
    shells = FIGURES["fig12"].measure(place, experiment=SMALL, growers=growers)["shells"]
    cores = nx.core_number(nx.Graph(tk.to_networkx(last)))
    assert shells.groupby("shell")["count"].sum().to_dict() == pd.Series(cores).value_counts().to_dict()


def test_moments_of_a_run(place: Workplace) -> None:
    run = first_run(place)
    assert five_epochs(run) == (1, 2, 3, 4)
    assert nearest(run, [0, 4]) == [0, len(run) - 1]
    assert thinned(run, 3, first=2) == [0, 1, round((len(run) - 1) / 2), len(run) - 1]
    with pytest.raises(RecordingError, match="no frame near epoch 40"):
        nearest(run, [4, 40])


def test_unfinished_runs_are_refused(place: Workplace, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(first_run(place).folder, tmp_path / "run"))
    told = json.loads((copied / "run.json").read_text())
    told["config"]["epochs"] = 40
    (copied / "run.json").write_text(json.dumps(told))
    with pytest.raises(RecordingError, match="end at epoch 4 of 40"):
        check_finished(tk.open_recording(copied))


def spreads(course: dict[str, list[float]]) -> dict[str, pd.DataFrame]:
    rows = [
        (grower, seed, epoch, "all together", 60.0, value + seed, 100)
        for grower, values in course.items()
        for seed in (0, 1)
        for epoch, value in zip((0.0, 1.9, 150.0, 300.0), values, strict=True)
    ]
    columns = ["grower", "seed", "epoch", "layer", "mean", "deviation", "largest"]
    return {"spread": pd.DataFrame(rows, columns=columns)}


def test_what_the_thesis_says_of_degrees_and_its_opposite() -> None:
    said = {"random": [8.0, 9.0, 40.0, 60.0], "gradient": [8.0, 60.0, 90.0, 70.0], "momentum": [8.0, 50.0, 90.0, 70.0]}
    found = judge_spread(spreads(said), "paper")
    assert [verdict.verdict for verdict in found] == [AGREE] * 4 + [NOT_COMPARABLE]
    other = {"random": [8.0, 50.0, 90.0, 60.0], "gradient": [8.0, 9.0, 60.0, 90.0], "momentum": [8.0, 9.0, 60.0, 90.0]}
    assert [verdict.verdict for verdict in judge_spread(spreads(other), "paper")] == [DISAGREE] * 4 + [NOT_COMPARABLE]
    quick = judge_spread(spreads(said), "quick")
    assert [verdict.verdict for verdict in quick] == [AGREE] * 2 + [NOT_COMPARABLE] * 3


def fits(p_values: dict[str, list[float]], *, alpha: float, falling: bool) -> dict[str, pd.DataFrame]:
    course = [3.0, 2.0, 1.0] if falling else [1.0, 2.0, 3.0]
    rows = [
        (grower, seed, layer, start, epoch, 110, 300, alpha, size / 10, size / 10, p)
        for grower, values in p_values.items()
        for seed in (0, 1)
        for layer in ("all together", "hidden1")
        for start in (fixed(110), FITTED)
        for epoch, size, p in zip((2.0, 25.0, 300.0), course, values, strict=True)
    ]
    columns = ["grower", "seed", "layer", "start", "epoch", "xmin", "n_tail", "alpha", "sigma", "distance", "p_value"]
    return {"fits": pd.DataFrame(rows, columns=columns)}


def test_what_the_thesis_says_of_power_laws_and_its_opposite() -> None:
    said = fits(
        {"random": [0.0, 0.1, 0.96], "gradient": [0.0, 0.9, 0.97], "momentum": [0.1, 0.9, 0.98]},
        alpha=2.5,
        falling=True,
    )
    assert {verdict.verdict for verdict in judge_power_laws(said, "paper")} == {AGREE}
    other = fits(
        {"random": [0.0, 0.0, 0.0], "gradient": [0.0, 0.0, 0.0], "momentum": [0.0, 0.0, 0.0]}, alpha=4.5, falling=False
    )
    found = judge_power_laws(other, "paper")
    assert judged(found, "the fits settle") == AGREE
    assert sum(verdict.verdict == DISAGREE for verdict in found) == len(found) - 1
    between = fits({"random": [0.2] * 3, "gradient": [0.2] * 3, "momentum": [0.2] * 3}, alpha=2.5, falling=True)
    kept = judge_power_laws(between, "paper")
    assert judged(kept, "x_min = 110, rejected if p < 0.95") == DISAGREE
    assert judged(kept, "x_min = 110, rejected if p < 0.1") == AGREE


def test_attachment_is_judged_by_gain_and_by_retention() -> None:
    exponents = {"random": (0.0, 1.0), "gradient": (0.8, -0.5), "momentum": (0.8, 0.5)}
    rows = [
        (grower, seed, edges, kernel, value)
        for grower, pair in exponents.items()
        for seed in (0, 1)
        for edges in ("from input", "into hidden1", "from hidden1")
        for kernel, value in zip(("gain", "retention"), pair, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["grower", "seed", "edges", "kernel", "exponent"])
    found = judge_attachment({"exponents": table}, "paper")
    verdicts = [verdict.verdict for verdict in found]
    assert verdicts == [DISAGREE, AGREE, AGREE, AGREE, DISAGREE, AGREE, AGREE]


@pytest.mark.parametrize(
    "name", ["fig12", *(pytest.param(name, marks=pytest.mark.slow) for name in FIGURES if name != "fig12")]
)
def test_figures_come_back_from_their_files(name: str, place: Workplace, tmp_path: Path) -> None:
    figure = FIGURES[name]
    tables = figure.measure(place, experiment=SMALL, growers=GROWERS)
    for part, table in tables.items():
        table.to_csv(tmp_path / f"{part}.csv", index=False)
    again = {table: pd.read_csv(tmp_path / f"{table}.csv") for table in tables}
    assert [verdict.verdict for verdict in figure.judge(again, "paper")] == [
        verdict.verdict for verdict in figure.judge(tables, "paper")
    ]
    for part, drawn in figure.draw(again).items():
        plots.save(drawn, tmp_path / f"{part}.png")
        assert (tmp_path / f"{part}.png").stat().st_size > 5000


def test_equations_by_the_letter_let_absent_connections_take_part() -> None:
    item = PAPER.item("equations")
    tables = item.measure(no_place())
    wrong = [verdict.quantity for verdict in item.judge(tables, "exact") if verdict.verdict == DISAGREE]
    assert len(wrong) == 2
    assert all("as printed" in quantity for quantity in wrong)
    columns = {"rates": "trainer", "updates": "epochs", "printed": "grown", "graph": "degree_sum"}
    altered = {**tables, **{name: tables[name].assign(**{column: 0.0}) for name, column in columns.items()}}
    assert len([verdict for verdict in item.judge(altered, "exact") if verdict.verdict == DISAGREE]) >= 7
    assert item.draw(tables)
