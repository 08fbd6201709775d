from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest
from distributed import Client, LocalCluster
from growing import grown
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import topokit as tk
from topokit.analyzers import KShells
from topokit.dag import LayeredDAG, Series
from topokit.errors import InsufficientDataError, ParameterError
from topokit.execute import process_pool


def edges(network: LayeredDAG) -> float:
    return float(network.n_edges)


def first_edge(network: LayeredDAG) -> float:
    """Where the first edge of the network lies: all but continuous."""
    return float(np.flatnonzero(network.blocks[0].adjacency().toarray())[0])


def spread_of_inputs(network: LayeredDAG) -> float:
    return float(network.blocks[0].in_degrees().std())


def nestedness(network: LayeredDAG) -> float:
    """Pairs of targets that share inputs, squared: what neither density nor degrees fix."""
    matrix = network.blocks[0].adjacency().toarray().astype(float)
    return float(((matrix.T @ matrix) ** 2).sum())


def weight_of_hub(network: LayeredDAG) -> float:
    block = network.blocks[0]
    return float(abs(block.weight_matrix()).sum(axis=0)[np.argmax(block.in_degrees())])


@pytest.fixture(scope="module")
def network() -> LayeredDAG:
    return tk.uniform((40, 60, 60, 10), 0.1, 0)


def hubs() -> LayeredDAG:
    """20 x 20 neurons wired fully inside an otherwise sparse network: a core that neither null has."""
    rng = np.random.default_rng(0)
    masks = [rng.random((100, 100)) < 0.03 for _ in range(3)]
    for mask in masks:
        mask[:20, :20] = True
    return LayeredDAG.from_adjacencies(masks)


def test_numbers_are_those_of_the_literal_loop(network: LayeredDAG) -> None:
    found = tk.against_null(tk.kshell, network, model="density", n=30, rng=3)
    streams = np.random.default_rng(3).spawn(30)
    drawn = np.array([tk.kshell(tk.same_density(network, each)).summary.loc[0, "core"] for each in streams])
    given = tk.kshell(network).summary.loc[0, "core"]
    row = found.frame.set_index("statistic").loc["core"]
    assert row["value"] == given
    assert_allclose([row["null_mean"], row["null_sd"]], [drawn.mean(), drawn.std(ddof=1)])
    assert_allclose(row["z"], (given - drawn.mean()) / drawn.std(ddof=1))
    assert row["p_greater"] == (1 + (drawn >= given).sum()) / 31
    assert row["p_less"] == (1 + (drawn <= given).sum()) / 31
    assert row["p_two_sided"] == min(1, 2 * min(row["p_greater"], row["p_less"]))
    assert_allclose([row["low"], row["high"]], np.quantile(drawn, [0.025, 0.975]))
    assert row["n"] == 30


def test_p_values_agree_with_scipy(network: LayeredDAG) -> None:
    """scipy's Monte Carlo test counts (1 + k) / (1 + n) as well, on each side and twice the smaller."""
    found = tk.against_null(nestedness, network, n=60)
    drawn = found.replicates[0, :, 0]
    for alternative in ("greater", "less", "two-sided"):
        peer = stats.monte_carlo_test(
            found.values[0],
            lambda size: drawn.reshape(size),
            lambda sample, axis: sample.mean(axis),
            n_resamples=60,
            alternative=alternative,
        )
        ours = {"greater": found.p_greater, "less": found.p_less, "two-sided": found.p_two_sided}[alternative]
        assert ours[0, 0] == pytest.approx(peer.pvalue)


@pytest.mark.parametrize("model", ["density", "degrees"])
def test_a_planted_core_is_found(model: str) -> None:
    found = tk.against_null(tk.kshell, hubs(), model=model, n=99).frame.set_index("statistic")
    assert found.loc["k_max", "value"] > 1.3 * found.loc["k_max", "high"]
    assert found.loc["k_max", "p_greater"] == 0.01
    assert found.loc["core", "value"] == 80


def test_hubs_are_found_by_density_and_kept_by_degrees() -> None:
    """The largest degree of a network grown by preference is beyond chance, and of no news where degrees are kept."""
    network = grown(6)[-1]
    options = {"layers": "hidden", "n": 200}
    by_density = tk.against_null(tk.degrees, network, model="density", **options).frame.set_index("statistic")
    assert (by_density["z"].filter(like="max") > 2).all()
    assert by_density.loc["hidden1 total sd", "p_holm"] < 0.2
    by_degrees = tk.against_null(tk.degrees, network, model="degrees", **options).frame
    assert by_degrees["z"].isna().all()
    assert by_degrees["reason"].str.startswith("every random network has").all()
    assert (by_degrees[["p_two_sided", "p_holm"]] == 1).all(axis=None)


@pytest.mark.parametrize(
    ("model", "measure", "truth"),
    [
        ("density", spread_of_inputs, lambda rng: tk.uniform((15, 20), 0.2, rng)),
        ("degrees", nestedness, lambda rng: tk.same_degrees(tk.uniform((15, 20), 0.2, 0), rng)),
        ("weights", weight_of_hub, lambda rng: tk.same_edges(grown(1)[0], rng)),
    ],
)
def test_p_is_uniform_where_the_network_is_itself_a_random_one(model, measure, truth) -> None:
    rng = np.random.default_rng(7)
    p_values = [tk.against_null(measure, truth(rng), model=model, n=19, rng=rng).p_greater[0, 0] for _ in range(200)]
    counts = np.bincount(np.ceil(np.array(p_values) * 5 - 1e-9).astype(int) - 1, minlength=5)
    assert stats.chisquare(counts).pvalue > 0.001


def test_any_executor_gives_the_same(network: LayeredDAG) -> None:
    def asked(executor: Executor | None) -> np.ndarray:
        return tk.against_null(tk.kshell, network, n=40, rng=5, executor=executor).replicates

    alone = asked(None)
    with ThreadPoolExecutor(3) as threads:
        assert_array_equal(asked(threads), alone)
    with process_pool(2) as processes:
        assert_array_equal(asked(processes), alone)
    cluster = LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    with cluster, Client(cluster) as client, client.get_executor() as dask:
        assert_array_equal(asked(dask), alone)


def test_what_cannot_travel_to_processes_is_told(network: LayeredDAG) -> None:
    with process_pool(1) as processes:
        whole = tk.against_null(
            tk.rank_evolution, grown(4)[1:], model="density", moment="together", n=3, executor=processes
        )
        assert_array_equal(whole.values[0], list(tk.rank_evolution(grown(4)[1:]).scalars().values()))
        with pytest.raises(ParameterError, match="define functions in a module, or use threads"):
            tk.against_null(lambda net: net.n_edges, network, n=3, executor=processes)


def test_more_networks_begin_with_the_same_ones(network: LayeredDAG) -> None:
    few, many = (tk.against_null(tk.kshell, network, n=n, rng=2).replicates for n in (5, 9))
    assert_array_equal(few, many[:, :5])


def test_names_stand_for_analyzers_and_options_reach_them(network: LayeredDAG) -> None:
    found = tk.against_null("dormant", network, n=3, threshold=12, layers=["hidden1"])
    assert found.names[:2] == ("hidden1 below_threshold", "hidden1 no_input")
    assert found.values[0, 0] == tk.dormant(network, threshold=12).frame.loc[0, "below_threshold"]
    assert found.meta.parameters["options"] == {"threshold": 12, "layers": "['hidden1']"}


def test_statistics_may_be_one_number_or_several(network: LayeredDAG) -> None:
    def mean_shell(result: KShells) -> float:
        return float(result.coreness.mean())

    one = tk.against_null(tk.kshell, network, n=3, statistic=mean_shell)
    assert one.names == ("mean_shell",)
    assert one.values[0, 0] == tk.kshell(network).coreness.mean()
    two = tk.against_null(
        tk.kshell, network, n=3, statistic=lambda result: {"low": result.coreness.min(), "high": result.coreness.max()}
    )
    assert two.names == ("low", "high")


def test_models_may_be_functions(network: LayeredDAG) -> None:
    found = tk.against_null(tk.kshell, network, model=lambda net, rng: tk.rewired(net, 0.1, rng), n=5)
    assert found.model == "<lambda>"
    with pytest.raises(ParameterError, match="gives int: return the random LayeredDAG"):
        tk.against_null(tk.kshell, network, model=lambda net, rng: 3, n=5)


def test_layers_is_another_name_of_density(network: LayeredDAG) -> None:
    by = {model: tk.against_null(tk.kshell, network, model=model, n=4).replicates for model in ("layers", "density")}
    assert_array_equal(by["layers"], by["density"])


def test_weights_against_the_same_edges() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((30, 30)) < 0.2
    mask[:, 0] = True
    weights = rng.normal(size=mask.shape)
    weights[:, 0] = 5
    network = LayeredDAG.from_adjacencies([np.where(mask, weights, 0)], masks=[mask])
    found = tk.against_null(weight_of_hub, network, model="weights", n=99)
    assert found.z[0, 0] > 5
    assert found.p_greater[0, 0] == 0.01


def test_what_compares_moments_is_summed_up_too() -> None:
    series = grown(3)
    changes, explored = tk.edge_changes(series), tk.exploration(series)
    attached = tk.attachment(series, replicates=20)
    sums = {
        "total jaccard": (changes, changes.jaccard[-1, -1]),
        "input->hidden1 rate": (explored, explored.rate[-1, 0]),
        "total half_life": (survived := tk.edge_survival(series), survived.curves["total"].median),
        "input->hidden1 in gain exponent": (
            attached,
            attached.frame.query("block == 'input->hidden1' and side == 'in' and kernel == 'gain'")["exponent"].iloc[0],
        ),
        "total distance": (drift := tk.nnstd_against(series), drift.totals[-1]),
        "total mean": (pairs := tk.nnstd_matrix(series), pairs.matrix[np.triu_indices(3, 1)].mean()),
    }
    for name, (result, number) in sums.items():
        assert result.scalars()[name] == number


def test_moments_of_a_series() -> None:
    series = grown(4)
    last = tk.against_null(tk.kshell, series, n=5)
    assert_array_equal(last.values, tk.against_null(tk.kshell, series[3], n=5).values)
    assert last.moments == series.moments[3:]
    assert_array_equal(
        tk.against_null(tk.kshell, series, n=5, moment=1).values, tk.kshell(series[1]).summary.iloc[:, 2:]
    )
    each = tk.against_null(tk.kshell, series, n=5, moment="each")
    assert_array_equal(each.values, tk.kshell(series).summary.iloc[:, 2:])
    assert each.frame["step"].tolist() == np.repeat([0, 100, 200, 300], 4).tolist()
    assert each.replicates.shape == (4, 5, 4)


def test_a_whole_series_at_once() -> None:
    """Ranks that last: chance leaves none at the same densities, and all at the same degrees."""
    series = grown(4)
    tau = tk.rank_evolution(series).matrix
    found = tk.against_null(tk.rank_evolution, series, model="density", moment="together", n=20)
    assert_allclose(
        found.values[0], [tau[0, 3], np.mean([tau[0, 1], tau[1, 2], tau[2, 3]]), tau[np.triu_indices(4, 1)].mean()]
    )
    assert (found.z > 3).all()
    assert np.abs(found.mean).max() < 0.25
    kept = tk.against_null(tk.rank_evolution, series, model="degrees", moment="together", n=5)
    assert np.isnan(kept.z).all()


def test_a_random_series_is_the_same_at_each_reading() -> None:
    def repeats(series: Series) -> float:
        return float(all(a.equals(b) for a, b in zip(series, series, strict=True)))

    found = tk.against_null(repeats, grown(2), model="density", moment="together", n=3)
    assert (found.replicates == 1).all()


def test_holm_counts_what_could_have_differed(network: LayeredDAG) -> None:
    found = tk.against_null(
        lambda net: {"edges": edges(net), "a": nestedness(net), "b": first_edge(net)}, network, model="density", n=39
    )
    p = np.sort(found.p_two_sided[0, 1:])
    assert found.p_holm[0, 0] == 1
    assert_allclose(np.sort(found.p_holm[0, 1:]), [min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])])
    assert found.frame["reason"].iloc[0] == f"every random network has {network.n_edges}"


def test_numbers_that_are_not_defined_are_told(network: LayeredDAG) -> None:
    calls = iter(range(100))
    mixed = tk.against_null(lambda net: np.nan if next(calls) % 3 == 1 else net.n_edges + next(calls), network, n=6)
    assert 0 < mixed.defined[0, 0] < 6
    assert "do not count" in mixed.frame["reason"][0]
    absent = tk.against_null(lambda net: np.nan, network, n=3).frame.iloc[0]
    assert absent[["z", "p_two_sided", "p_holm", "null_mean"]].isna().all()
    assert absent["reason"] == "not defined for the given network"
    never = iter([1.0, np.nan, np.nan, np.nan])
    lone = tk.against_null(lambda net: next(never), network, n=3).frame.iloc[0]
    assert lone["reason"] == "defined for 0 of 3 random networks"
    assert lone[["z", "p_two_sided", "p_holm"]].isna().all()


def test_too_few_networks_for_the_p_are_told() -> None:
    row = tk.against_null(nestedness, hubs(), model="density", n=9).frame.iloc[0]
    assert row["p_two_sided"] == 0.2
    assert row["reason"] == "beyond all 9 random networks, too few to tell more: raise n"


def test_results_sum_up_their_last_moment() -> None:
    series = grown(3)
    assert tk.kshell(series).scalars() == dict(
        zip(["k_max", "core", "crust", "isolated"], tk.kshell(series[2]).summary.iloc[0, 2:], strict=True)
    )
    assert tk.degrees(series).scalars() == tk.degrees(series[2]).scalars()
    assert tk.dormant(series).scalars() == tk.dormant(series[2]).scalars()
    fits, rows = tk.power_law(series, replicates=0), tk.power_law(series, replicates=0).frame.iloc[-1]
    last = {name.split()[1]: value for name, value in fits.scalars().items() if name.startswith(rows["layer"])}
    np.testing.assert_allclose(
        [last[name] for name in ("alpha", "distance", "tail_fraction")],
        rows[["alpha", "distance", "tail_fraction"]].astype(float),
    )
    assert tk.effective_sparsity(series).scalars() == tk.effective_sparsity(series[2]).scalars()
    shares = tk.degree_inequality(series).scalars()
    assert shares["hidden1 in gini"] == tk.degree_inequality(series).curve("gini", kind="in")[-1, 1]
    assert tk.nnstd(series[0], series[1]).scalars()["total"] == tk.nnstd(series[0], series[1]).total


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 1}, "n=1: give at least 2"),
        ({"n": 2.5}, "n=2.5 is no whole number"),
        ({"model": "lattice"}, "model='lattice': use 'degrees'"),
        ({"rng": -1}, "rng=-1"),
        ({"level": 1}, "level=1"),
        ({"moment": 3}, "moment=3 of 1 networks"),
        ({"moment": "all"}, "moment='all' of 1 networks"),
        ({"moment": 0.5}, "moment=0.5 of 1 networks"),
        ({"level": "most"}, "level='most'"),
        ({"statistic": "core"}, "statistic='core' cannot be called"),
        ({"threshold": 3}, "kshell cannot be called so .*'threshold'"),
        ({"statistic": lambda result: "many"}, "no number"),
        ({"statistic": lambda result: {}}, "names no number"),
    ],
)
def test_bad_options_are_refused(network: LayeredDAG, options: dict, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        tk.against_null(tk.kshell, network, **{"n": 3, **options})


def test_bad_questions_are_refused(network: LayeredDAG) -> None:
    with pytest.raises(ParameterError, match="ShellLayout is not summed up by numbers"):
        tk.against_null(tk.shell_layout, network, n=3)
    with pytest.raises(ParameterError, match=r"nnstd cannot be called so .*'b'.*options by name"):
        tk.against_null(tk.nnstd, network, n=3)
    with pytest.raises(InsufficientDataError, match="moment='together' asks it of all 3"):
        tk.against_null(tk.rank_evolution, grown(3), n=3)
    counts = iter(range(9))
    with pytest.raises(ParameterError, match="for some networks only"):
        tk.against_null(lambda net: {str(next(counts)): 1}, network, n=3)
    with pytest.raises(ParameterError, match="cannot be called"):
        tk.against_null(3, network)
    with pytest.raises(InsufficientDataError, match="no weights to deal out"):
        tk.against_null(tk.kshell, network, model="weights")
    with pytest.raises(ParameterError, match="threshold"):
        tk.against_null(tk.dormant, network, threshold=0, n=3)
