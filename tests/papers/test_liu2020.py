"""Items of Liu et al.: measured on small networks, judged on tables that say what the paper says, and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legible import assert_legible
from scipy import sparse
from scipy.optimize import linear_sum_assignment

import topokit as tk
from topokit.generators import rewiring_chain
from topokit.papers import find_paper
from topokit.papers.experiment import Retraining, Sweep
from topokit.papers.liu2020.accuracies import CURVES, NETWORKS, judge_densities, judge_retrained, judge_table
from topokit.papers.liu2020.distances import judge_levels_after, judge_seeds, judge_within
from topokit.papers.liu2020.drift import ACCURACIES, AUTHORS_MEANS, judge_many, judge_training
from topokit.papers.liu2020.initial import (
    judge_generations,
    judge_levels,
    level_means,
    measure_generations,
    network_name,
    related,
)
from topokit.papers.liu2020.paper import CASES, FIRST, N_INPUTS, SECOND, judge_epsilons, judge_illustration
from topokit.papers.liu2020.training import FASHION_SPARSE, RETRAINED, SET_CIFAR, SET_FASHION, SET_FASHION_ONE_START
from topokit.papers.recipes.accuracy_against_density import draw_densities, mean_accuracy, measure_densities
from topokit.papers.recipes.distances_before_after import (
    draw_before_after,
    draw_within,
    measure_before_after,
    measure_with_chance,
    measure_within,
)
from topokit.papers.recipes.distances_over_training import (
    distance_tables,
    draw_training,
    jackknife_error,
    measure_files,
    measure_training,
    thinned,
)
from topokit.papers.recipes.edit_distance import draw_example, edit_distance, layer_of, measure_example
from topokit.papers.recipes.er_epsilon import draw_edges, edge_chance, epsilon_of, measure_edges
from topokit.papers.recipes.graph_edits import edit_distance as exact_edits
from topokit.papers.recipes.retrained_wirings import draw_retrained, measure_retrained
from topokit.papers.recipes.run_accuracies import measure_accuracies
from topokit.papers.recipes.wiring_and_accuracy import draw_many, gap_tables, measure_many
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE, Verdict
from topokit.papers.workplace import Workplace

WORDS = {"quick": "", "paper": ""}
MINUTES = {"quick": 0.1, "paper": 1.0}
SMALL: dict[str, Any] = {
    **{"profile": "set-keras", "dataset": "digits", "hidden": [20, 16], "mask": "er", "epochs": 3},
    **{"batch_size": 256, "record_every": 1, "validation_fraction": 0.2, "normalise": False},
}


def judgements(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.verdict for verdict in verdicts]


def small(name: str, **values: Any) -> Sweep:
    return Sweep(name=name, what=WORDS, core_minutes=MINUTES, values=[{**SMALL, **values}])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(paper="liu2020", scale="paper", folder=tmp_path_factory.mktemp("repro"))


def test_chance_of_an_edge_is_that_of_the_formula() -> None:
    assert edge_chance(784, 784, 2.4) == pytest.approx(2.4 * 2 / 784)
    assert edge_chance(784, 10, 9.8) < 1 == edge_chance(784, 10, 9.9)
    assert edge_chance(3072, 1000, epsilon_of(0.007, 3072, 1000)) == pytest.approx(0.007)


def test_generators_are_judged_by_the_formula() -> None:
    tables = measure_edges({"a": (40, 30, 30, 4)}, {"a": (0.05, 0.4)})
    assert judgements(judge_epsilons(tables, "exact")) == [AGREE, AGREE, AGREE, DISAGREE]
    layers = tables["layers"]
    assert_legible(draw_edges(tables)["chance"])
    more = layers.assign(drawn=layers["drawn"] + 2, mean=layers["mean"] * 1.5)
    assert judgements(judge_epsilons({"layers": more}, "exact"))[:3] == [DISAGREE] * 3


@settings(max_examples=25)
@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_edit_distance_is_the_share_of_inputs_that_are_not_shared(first: set[int], second: set[int]) -> None:
    both = first | second
    expected = len(first ^ second) / len(both) if both else 0.0
    assert edit_distance(sorted(first), sorted(second), 6) == pytest.approx(expected, abs=1e-12)


def test_graph_edit_distance_is_that_of_a_search_over_edits() -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        pair = [[rng.random(shape) < 0.5 for shape in ((3, 3), (3, 2))] for _ in range(2)]
        graphs = []
        for masks in pair:
            graph = nx.DiGraph()
            graph.add_nodes_from((f"i{k}", {"label": f"i{k}"}) for k in range(3))
            graph.add_nodes_from((f"h{k}", {"label": "hidden"}) for k in range(3))
            graph.add_nodes_from((f"o{k}", {"label": f"o{k}"}) for k in range(2))
            for mask, (a, b) in zip(masks, ("ih", "ho"), strict=True):
                graph.add_edges_from((f"{a}{s}", f"{b}{t}") for s, t in zip(*mask.nonzero(), strict=True))
            graphs.append(graph)
        free = {"node_del_cost": lambda _: 1000, "node_ins_cost": lambda _: 1000}
        found = nx.graph_edit_distance(*graphs, node_subst_cost=lambda a, b: 1000 * (a["label"] != b["label"]), **free)
        assert found == exact_edits(*pair)


def test_definitions_are_judged_and_can_fail(place: Workplace) -> None:
    for name, alter in (
        ("set", lambda tables: {**tables, "edges": tables["edges"].assign(grown=False)}),
        ("eq2", lambda tables: {"edits": tables["edits"].assign(along_pairs=0, exact=1)}),
    ):
        item = find_paper("liu2020").item(name)
        tables = item.measure(place)
        assert DISAGREE not in judgements(item.judge(tables, "exact"))[:3]
        assert DISAGREE in judgements(item.judge(alter(tables), "exact"))
        for figure in item.draw(tables).values():
            assert_legible(figure)


def test_example_pairs_neurons_as_the_hungarian_method_does() -> None:
    tables = measure_example({"N1": FIRST, "N2": SECOND}, CASES, N_INPUTS)
    costs = [[1 - len({*a} & {*b}) / len({*a} | {*b}) for b in SECOND] for a in FIRST]
    np.testing.assert_allclose(tables["neurons"]["distance"], np.ravel(costs))
    rows, columns = linear_sum_assignment(costs)
    pairs = tables["neurons"].query("paired == 1")
    assert [f"N1:H{k + 1}" for k in rows] == pairs["first"].tolist()
    assert [f"N2:H{k + 1}" for k in columns] == pairs["second"].tolist()
    verdicts = judge_illustration(tables, "exact")
    assert judgements(verdicts) == [AGREE] * 6
    assert [verdict.ours for verdict in verdicts[:5]] == [0.5, 0, 1, 1, 0]
    wrong = tables["cases"].assign(distance=tables["cases"]["distance"] + 0.1)
    assert judgements(judge_illustration({**tables, "cases": wrong}, "exact")) == [DISAGREE] * 6
    for figure in draw_example(tables).values():
        assert_legible(figure)
    assert layer_of(FIRST, N_INPUTS).n_edges == sum(map(len, FIRST))


def test_generations_of_one_network(place: Workplace) -> None:
    tables = measure_generations(place)
    pairs = tables["distances"].set_index(["a", "b"])["distance"]
    assert len(pairs) == 45
    assert pairs["w0", "w1"] == pytest.approx(2 * 0.01 / 1.01, abs=0.002)
    assert judgements(judge_generations(tables, "exact")) == [AGREE] * 3
    other = tables["distances"].assign(distance=0.5)
    assert judgements(judge_generations({"distances": other}, "exact")) == [DISAGREE] * 3


def test_networks_of_two_densities_share_nothing() -> None:
    names = [network_name(density, root, k) for density in (0.001, 0.5) for root in (0, 1) for k in (0, 1)]
    pairs = pd.DataFrame(list(combinations(names, 2)), columns=["a", "b"])
    assert related(pairs).value_counts().to_dict() == {"nothing": 16, "density": 8, "root": 4}
    values = {"nothing": 0.9, "density": 0.5, "root": 0.1}
    told = pairs.assign(distance=related(pairs).map(values))
    means = level_means(told).set_index(["low", "high"])["distance"]
    assert means.to_dict() == {(0.1, 0.1): 0.5, (0.1, 50.0): 0.9, (50.0, 50.0): 0.5}
    dense = pd.DataFrame({"a": ["0.1%a0"], "b": ["dense a"], "distance": [0.999]})
    assert judgements(judge_levels({"distances": pd.concat([told, dense])}, "exact")) == [AGREE] * 4
    upside_down = pd.concat([told.assign(distance=1 - told["distance"]), dense.assign(distance=0.5)])
    assert judgements(judge_levels({"distances": upside_down}, "exact")) == [DISAGREE] * 4


def test_ninety_six_networks_and_each_begins_alone() -> None:
    runs = [run for run in FASHION_SPARSE.plan("paper", lambda *_: Path()) if run.config.method == "set"]
    roots = {(run.config.density, run.config.mask_seed) for run in runs}
    assert len(runs) == 96
    assert len(roots) == len({root for _, root in roots}) == 24
    quick = FASHION_SPARSE.plan("quick", lambda *_: Path())
    assert {run.config.mask_seed for run in quick} < {root for _, root in roots}


def test_networks_of_one_start_differ_in_their_seeds() -> None:
    runs = SET_FASHION_ONE_START.plan("paper", lambda _, run: Path(run.name))
    assert [run.config.seed for run in runs] == list(range(10))
    assert [run.config.structure for run in runs] == [f"generation={k},seed=0" for k in range(10)]
    for run, alone in zip(runs, SET_FASHION.plan("paper", lambda *_: Path()), strict=True):
        told = alone.config.differences(run.config)
        assert set(told) - {"structure_epoch"} == {"structure", "structure_weights"}
    assert {run.config.epochs for run in SET_FASHION_ONE_START.plan("quick", lambda *_: Path())} == {21}


def test_wirings_of_nine_moments_are_trained_for_a_thousand_epochs() -> None:
    runs = RETRAINED.plan("paper", lambda _, run: Path(run.name))
    assert len(runs) == 180
    assert {(run.config.epochs, run.config.method) for run in runs} == {(1000, "static")}
    assert {run.config.epochs for run in RETRAINED.plan("quick", lambda *_: Path())} == {18}
    assert {run.config.epochs for run in SET_CIFAR.plan("paper", lambda *_: Path())} == {900}


def test_jackknife_knows_that_pairs_share_networks() -> None:
    values = np.random.default_rng(0).normal(size=8)
    pairs = pd.DataFrame([(i, j, values[i] + values[j]) for i, j in combinations(range(8), 2)], columns=["a", "b", "d"])
    assert jackknife_error(pairs, "d") == pytest.approx(2 * values.std(ddof=1) / 8**0.5)


def test_distances_over_training_are_those_of_each_pair() -> None:
    chain = list(rewiring_chain(tk.erdos_renyi((30, 20, 20, 3), density=0.2, rng=0), 0.2, rng=1, generations=5))
    first, later = ({f"w{k}": network for k, network in enumerate(part)} for part in (chain[:3], chain[3:]))
    tables = distance_tables([(0.0, first), (10.0, later)])
    distances = tables["distances"].set_index(["epoch", "a", "b"])
    for (epoch, networks), (a, b) in product([(0.0, first), (10.0, later)], combinations(first, 2)):
        expected = tk.nnstd(networks[a], networks[b]).layers
        np.testing.assert_allclose(distances.loc[epoch, a, b], expected, atol=1e-6)
    means = tables["means"].set_index(["epoch", "layer"])
    assert means.loc[(10.0, "layer 1"), "mean"] == pytest.approx(distances.loc[10.0]["layer 1"].mean(), abs=1e-6)
    assert means["share"].between(0, 1.2).all()
    for figure in draw_training(tables).values():
        assert_legible(figure)


def test_published_files_are_read_without_their_bias_rows(tmp_path: Path) -> None:
    rng, known = np.random.default_rng(0), {}
    for network, epoch in product(range(3), (0, 10)):
        folder = tmp_path / f"e5_s0_w{network}" / f"epoch_{epoch:03d}"
        folder.mkdir(parents=True)
        for layer, (n_in, n_out) in enumerate([(12, 9), (9, 4)]):
            weights = (rng.random((n_in, n_out)) < 0.4) * rng.normal(size=(n_in, n_out))
            known[network, epoch, layer] = weights
            sparse.save_npz(folder / f"weight_l{layer}.npz", sparse.csr_matrix(np.vstack([weights, np.ones(n_out)])))
    tables = measure_files(tmp_path, pattern="e5_s0_w*", epochs=(0, 10))
    for row in tables["distances"].itertuples():
        pair = [[known[int(name[1:]), row.epoch, layer] != 0 for layer in range(2)] for name in (row.a, row.b)]
        np.testing.assert_allclose(row[4:6], tk.nnstd(*pair).layers, atol=1e-6)
    weights = tables["weights"].set_index(["epoch", "a", "b"])["correlation"]
    x, y = known[0, 10, 0], known[2, 10, 0]
    both = (x != 0) & (y != 0)
    assert weights[10, "w0", "w2"] == pytest.approx(np.corrcoef(x[both], y[both])[0, 1], abs=1e-5)


def training_tables(means: dict[int, float], largest: float) -> dict[str, pd.DataFrame]:
    """Ten networks whose distances grow with the difference of their numbers, around these means."""
    offsets = {pair: (pair[1] - pair[0] - 11 / 3) / 50 for pair in combinations(range(10), 2)}
    rows = [
        (epoch, f"w{a}", f"w{b}", mean + offset) for epoch, mean in means.items() for (a, b), offset in offsets.items()
    ]
    told = [(epoch, "layer 1", mean, mean / 2, largest, 0.82, mean / 0.82) for epoch, mean in means.items()]
    columns = ["epoch", "layer", "mean", "smallest", "largest", "chance", "share"]
    return {
        "distances": pd.DataFrame(rows, columns=["epoch", "a", "b", "layer 1"]),
        "means": pd.DataFrame(told, columns=columns),
    }


def test_training_is_judged_by_the_published_networks() -> None:
    same = judge_training(training_tables(AUTHORS_MEANS, 0.55), "exact")
    assert judgements(same) == [DISAGREE, *[AGREE] * 11, NOT_COMPARABLE]
    shifted = {epoch: mean + 2e-5 for epoch, mean in AUTHORS_MEANS.items()}
    assert judgements(judge_training(training_tables(shifted, 0.55), "exact"))[1:10] == [DISAGREE] * 9
    near = {epoch: mean + 0.005 for epoch, mean in AUTHORS_MEANS.items()}
    trained = judge_training(training_tables(near, 0.16), "paper")
    assert judgements(trained) == [*[AGREE] * 10, DISAGREE, NOT_COMPARABLE]
    far = dict(zip(AUTHORS_MEANS, sorted(near.values(), reverse=True), strict=True))
    assert judgements(judge_training(training_tables(far, 0.16), "paper"))[9] == DISAGREE
    quick = judge_training(training_tables({0: 0.06, 10: 0.39, 20: 0.6}, 0.16), "quick", one_start=True)
    assert judgements(quick) == [AGREE, AGREE, DISAGREE, AGREE, NOT_COMPARABLE, NOT_COMPARABLE]
    assert "not known" in quick[2].why


def test_gaps_that_follow_the_wiring_are_found() -> None:
    networks = list(rewiring_chain(tk.erdos_renyi((40, 30, 3), density=0.2, rng=0), 0.1, rng=1, generations=7))
    named = {f"w{k}": network for k, network in enumerate(networks)}
    tables = gap_tables(named, {name: 87 + 0.05 * k for k, name in enumerate(named)})
    assert tables["pairs"]["gap"].max() == pytest.approx(0.35)
    assert tables["mantel"]["correlation"].iloc[0] > 0.8
    assert judgements(judge_many(tables, "paper")) == [AGREE, DISAGREE, NOT_COMPARABLE]
    assert judgements(judge_many(tables, "quick")) == [NOT_COMPARABLE] * 3
    spread = tables["networks"].assign(accuracy=[80.0, *[87.0] * 7])
    assert judge_many({**tables, "networks": spread}, "paper")[0].verdict == DISAGREE
    for figure in draw_many(tables).values():
        assert_legible(figure)


def test_distances_that_shrink_disagree() -> None:
    pairs = pd.DataFrame({"a": ["1%a0", "1%a0", "1%a0"], "b": ["1%a1", "1%b0", "2%a0"], "before": [0.1, 0.8, 0.9]})
    grown = {"distances": pairs.assign(after=0.95)}
    assert judgements(judge_levels_after(grown, "paper")) == [AGREE] * 3
    assert [one.quantity.split("of ")[-1] for one in judge_levels_after(grown, "quick") if one.verdict == AGREE] == [
        "one root"
    ]
    verdicts = judge_levels_after({"distances": pairs.assign(after=0.85)}, "paper")
    assert {one.quantity.split("of ")[-1]: one.verdict for one in verdicts} == {
        "one root": AGREE,
        "one density": AGREE,
        "two densities": DISAGREE,
    }


def test_a_topology_is_totally_different_only_at_chance() -> None:
    pairs = pd.DataFrame({"a": ["0", "0", "100"], "b": ["100", "200", "200"], "distance": [0.7, 0.8, 0.5]})
    tables = {"distances": pairs.assign(share=pairs["distance"] / 0.94)}
    assert judgements(judge_within(tables, "paper")) == [AGREE, AGREE, DISAGREE]
    assert judgements(judge_within(tables, "quick")) == [NOT_COMPARABLE] * 3
    back = {"distances": tables["distances"].assign(distance=[0.9, 0.6, 0.5])}
    assert judgements(judge_within(back, "paper"))[:2] == [DISAGREE, DISAGREE]
    seeds = {"distances": pairs.assign(after=0.94), "shares": pairs.assign(after=1.0)}
    assert judgements(judge_seeds(seeds, "paper", moment="after")) == [AGREE, NOT_COMPARABLE]
    assert judgements(judge_seeds(seeds, "quick", moment="after")) == [NOT_COMPARABLE] * 2
    seeds["distances"] = pairs.assign(after=[0.94, 0.94, 0.7])
    assert judge_seeds(seeds, "paper", moment="after")[0].verdict == DISAGREE


def accuracy_tables(gain: float, dense: float) -> dict[str, pd.DataFrame]:
    rows = [("Fix-MLP", level, 88.0) for level in (0.6, 20.0, 50.0)]
    rows += [("SET-MLP", level, 88.0 + gain) for level in (0.6, 20.0, 50.0)]
    return {"runs": pd.DataFrame([*rows, ("dense", 100.0, dense)], columns=["network", "density", "test"])}


def test_sparse_networks_are_judged_by_dense_ones() -> None:
    def judged(gain: float, dense: float) -> list[str]:
        return judgements(judge_densities(accuracy_tables(gain, dense), "paper", sparsest=20.0, reaches=0.6))

    assert judged(0.3, 88.5) == [AGREE] * 4
    assert judged(-0.3, 91.0) == [DISAGREE] * 4
    quick = judge_densities(accuracy_tables(0.3, 88.5), "quick", sparsest=20.0, reaches=0.6)
    assert judgements(quick) == [NOT_COMPARABLE] * 4
    absent = judge_densities(accuracy_tables(0.3, 88.5), "paper", sparsest=60.0, reaches=5.0)
    assert judgements(absent)[:3] == [DISAGREE] * 3


def test_table_is_judged_as_what_it_is_and_as_what_it_says() -> None:
    runs = pd.DataFrame({"validation": ACCURACIES, "test": np.array(ACCURACIES) - 1})
    assert judgements(judge_table({"runs": runs}, "paper", accuracies=ACCURACIES)) == [AGREE, DISAGREE, AGREE]
    assert judgements(judge_table({"runs": runs * 3}, "paper", accuracies=ACCURACIES)) == [DISAGREE] * 3
    for name in ("table1", "table1-cifar"):
        assert find_paper("liu2020").item(name).says.endswith("all very similar.")


def test_retrained_wirings_are_judged_epoch_by_epoch() -> None:
    epochs = np.arange(100.0, 901.0, 100.0)
    during = 50 + epochs / 100
    curves = dict(zip(CURVES.values(), (during, 54.4 + epochs / 1000, during + 4), strict=True))
    frame = pd.concat(pd.DataFrame({"curve": name, "epoch": epochs, "accuracy": y}) for name, y in curves.items())
    assert judgements(judge_retrained({"curves": frame}, "paper")) == [AGREE] * 3
    curves = dict(zip(CURVES.values(), (during, during[::-1] + 9, during[::-1] + 8), strict=True))
    frame = pd.concat(pd.DataFrame({"curve": name, "epoch": epochs, "accuracy": y}) for name, y in curves.items())
    assert judgements(judge_retrained({"curves": frame}, "paper")) == [DISAGREE] * 3


def test_a_thinned_network_keeps_a_random_part_of_its_first_edges() -> None:
    network = tk.LayeredDAG.from_adjacencies([np.ones((8, 9)), np.eye(9, 3)])
    one, other = thinned(network, 40, 0), thinned(network, 40, 1)
    first = {tuple(edge) for edge in np.argwhere(one.blocks[0].adjacency().toarray())}
    assert len(first) == 40
    assert first != {tuple(edge) for edge in np.argwhere(other.blocks[0].adjacency().toarray())}
    assert (one.blocks[1].adjacency() != network.blocks[1].adjacency()).nnz == 0


def test_networks_are_measured_as_they_were_trained(place: Workplace) -> None:
    runs = small(
        "drift", mask_seed=0, grid={"method": ["set"]}, variants=[{"generation": k, "seed": k} for k in range(4)]
    )
    trained = place.trained(runs)
    edges = {0: 10**6, 3: trained[0].recording[-1].blocks[0].n_edges // 2}
    tables = measure_training(place, experiment=runs, epochs=(0, 3, 10), name="generation", edges=edges)
    fewer, means = (tables[name].set_index("epoch")["mean"] for name in ("thinned", "means"))
    assert fewer[0] == means[0].iloc[0]
    assert fewer[3] != means[3].iloc[0]
    distances = tables["distances"].set_index(["epoch", "a", "b"])["layer 1"]
    assert tables["means"]["epoch"].unique().tolist() == [0, 3]
    last = [run.recording.at(epoch=3) for run in trained]
    assert distances[3, "w1", "w3"] == pytest.approx(tk.nnstd(last[1], last[3], layers=[0]).total, abs=1e-6)
    assert distances[0, "w0", "w1"] < distances[3, "w0", "w1"]

    many = measure_many(place, experiment=runs, name="generation")
    accuracy = 100 * trained[2].summary["max_validation_accuracy"]
    assert many["networks"].set_index("network")["accuracy"]["w2"] == pytest.approx(accuracy, abs=1e-3)
    np.testing.assert_array_equal(many["pairs"]["distance"], distances[3])

    within = measure_within(place, experiment=runs)
    first = trained[0].recording
    found = within["distances"].set_index(["a", "b"])["distance"]
    assert found["0", "3"] == pytest.approx(tk.nnstd(first[0], first[-1], layers=[0]).total, abs=1e-6)

    pairs = measure_with_chance(place, experiment=runs, name=lambda run: f"g{run.swept['generation']}")
    plain = measure_before_after(place, experiment=runs, name=lambda run: f"g{run.swept['generation']}", method="set")
    assert not len(plain["distances"].compare(pairs["distances"]))
    np.testing.assert_array_equal(pairs["distances"]["before"], distances[0])
    np.testing.assert_array_equal(pairs["distances"]["after"], distances[3])
    chance = pairs["chance"].set_index("moment")["chance"]["after"]
    np.testing.assert_allclose(pairs["shares"]["after"], pairs["distances"]["after"] / chance, atol=2e-6)
    for figure in [*draw_within(within).values(), draw_before_after(pairs)["shares-of-chance"]]:
        assert_legible(figure)


def test_accuracies_are_those_of_the_runs(place: Workplace) -> None:
    swept = small("levels", variants=[{"density": 0.2}], grid={"method": ["static", "set"], "seed": [0, 1]}, epochs=1)
    dense = small("dense", method="dense", grid={"seed": [0, 1]}, epochs=1)
    tables = measure_densities(place, sparse=swept, dense=dense, names=NETWORKS)
    summaries = [run.summary["test_accuracy_at_max_validation"] for run in place.trained(swept).select(method="set")]
    assert mean_accuracy(tables, "SET-MLP", 20.0) == pytest.approx(100 * np.mean(summaries), abs=1e-3)
    assert tables["runs"]["network"].value_counts().to_dict() == {"Fix-MLP": 2, "SET-MLP": 2, "dense": 2}
    table = measure_accuracies(place, experiment=dense, columns=["seed"])["runs"]
    best = [100 * run.summary["max_validation_accuracy"] for run in place.trained(dense)]
    np.testing.assert_allclose(table["validation"], best, atol=1e-3)
    assert_legible(draw_densities(tables)["accuracy"])


def test_wirings_are_trained_again(place: Workplace) -> None:
    source = small("source", grid={"seed": [0, 1]}, record_weights=True)
    words: dict[str, Any] = {"what": WORDS, "core_minutes": MINUTES, "seeds": {"paper": (9,)}}
    again = Retraining(
        name="again",
        source=source,
        weights=("new", "stored"),
        epochs={"paper": (1, 3)},
        changes={"epochs": 1},
        **words,
    )
    curves = measure_retrained(place, source=source, again=again, names=CURVES)["curves"]
    assert curves.groupby("curve", sort=False).size().tolist() == [6, 4, 4]
    run = place.trained(again).select(structure_epoch=3, structure_weights="stored", source_seed=1)[0]
    chosen = curves[(curves["curve"] == CURVES["stored"]) & (curves["epoch"] == 3) & (curves["network"] == 1)]
    assert chosen["accuracy"].item() == pytest.approx(100 * run.summary["test_accuracy_at_max_validation"], abs=1e-3)
    assert_legible(draw_retrained({"curves": curves})["accuracy"])
    short = replace(again, quick={"epochs": 2}, epochs={"quick": (1,)}, seeds={"quick": (9,)})
    assert {run.config.epochs for run in short.plan("quick", lambda *_: Path())} == {2}
