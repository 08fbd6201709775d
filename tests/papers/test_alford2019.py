"""Alford et al. 2019: exact items, experiments as their code has them, and judges that can fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from topokit.papers import Verdict, Workplace, find_paper, reproduce
from topokit.papers.alford2019.claims import judge_claims, loses_classes
from topokit.papers.alford2019.instability import has_logs, judge_instability, measure_logs
from topokit.papers.alford2019.numbers import (
    AFTER,
    BEFORE,
    CIFAR_5,
    DIGITS,
    ITERATIVE,
    LENET_5,
    LENET_300,
    MNIST_5,
    MNIST_300,
    ONE_TIME,
    ORIGINAL,
    RADIX,
    published_pruned,
    published_sparse,
)
from topokit.papers.alford2019.pruned import judge_pruned
from topokit.papers.alford2019.sizes import SIZED, judge_sizes
from topokit.papers.alford2019.training import PRUNED_5, PRUNED_300, RETRAINED_5, SPARSE_300
from topokit.papers.experiment import Scale
from topokit.papers.recipes.radix_nets import Radix, measure_radix
from topokit.papers.recipes.retrained_accuracies import draw_instability, draw_pruned, missing_classes
from topokit.papers.recipes.sparse_sizes import draw_sizes
from topokit.registry import DATASETS
from topokit.training.methods.gradual import GRADUAL_MAGNITUDE
from topokit.training.timetable import Timetable

PAPER = find_paper("alford2019")


def place(tmp_path: Path, scale: Scale = "exact") -> Workplace:
    return Workplace(paper="alford2019", scale=scale, folder=tmp_path)


def by_quantity(verdicts: tuple[Verdict, ...], words: str) -> Verdict:
    found = [verdict for verdict in verdicts if words in verdict.quantity]
    assert len(found) == 1, [verdict.quantity for verdict in verdicts]
    return found[0]


@pytest.mark.parametrize("name", ["fig1", "fig2", "fig4", "fig5", "fig6", "radix"])
def test_exact_items_agree(name: str, tmp_path: Path) -> None:
    item = PAPER.item(name)
    tables = item.measure(place(tmp_path))
    verdicts = item.judge(tables, "exact")
    assert {verdict.verdict for verdict in verdicts} - {"not comparable"} == {"agree"}
    assert item.draw(tables)


def test_an_item_is_written_with_its_figure_and_tables(tmp_path: Path) -> None:
    made = reproduce("alford2019", "fig5", folder=tmp_path)
    assert {path.name for path in made.folder.iterdir()} >= {"networks.png", "networks.pdf", "item.json", "paths.csv"}
    again = reproduce("alford2019", "fig5", folder=tmp_path)
    assert again.verdicts == made.verdicts


def test_sentences_agree_with_the_sheet_but_for_two(tmp_path: Path) -> None:
    item = PAPER.item("claims")
    tables = item.measure(place(tmp_path))
    disagree = [verdict.quantity for verdict in item.judge(tables, "exact") if verdict.verdict == "disagree"]
    assert disagree == [
        "LeNet-5: loss at 95 % sparsity before retraining (points)",
        "sparse networks beside dense ones of as many connections (points)",
    ]
    assert item.draw(tables)


@pytest.mark.datasets
def test_the_data_sets_are_those_of_the_paper(tmp_path: Path, datasets_folder: Path) -> None:
    item = PAPER.item("fig3")
    tables = item.measure(place(tmp_path))
    assert {verdict.verdict for verdict in item.judge(tables, "exact")} == {"agree"}
    assert item.draw(tables).keys() == {"mnist", "cifar"}
    assert np.bincount(DATASETS.load("mnist").load(datasets_folder).test_y).tolist() == list(DIGITS)


def test_altered_tables_disagree(tmp_path: Path) -> None:
    steps = dict(PAPER.item("fig2").measure(place(tmp_path)))
    steps["timetable"] = steps["timetable"].assign(edges=lambda table: table["edges"] + (table["step"] == 5000))
    found = PAPER.item("fig2").judge(steps, "exact")
    assert by_quantity(found, "distance of a layer").verdict == "disagree"

    edges = dict(PAPER.item("fig1").measure(place(tmp_path)))
    edges["edges"] = edges["edges"].drop(edges["edges"].index[edges["edges"]["network"] == "retrained"][:1])
    found = PAPER.item("fig1").judge(edges, "exact")
    assert by_quantity(found, "the new network").verdict == "disagree"

    counts = dict(PAPER.item("radix").measure(place(tmp_path)))
    counts["paths"] = counts["paths"].assign(most_paths=lambda table: table["most_paths"] + 1)
    found = PAPER.item("radix").judge(counts, "exact")
    assert [verdict.verdict for verdict in found if "paths" in verdict.quantity] == ["disagree"] * 4


def test_paths_are_counted_one_by_one(tmp_path: Path) -> None:
    """Every path of a small network, walked."""
    tables = measure_radix(place(tmp_path), nets={"net": Radix([(2, 3)], (1, 2, 1))}, with_edges=True)
    edges = tables["edges"]
    first, second = (edges[edges["layer"] == layer] for layer in (1, 2))
    walked = first.merge(second, left_on="target", right_on="source").groupby(["source_x", "target_y"]).size()
    assert len(walked) == 36
    assert [walked.min(), walked.max()] == tables["paths"][["least_paths", "most_paths"]].iloc[0].tolist() == [2, 2]


def test_the_protocol_is_that_of_the_code(tmp_path: Path) -> None:
    runs = place(tmp_path, "paper").plan(PRUNED_300)
    assert len(runs) == 30
    config = next(run.config for run in runs if run.config.method == "gradual")
    table = Timetable(config, 550, GRADUAL_MAGNITUDE.timing)
    assert (table.prune_first, table.prune_last, table.total_steps) == (3000, 10000, 14850)
    rates = [table.learning_rate(epoch) for epoch in range(1, 28)]
    assert rates == pytest.approx([0.2] * 18 + [0.1] * 9)
    assert not config.dense_output
    assert (config.momentum, config.weight_decay, config.batch_size) == (0.0, 0.004, 100)
    one_time = [run.config for run in runs if run.config.method == "one-shot"]
    assert {run.prune_begin for run in one_time} == {1.0}


def test_wide_networks_have_as_many_connections_as_the_dense_one(tmp_path: Path) -> None:
    for run in place(tmp_path, "paper").plan(SPARSE_300):
        width = run.config.hidden[0]
        if width > 300:
            assert run.config.density * (784 * width + width * 100) == pytest.approx(265_200)


def test_every_run_has_a_size(tmp_path: Path) -> None:
    for scale in ("quick", "paper"):
        for one in SIZED:
            for run in place(tmp_path, scale).plan(one.experiment):
                values = (run.swept.get(key) for key in one.keys)
                size = one.sizes[tuple(tuple(value) if isinstance(value, list) else value for value in values)]
                known = published_sparse().query("network == @one.network")["size"]
                assert size in set(known)


def test_wirings_trained_again_are_those_of_the_pruned_runs(tmp_path: Path) -> None:
    for scale, seeds in (("quick", 2), ("paper", 5)):
        pruned = place(tmp_path, scale).plan(PRUNED_5)
        again = place(tmp_path, scale).plan(RETRAINED_5)
        assert len(again) == seeds * len(pruned)
        assert {run.config.method for run in again} == {"static"}
        assert {Path(run.config.structure).name for run in again} == {run.name for run in pruned}


@pytest.mark.parametrize(
    ("accuracy", "missing"), [(0.985, 0), (0.95, 0), (0.8992, 1), (0.7994, 2), (0.6992, 3), (0.1135, 9)]
)
def test_lost_classes_are_whole_tenths(accuracy: float, missing: int) -> None:
    assert missing_classes(accuracy) == missing
    assert loses_classes(accuracy, pd.Series(DIGITS)) == (missing > 0)


def test_a_level_between_tenths_loses_no_class() -> None:
    assert not loses_classes(0.84, pd.Series(DIGITS))
    assert not loses_classes(0.93, pd.Series(DIGITS))


def claims(**changes: float) -> tuple[Verdict, ...]:
    pruned = published_pruned()
    for stage, value in changes.items():
        at = (pruned["network"] == LENET_5) & (pruned["pruning"] == ITERATIVE) & (pruned["sparsity"] == 95)
        pruned.loc[at & (pruned["stage"] == {"before": BEFORE, "after": AFTER}[stage]), "accuracy"] = value
    classes = pd.DataFrame({"class": range(10), "images": DIGITS})
    return judge_claims({"pruned": pruned, "sparse": published_sparse(), "classes": classes}, "exact")


def test_claims_depend_on_the_numbers() -> None:
    told = "LeNet-5: loss at 95 % sparsity before retraining"
    assert by_quantity(claims(), told).verdict == "disagree"
    assert by_quantity(claims(before=99.3), told).verdict == "agree"
    assert "7 of 7 fit" in str(by_quantity(claims(), "levels").ours)
    assert "7 of 8 fit" in str(by_quantity(claims(after=84.0), "levels").ours)


def pruned_tables(**shift: float) -> Mapping[str, pd.DataFrame]:
    """What would come out if everything were as published, on three seeds, with some networks better or worse."""
    table = published_pruned()
    parts = [table.assign(source_seed=0, seed=seed, accuracy=table["accuracy"] + 0.1 * (seed - 1)) for seed in range(3)]
    pruned = pd.concat(parts, ignore_index=True)
    for stage, by in shift.items():
        pruned.loc[pruned["stage"] == {"before": BEFORE, "after": AFTER}[stage], "accuracy"] += by
    dense = [(network, seed, value) for network, value in ORIGINAL.items() for seed in range(3)]
    wired = [(LENET_300, pruning, 99.0, 0, 2662, 100, cut) for pruning, cut in ((ITERATIVE, 0), (ONE_TIME, 4))]
    return {
        "wirings": pd.DataFrame(
            wired, columns=["network", "pruning", "sparsity", "source_seed", "edges", "dead", "cut_outputs"]
        ),
        "pruned": pruned,
        "published": table,
        "dense": pd.DataFrame(dense, columns=["network", "seed", "accuracy"]),
    }


def test_published_numbers_agree_with_themselves() -> None:
    found = judge_pruned(pruned_tables(), "paper")
    assert {verdict.quantity for verdict in found if verdict.verdict == "disagree"} == {
        "LeNet-5: loss at 95 % before retraining"
    }
    stuck = [verdict for verdict in found if "LeNet-5, iterative, retrained, 75 %" in verdict.quantity]
    assert [verdict.verdict for verdict in stuck] == ["not comparable"]


def test_other_accuracies_disagree() -> None:
    found = judge_pruned(pruned_tables(before=-1.5, after=-1.5), "paper")
    for words in (
        "LeNet-300-100: loss at 99 % before",
        "LeNet-300-100: retrained up to 90 %",
        "LeNet-300-100, iterative, before retraining, 90 %",
    ):
        assert by_quantity(found, words).verdict == "disagree"


def test_a_short_training_tells_the_clear_gap_alone() -> None:
    found = judge_pruned(pruned_tables(after=-5.0), "quick")
    judged = {verdict.quantity: verdict.verdict for verdict in found if verdict.verdict != "not comparable"}
    assert list(judged.values()) == ["agree", "agree"]
    assert all("at 99 %" in quantity for quantity in judged)


def test_a_wiring_that_reaches_all_classes_does_not_explain_lost_ones() -> None:
    tables = dict(pruned_tables())
    tables["wirings"] = tables["wirings"].assign(cut_outputs=0)
    assert by_quantity(judge_pruned(tables, "paper"), "no input reaches").verdict == "disagree"


def stuck_tables(rectified: list[float], plain: list[float]) -> Mapping[str, pd.DataFrame]:
    rows = [
        (scores, 75.0, seed, value, value, missing_classes(value / 100))
        for scores, values in (("rectified", rectified), ("plain", plain))
        for seed, value in enumerate(values)
    ]
    ends = pd.DataFrame(rows, columns=["scores", "sparsity", "seed", "accuracy", "best", "missing"])
    curves = ends.loc[ends.index.repeat(2), ["scores", "sparsity", "seed", "accuracy"]].assign(step=[0, 1] * len(ends))
    wirings = pd.DataFrame(
        [(75.0, "conv1", 125, 5, 0), (75.0, "total", 242_535, 5, 0)],
        columns=["sparsity", "block", "edges", "dead", "cut_outputs"],
    )
    return {"curves": curves, "ends": ends, "wirings": wirings}


def test_instability_and_its_explanations() -> None:
    lost = judge_instability(stuck_tables([98.5, *[88.9, 69.9] * 3], [98.6, 98.7, 98.4, *[98.5] * 4]), "paper")
    assert by_quantity(lost, "first weights alone").verdict == "agree"
    assert by_quantity(lost, "cuts classes off").verdict == "disagree"
    assert by_quantity(lost, "stuck").verdict == "disagree"
    few = judge_instability(stuck_tables([98.5, 88.9, 69.9], [98.6, 98.7, 98.4]), "paper")
    assert by_quantity(few, "makes them stuck").verdict == "agree"
    kept = judge_instability(stuck_tables([98.5, 98.5], [98.6, 98.7]), "paper")
    assert by_quantity(kept, "first weights alone").verdict == "disagree"
    assert {verdict.verdict for verdict in judge_instability(stuck_tables([9.0], [9.0]), "quick")} == {"not comparable"}


def test_figures_are_drawn_from_tables_alone() -> None:
    assert draw_pruned(pruned_tables()).keys() == {"accuracies", "close"}
    assert draw_instability(stuck_tables([98.5, 69.9], [98.6, 98.7])).keys() == {
        "curves_rectified",
        "curves_plain",
        "dead_edges",
    }


def test_the_authors_logs_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "pruning" / "simon" / "aug22"
    folder.mkdir(parents=True)
    assert not has_logs(tmp_path)
    log = (
        "INFO:tensorflow:Restoring\nINFO:tensorflow:Model at step 200: acc = 0.7157\nModel at step 400: acc = 0.6992\n"
    )
    (folder / "lenet5_ir0.75_test").write_text(log, encoding="utf-8")
    (folder / "lenet5_ir0.75_train").write_text("step 100, loss = 3.48\n", encoding="utf-8")
    assert has_logs(tmp_path)
    tables = measure_logs(tmp_path)
    assert tables["curves"][["sparsity", "step", "accuracy"]].to_numpy().tolist() == [
        [75, 200, 71.57],
        [75, 400, 69.92],
    ]
    assert tables["ends"].iloc[0].tolist() == ["authors", 75.0, 0, 69.92, 71.57, 3]
    made = reproduce("alford2019", "fig8", folder=tmp_path / "repro", data=tmp_path)
    assert made.scale == "exact"
    assert by_quantity(made.verdicts, "first weights alone").verdict == "disagree"
    assert made.figures.keys() == {"curves_authors"}


def sized_tables(**changes: float) -> Mapping[str, pd.DataFrame]:
    table = published_sparse()
    parts = [table.assign(seed=seed, accuracy=table["accuracy"] + 0.1 * (seed - 1)) for seed in range(3)]
    sizes = pd.concat(parts, ignore_index=True).assign(edges=265_200, seconds=100.0)
    for size, value in changes.items():
        at = (sizes["network"] == MNIST_300) & (sizes["size"] == size) & (sizes["wiring"] != RADIX)
        sizes.loc[at, "accuracy"] = value
    return {"sizes": sizes, "published": table}


def test_sizes_as_published() -> None:
    found = judge_sizes(sized_tables(), "paper")
    assert {verdict.verdict for verdict in found if verdict.quantity.startswith(MNIST_5)} == {"agree"}
    assert {verdict.verdict for verdict in found if verdict.quantity.startswith(CIFAR_5)} == {"not comparable"}
    assert by_quantity(found, "falling with sparsity at constant neurons").verdict == "agree"
    assert by_quantity(found, "30,000 hidden neurons").verdict == "not comparable"


def test_other_sizes_disagree() -> None:
    found = judge_sizes(sized_tables(x100=98.0), "paper")
    assert by_quantity(found, "at constant connections").verdict == "disagree"
    assert by_quantity(found, "random, x100").verdict == "disagree"
    assert by_quantity(judge_sizes(sized_tables(x10=97.0), "paper"), "x10: RadiX-Net").verdict == "disagree"


def test_sizes_are_drawn_with_the_dense_network_on_every_line() -> None:
    figures = draw_sizes(sized_tables(), order={"Neurons": ("dense", "x2", "x10", "x100")})
    axes = figures["neurons"].axes
    lines = [line for panel in axes for line in panel.get_lines() if len(line.get_xdata()) > 1]
    assert len([panel for panel in axes if panel.get_title()]) == 3
    assert len(lines) >= 4
    assert all(np.min(np.asarray(line.get_xdata(), float)) < 0.5 for line in lines)
