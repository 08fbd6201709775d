"""What every item of every paper keeps to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import topokit
from topokit.citations import REFERENCES
from topokit.papers import SCALES, Experiment, Item, Paper, Scale, Workplace, find_paper, listed
from topokit.papers.stored import FACTS_FILE, read_tables
from topokit.registry import PAPERS
from topokit.training import TrainConfig
from topokit.training.planned_runs import PlannedRun

KEYS = ("liu2020", "vangelder2020", "matab2024", "alford2019", "vanengers2021")
# Minutes of one core in which all quick runs of a paper are trained.
BUDGETS = {"liu2020": 15, "vangelder2020": 10, "matab2024": 25, "alford2019": 15, "vanengers2021": 10}
LONGEST_EXACT = 5
TRAINED: tuple[Scale, ...] = ("quick", "paper")
MOST_BYTES = 150_000
STORED = Path(topokit.__file__).parents[1] / "data" / "papers"

PAPERS_HERE = [find_paper(key) for key in KEYS if key in PAPERS]
ITEMS = [pytest.param(paper, item, id=f"{paper.key} {item.name}") for paper in PAPERS_HERE for item in paper.items]


def experiments(paper: Paper, scale: Scale) -> list[Experiment]:
    """Those that items at this scale need."""
    needed = [one for item in paper.items if scale in item.scales for one in item.needs(scale)]
    return list({id(one): one for one in needed}.values())


def planned(paper: Paper, experiment: Experiment, scale: Scale) -> tuple[PlannedRun, ...]:
    return Workplace(paper=paper.key, scale=scale, folder=Path("repro")).plan(experiment)


EXPERIMENTS = [
    pytest.param(paper, one, scale, id=f"{paper.key} {one.name} {scale} {number}")
    for paper in PAPERS_HERE
    for scale in TRAINED
    for number, one in enumerate(experiments(paper, scale))
]


def test_all_five_papers_are_there() -> None:
    assert set(KEYS) <= set(PAPERS)


@pytest.mark.parametrize("paper", PAPERS_HERE, ids=lambda paper: paper.key)
def test_a_paper_has_a_name_a_citation_and_items_of_their_own_names(paper: Paper) -> None:
    assert paper.key in REFERENCES
    assert paper.title in REFERENCES[paper.key].text.replace("-", " ") or paper.title in REFERENCES[paper.key].text
    assert paper.label
    names = [item.name for item in paper.items]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("scale", TRAINED)
@pytest.mark.parametrize("paper", PAPERS_HERE, ids=lambda paper: paper.key)
def test_runs_of_one_folder_are_one_run(paper: Paper, scale: Scale) -> None:
    configs: dict[tuple[str, str], set[TrainConfig]] = {}
    for experiment in experiments(paper, scale):
        for run in planned(paper, experiment, scale):
            configs.setdefault((experiment.name, run.name), set()).add(run.config)
    assert [where for where, found in configs.items() if len(found) > 1] == []


@pytest.mark.parametrize(("paper", "item"), ITEMS)
def test_an_item_says_what_it_is_and_where_it_is_made(paper: Paper, item: Item) -> None:
    assert item.title
    assert item.title[-1] not in ".:"
    assert len(item.says) > 20
    assert all(remark.endswith(".") for remark in item.remarks)
    assert item.scales or item.published
    assert set(item.scales) <= set(SCALES)
    assert all(words and words[-1] != "." for words in item.scales.values())
    assert item.minutes >= 0
    if item.experiments:
        assert "paper" in item.scales, "what is trained can be trained as the paper did"
        for scale in set(TRAINED) & set(item.scales):
            assert set(map(id, item.experiments)) <= set(map(id, item.needs(scale))) or (
                "nothing is trained" in item.scales[scale]
            )
    if "exact" in item.scales:
        assert item.minutes <= LONGEST_EXACT


@pytest.mark.parametrize(("paper", "experiment", "scale"), EXPERIMENTS)
def test_an_experiment_plans_runs_that_can_be_trained(paper: Paper, experiment: Experiment, scale: Scale) -> None:
    runs = planned(paper, experiment, scale)
    assert runs
    assert len({run.name for run in runs}) == len(runs)
    assert len({run.config for run in runs}) == len(runs)
    assert experiment.what[scale]
    assert experiment.core_minutes[scale] > 0
    for run in runs:
        assert run.name == Path(run.name).name
        # What is trained again has the values of the run whose wiring it is.
        told = {} if run.config.structure else {k: v for k, v in run.swept.items() if hasattr(run.config, k)}
        assert {key: getattr(run.config, key) for key in told} == {key: _held(value) for key, value in told.items()}


@pytest.mark.parametrize("paper", PAPERS_HERE, ids=lambda paper: paper.key)
def test_quick_runs_of_a_paper_are_quick(paper: Paper) -> None:
    runs = {
        (one.name, run.name): one.core_minutes["quick"]
        for one in experiments(paper, "quick")
        for run in planned(paper, one, "quick")
    }
    assert sum(runs.values()) <= BUDGETS[paper.key]


@pytest.mark.parametrize("paper", PAPERS_HERE, ids=lambda paper: paper.key)
def test_a_paper_is_listed(paper: Paper) -> None:
    rows = listed(paper)["items"]
    assert [row["name"] for row in rows] == [item.name for item in paper.items]
    assert all(row["scales"] for row in rows)


PLACES = [
    pytest.param(path.parent, id=f"{path.parent.parent.name}/{path.parent.name}")
    for path in sorted(STORED.glob(f"*/*/{FACTS_FILE}"))
]


@pytest.mark.parametrize("place", PLACES)
def test_stored_results_are_whole_small_and_of_a_known_item(place: Path) -> None:
    item, scale = _item(place)
    tables, facts = read_tables(place)
    assert facts["scale"] == scale
    assert sum(file.stat().st_size for file in place.iterdir()) < MOST_BYTES
    assert {file.stem for file in place.glob("*.csv")} == set(tables)
    verdicts = item.judge(tables, facts["scale"])
    assert verdicts
    assert [verdict.quantity for verdict in verdicts] == [row["quantity"] for row in facts["verdicts"]]
    assert not re.search(r"(^|\s)/", facts["source"]), "a place on somebody's machine"


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_stored_results_draw(place: Path) -> None:
    item, _ = _item(place)
    tables, facts = read_tables(place)
    assert list(item.draw(tables)) == facts["figures"]


def _item(place: Path) -> tuple[Item, str]:
    name, _, scale = place.name.rpartition("-")
    return find_paper(place.parent.name).item(name), scale


def _held(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
