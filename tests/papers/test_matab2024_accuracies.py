"""Accuracies of Matab's thesis: the printed numbers, what is trained for them, and verdicts that can fail."""

from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from topokit.papers.costs import cost
from topokit.papers.experiment import Sweep
from topokit.papers.matab2024.accuracies import ITEMS
from topokit.papers.matab2024.cells import MODELS, Cell, cells
from topokit.papers.matab2024.claims import judge_claims, measure_printed
from topokit.papers.matab2024.inputs import PRINTED_SIZES, judge_machine, judge_sizes
from topokit.papers.matab2024.numbers import DATASETS, RUNS, published_accuracies
from topokit.papers.matab2024.pruning import FRACTIONS, RULES, judge_removed, judge_rules
from topokit.papers.matab2024.tables import measure_cells
from topokit.papers.recipes.accuracy_tables import COLUMNS, runs_at_hand, title
from topokit.papers.recipes.data_sets import measure_sizes
from topokit.papers.recipes.pruning_rules import measure_removed
from topokit.papers.recipes.rate_drops import judge_drops, measure_curves
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE
from topokit.papers.workplace import Workplace

BY_NAME = {item.name: item for item in ITEMS}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(paper="matab2024", scale="paper", folder=tmp_path)


def printed_runs(published: pd.DataFrame, shift: float = 0.0) -> pd.DataFrame:
    """Five runs for each printed number, with its mean and deviation."""
    pattern = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    pattern /= pattern.std(ddof=1)
    rows = [
        (row.model, row.dataset, row.density, row.growth, seed, 300, row.mean + shift + row.deviation * step, 0.0, 0.0)
        for row in published.itertuples()
        for seed, step in enumerate(pattern)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_all_printed_numbers_are_there() -> None:
    rows = published_accuracies()

    counts = rows.groupby("table").size().to_dict()
    assert counts == {3: 5 * 4, 4: 5 * 3 * 4, 7: 2 * 5 * 3 * 4, 8: 4 * 6 * 3}
    assert not rows.duplicated(["table", "density", "model", "dataset", "growth"]).any()
    found = rows.set_index(["table", "density", "model", "growth", "dataset"])[["mean", "deviation"]]
    assert found.loc[(4, 0.05, "convnet", "gradient", "mnist")].tolist() == [43.81, 32.01]
    assert found.loc[(7, 0.2, "vgg-16", "momentum", "cifar-100")].tolist() == [74.90, 0.23]
    assert found.loc[(8, 0.05, "mlp", "gradient-random", "fashion-mnist")].tolist() == [79.63, 3.53]


def test_four_runs_and_one_at_chance_give_the_mean_and_deviation_of_the_remark() -> None:
    runs = np.array([41.5, 41.5, 41.5, 41.5, 1.0])

    assert runs.mean() == pytest.approx(33.40, abs=0.05)
    assert runs.std(ddof=1) == pytest.approx(18.12, abs=0.05)


def test_statements_of_the_thesis_by_its_own_numbers(place: Workplace) -> None:
    verdicts = {verdict.quantity: verdict for verdict in judge_claims(measure_printed(place), "exact")}

    against_dense = {name.split(", ")[1]: found.verdict for name, found in verdicts.items() if "dense" in name}
    assert against_dense == {"CIFAR-10": AGREE, "CIFAR-100": AGREE, "MNIST": DISAGREE, "Fashion-MNIST": DISAGREE}
    assert verdicts["random regrowth has the largest mean"].ours == "in 15 of 20 pairs of model and data set"
    assert all(found.verdict == AGREE for name, found in verdicts.items() if name.startswith("switching"))


def test_statements_would_come_out_otherwise_with_other_numbers(place: Workplace) -> None:
    rows = published_accuracies()
    sparse_mlp = (rows["table"] == 4) & (rows["model"] == "mlp")
    better = rows.assign(mean=rows["mean"] + 10 * sparse_mlp)
    worse = rows.assign(mean=rows["mean"] - 5 * ((rows["table"] == 8) & (rows["model"] == "vgg-16")))

    lifted = {verdict.quantity: verdict.verdict for verdict in judge_claims({"published": better}, "exact")}
    lowered = {verdict.quantity: verdict.verdict for verdict in judge_claims({"published": worse}, "exact")}

    assert lifted["95 % sparse MLP against the dense one, MNIST"] == AGREE
    assert lowered["switching the regrowth after half of training, VGG-16"] == DISAGREE
    assert lowered["switching the regrowth after half of training, MLP"] == AGREE


@pytest.mark.parametrize("name", ["table3", "table4", "table7", "table8"])
def test_runs_as_printed_agree_with_every_number_and_order(name: str) -> None:
    item, published = BY_NAME[name], BY_NAME[name].measure.keywords["shown"]
    shown = published_accuracies().merge(
        pd.DataFrame({"table": c.table, "model": c.model, "dataset": c.dataset} for c in published)
    )
    steady = shown[shown["deviation"] < 10]

    verdicts = item.judge({"accuracies": printed_runs(shown), "published": shown}, "paper")

    assert {verdict.verdict for verdict in verdicts if not verdict.quantity.startswith("runs that")} == {AGREE}
    assert sum(verdict.quantity.startswith("accuracy") for verdict in verdicts) == len(steady)
    assert sum(verdict.quantity.startswith("runs that") for verdict in verdicts) == len(shown) - len(steady)


def test_other_accuracies_disagree_and_a_table_without_runs_is_not_comparable() -> None:
    item = BY_NAME["table4-mlp-mnist"]
    shown = published_accuracies().query("table == 4 and model == 'mlp' and dataset == 'mnist'")
    tables = {"accuracies": printed_runs(shown, shift=2.0), "published": shown}
    empty = {"accuracies": pd.DataFrame(columns=COLUMNS), "published": shown}

    assert [verdict.verdict for verdict in item.judge(tables, "paper")] == [DISAGREE] * 3
    assert "three channels" in item.judge(tables, "paper")[0].why
    assert [verdict.verdict for verdict in item.judge(tables, "quick")] == [NOT_COMPARABLE] * 3
    (untrained,) = item.judge(empty, "paper")
    assert (untrained.verdict, untrained.why[:11]) == (NOT_COMPARABLE, "not trained")
    assert untrained.paper == "random 96.13 ± 0.28, gradient 96.13 ± 0.15, momentum 96.26 ± 0.28"


def test_tolerance_is_the_95_percent_interval_of_the_difference() -> None:
    shown = published_accuracies().query("table == 3 and model == 'mlp' and dataset == 'mnist'")
    runs = printed_runs(shown)
    verdict = BY_NAME["table3-mlp"].judge({"accuracies": runs, "published": shown}, "paper")[0]

    expected = student.ppf(0.975, 2 * RUNS - 2) * sqrt(0.1**2 / RUNS + 0.1**2 / RUNS)
    assert float(verdict.tolerance.split()[0]) == pytest.approx(expected, abs=0.005)


def test_an_order_that_is_clear_in_print_fails_where_it_is_the_other_way_round() -> None:
    shown = published_accuracies().query("table == 4 and model == 'mlp' and dataset == 'fashion-mnist'")
    swapped = shown.assign(growth=shown["growth"].map({"random": "gradient", "gradient": "random"}).fillna("momentum"))
    item = BY_NAME["table4-mlp-fashion-mnist"]

    verdicts = item.judge({"accuracies": printed_runs(swapped), "published": shown}, "paper")

    orders = [verdict for verdict in verdicts if verdict.quantity.startswith("order")]
    failed = [verdict for verdict in orders if verdict.verdict == DISAGREE]
    assert [verdict.paper for verdict in failed] == [
        "random (86.26) above gradient (79.5)",
        "random (86.26) above momentum (85.64)",
        "momentum (85.64) above gradient (79.5)",
    ]
    assert all(" ± " in str(verdict.ours) for verdict in failed)


def test_collapsed_runs_are_counted_where_the_printed_mean_says_nothing() -> None:
    item = BY_NAME["table4-convnet-mnist"]
    shown = published_accuracies().query("table == 4 and model == 'convnet' and dataset == 'mnist'")
    runs = printed_runs(shown).assign(accuracy=lambda row: np.where(row["seed"] == 2, 11.35, 99.0))

    verdicts = {verdict.quantity: verdict for verdict in item.judge({"accuracies": runs, "published": shown}, "paper")}
    healthy = item.judge({"accuracies": runs.assign(accuracy=99.0), "published": shown}, "paper")

    collapse = verdicts["runs that collapse (below 50 %), ConvNet, MNIST, 95 % sparse, gradient"]
    assert collapse.verdict == AGREE
    assert str(collapse.ours).startswith("1 of 5: ")
    assert [found.verdict for found in healthy if found.quantity.startswith("runs that")] == [DISAGREE] * 2


def test_each_table_is_trained_as_the_thesis_says(place: Workplace) -> None:
    for table, runs in ((3, 5), (4, 15), (7, 30), (8, 30)):
        for cell in [
            *cells(table, models=["vgg-16"], datasets=["cifar-10"]),
            *cells(table, models=["mlp"], datasets=["fashion-mnist"]),
        ]:
            plan = place.plan(cell.experiment)
            shared = (table, cell.model, cell.dataset) == (4, "mlp", "fashion-mnist")
            assert len(plan) == (9 if shared else runs)
            for config in (plan[0].config, plan[-1].config):
                assert config.dataset == cell.dataset
                assert config.epochs == 300
                assert config.milestones == (150, 225)
                assert (config.batch_size, config.update_every, config.momentum) == (128, 400, 0.9)
                assert config.model == MODELS[cell.model].get("model", "mlp")
                assert config.augment == ("flip-crop" if cell.dataset.startswith("cifar") else "none")
                assert config.switch_fraction == 0.5
    assert {run.config.density for run in place.plan(cells(7, models=["vgg-16"])[0].experiment)} == {0.1, 0.2}


def test_every_model_and_data_set_can_be_asked_for_by_itself() -> None:
    asked = [
        name for name in BY_NAME if name.startswith("table4-") and name not in ("table4-claims", "table4-cifar-100")
    ]

    assert len(asked) == 15
    assert all(len(BY_NAME[name].experiments) == 1 for name in asked)
    assert {cell.dataset for cell in BY_NAME["table4-cifar-100"].measure.keywords["shown"]} == {"cifar-100"}


def test_what_is_offered_at_a_scale_has_words_and_costs_there() -> None:
    for item in ITEMS:
        for scale in item.scales:
            if scale == "exact":
                continue
            for experiment in item.needs(scale):
                assert experiment.what[scale]
                assert experiment.core_minutes[scale] > 0


def test_names_of_experiments_are_their_own() -> None:
    plans: dict[str, object] = {}
    for item in ITEMS:
        for experiment in item.experiments:
            runs = experiment.plan("paper", lambda one, run: Path(one.name) / run.name)
            assert plans.setdefault(experiment.name, runs) == runs


def test_a_whole_table_trains_nothing_at_full_length(place: Workplace) -> None:
    item = BY_NAME["table3"]

    tables = item.measure(place)

    assert tables["accuracies"].empty
    assert item.draw(tables) == {}
    assert item.needs("paper") == ()
    assert cost("matab2024", "table3", "paper", folder=place.folder).runs == 0
    assert {verdict.verdict for verdict in item.judge(tables, "paper")} == {NOT_COMPARABLE}
    assert cost("matab2024", "table3", "quick", folder=place.folder).runs == 1 + 1 + 2
    assert cost("matab2024", "table4", "quick", folder=place.folder).runs == 6 + 6 + 6 + 3


def tiny_cell(name: str, **own: object) -> Cell:
    values = {
        "profile": "nowak",
        "dataset": "digits",
        "hidden": [16],
        "density": 0.4,
        "epochs": 4,
        "milestones": [2, 3],
    }
    sweep = Sweep(
        name=name,
        what={"paper": "tiny"},
        core_minutes={"paper": 0},
        values=[{**values, **own, "update_every": 5, "grid": {"method": ["set", "rigl"], "seed": [0]}}],
    )
    return Cell(table=4, model="mlp", dataset="mnist", experiment=sweep)


def test_runs_become_rows_and_other_networks_in_a_folder_do_not(place: Workplace) -> None:
    cell = tiny_cell("tiny")

    tables = measure_cells(place, shown=[cell], experiments=[cell.experiment])
    given = replace(place, data=place.folder, folder=place.folder / "new")

    rows = tables["accuracies"]
    assert rows[["model", "dataset", "density", "growth", "seed", "epochs"]].to_numpy().tolist() == [
        ["mlp", "mnist", 0.4, "random", 0, 4],
        ["mlp", "mnist", 0.4, "gradient", 0, 4],
    ]
    assert rows["accuracy"].between(0, 100).all()
    assert (rows["accuracy"] <= rows["best_accuracy"]).all()
    assert len(runs_at_hand(given, cell.experiment)) == 2
    for difference in ({"density": 0.5}, {"hidden": [17]}, {"epochs": 5}):
        assert len(runs_at_hand(given, tiny_cell("other", **difference).experiment)) == 0
    shorter = tiny_cell("shorter", epochs=5)
    told = measure_cells(given, shown=[shorter], experiments=[shorter.experiment])
    assert told["accuracies"]["epochs"].tolist() == [4, 4]
    assert any("epochs 4 instead of 5" in note for runs in given.used for note in runs.notes)
    drops = measure_curves(place, experiment=cell.experiment, growers={"set": "random"})["drops"]
    assert drops[["drop", "epoch"]].to_numpy().tolist() == [[1, 2], [2, 3]]


def test_a_curve_that_falls_with_the_learning_rate_disagrees() -> None:
    drops = pd.DataFrame({"grower": "random", "seed": [0, 1], "drop": 1, "epoch": 150, "before": 60.0, "after": 70.0})
    falls = drops.assign(after=50.0)

    judged = [judge_drops({"drops": rows}, "paper", source="", short="")[0].verdict for rows in (drops, falls)]

    assert judged == [AGREE, DISAGREE]
    assert judge_drops({"drops": drops}, "quick", source="", short="short")[0].verdict == NOT_COMPARABLE


def test_the_defective_rule_takes_the_share_that_should_stay(place: Workplace) -> None:
    tables = measure_removed(place, rules=RULES, fractions=FRACTIONS, weights=20_000, layers=2)
    shares = tables["removed"].groupby(["rule", "fraction"])[["positive", "negative"]].mean()

    for fraction in FRACTIONS:
        assert shares.loc[("SET, defective", fraction), "negative"] == pytest.approx(100 * (1 - fraction), abs=0.5)
        assert shares.loc[("SET, defective", fraction), "positive"] == pytest.approx(100 * fraction, abs=0.5)
        assert shares.loc[("SET", fraction), "negative"] == pytest.approx(100 * fraction, abs=0.05)


def test_verdicts_on_rules_name_the_defect_and_would_see_a_sound_rule(place: Workplace) -> None:
    tables = measure_removed(place, rules=RULES, fractions=FRACTIONS)
    sound = {"removed": tables["removed"].assign(negative=lambda rows: 100 * rows["fraction"])}

    verdicts = judge_removed(tables, "exact")

    assert [verdict.paper for verdict in verdicts[:3]] == [70, 90, 98]
    assert {verdict.verdict for verdict in verdicts[:3]} == {AGREE}
    wrong = [verdict.quantity for verdict in verdicts[3:] if verdict.verdict == DISAGREE]
    assert wrong == [f"edges that go at p = {p:g} (%), SET, defective" for p in FRACTIONS if p != 0.5]
    assert {verdict.verdict for verdict in judge_removed(sound, "exact")[:3]} == {DISAGREE}


def test_best_rule_of_pruning_can_be_another_one() -> None:
    rows = pd.DataFrame(
        [
            ("MLP", rule, "random", seed, 60.0 - place + 0.1 * seed)
            for place, rule in enumerate(RULES.values())
            for seed in range(2)
        ],
        columns=["model", "rule", "grower", "seed", "accuracy"],
    )
    other = rows.assign(accuracy=rows["accuracy"] + 5 * (rows["rule"] != "magnitude"))

    assert [verdict.verdict for verdict in judge_rules({"accuracies": rows}, "paper")] == [AGREE, AGREE]
    assert judge_rules({"accuracies": other}, "paper")[0].verdict == DISAGREE
    chance_wins = rows.assign(accuracy=rows["accuracy"] + 9 * (rows["rule"] == "at random"))
    assert judge_rules({"accuracies": chance_wins}, "paper")[1].verdict == DISAGREE
    assert judge_rules({"accuracies": rows[rows["seed"] == 0]}, "paper")[0].verdict == NOT_COMPARABLE
    assert {verdict.verdict for verdict in judge_rules({"accuracies": rows}, "quick")} == {NOT_COMPARABLE}


def test_sizes_of_data_sets_against_those_of_the_table(place: Workplace, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TOPOKIT_DATA", str(tmp_path))
    missing = measure_sizes(place, datasets=["digits", *PRINTED_SIZES], validation_fraction=0.1)["sizes"]
    files = pd.DataFrame(
        [
            (name, printed[0], printed[1], 60_000, *rest, 10_000, "")
            for name, printed, rest in (
                (name, printed, (45_000, 5_000) if "cifar" in name else (54_000, 6_000))
                for name, printed in PRINTED_SIZES.items()
            )
        ],
        columns=missing.columns,
    )
    files.loc[files["dataset"].str.contains("mnist"), "samples"] = 70_000

    verdicts = {verdict.quantity: verdict.verdict for verdict in judge_sizes({"sizes": files}, "exact")}

    assert missing["missing"].str.contains("data fetch").tolist() == [False, True, True, True, True]
    assert {verdict.verdict for verdict in judge_sizes({"sizes": missing[1:]}, "exact")} == {NOT_COMPARABLE}
    wrong = [name for name, verdict in verdicts.items() if verdict == DISAGREE]
    assert wrong == [
        "samples, CIFAR-10",
        "samples, CIFAR-100",
        *(f"test, {name}" for name in ("Fashion-MNIST", "MNIST")),
    ]


@pytest.mark.datasets
def test_table6_and_samples_from_the_files(place: Workplace, datasets_folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("TOPOKIT_DATA", str(datasets_folder))
    sizes = BY_NAME["table6"].measure(place)["sizes"].set_index("dataset")

    assert sizes.loc["mnist", ["samples", "train", "validation", "test"]].tolist() == [70_000, 54_000, 6_000, 10_000]
    for name, first in (("fig14", "0"), ("fig17", "airplane")):
        tables = BY_NAME[name].measure(place)
        verdicts = BY_NAME[name].judge(tables, "exact")
        assert [verdict.verdict for verdict in verdicts] == [AGREE, AGREE, NOT_COMPARABLE]
        assert tables["samples"]["class"].iloc[0] == first


def test_machines_are_told_without_a_judgement() -> None:
    rows = [("random", 0, epoch, 25.0, share, 0.5) for epoch, share in ((2.0, 0.2), (100.0, 0.3))]
    spread = pd.DataFrame(rows, columns=["grower", "seed", "epoch", "mean", "richest", "mirrored"])

    verdicts = judge_machine({"spread": spread}, "paper")

    assert [verdict.verdict for verdict in verdicts] == [NOT_COMPARABLE] * 2
    assert verdicts[0].ours == "random 0.30"


def test_titles_tell_the_sparsity() -> None:
    assert title("mlp", "mnist", 1.0, {}) == "mlp, mnist"
    assert title("mlp", "mnist", 0.05, {"mlp": "MLP"}) == "MLP, mnist, 95 % sparse"
    assert set(DATASETS) == set(PRINTED_SIZES)
