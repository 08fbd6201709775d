from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_array_equal
from strategies import chains

import topokit as tk
from topokit.analyzers import ChanceLevel
from topokit.dag import LayeredDAG
from topokit.errors import ParameterError
from topokit.execute import process_pool

WIDTH = 784

# Distance of two independent Erdős-Rényi layers of 784 x 784 neurons, one pair each, measured with another program, and
# three times how much such pairs differ; their numbers of edges were drawn as well, which counts where edges are few.
MEASURED = {
    (0.001, 0.001): (0.404, 0.045),
    (0.006, 0.006): (0.817, 0.009),
    (0.01, 0.01): (0.870, 0.005),
    (0.02, 0.02): (0.896, 0.002),
    (0.03, 0.03): (0.903, 0.002),
    (0.05, 0.05): (0.903, 0.002),
    (0.1, 0.1): (0.885, 0.002),
    (0.2, 0.2): (0.831, 0.002),
    (0.3, 0.3): (0.768, 0.002),
    (0.4, 0.4): (0.697, 0.002),
    (0.5, 0.5): (0.617, 0.002),
    (0.001, 0.5): (0.998, 0.001),
}


@pytest.fixture(scope="module")
def networks() -> tuple[LayeredDAG, LayeredDAG]:
    network = tk.uniform((40, 30, 30, 5), 0.15, 0)
    return network, tk.rewired(network, 0.2, 1)


@pytest.fixture(scope="module")
def level(networks: tuple[LayeredDAG, LayeredDAG]) -> ChanceLevel:
    return tk.nnstd_chance(*networks)


def wide(density: float) -> LayeredDAG:
    return tk.uniform((WIDTH, WIDTH), density, 0)


@pytest.mark.parametrize("densities", MEASURED)
def test_chance_levels_of_wide_layers(densities: tuple[float, float]) -> None:
    value, error = MEASURED[densities]
    level = tk.nnstd_chance(*map(wide, densities), replicates=6, output="matched")
    assert level.chance[-1] == pytest.approx(value, abs=error)
    assert level.chance_error[-1] == pytest.approx(level.replicates[:, -1].std(ddof=1) / np.sqrt(6))


def test_chance_depends_on_density_and_not_in_one_direction() -> None:
    levels = [
        tk.nnstd_chance(wide(p), replicates=3, output="matched", ties="fast").chance[-1] for p in (0.001, 0.03, 0.5)
    ]
    assert levels[1] > max(levels[0], levels[2]) + 0.2


def test_related_networks_are_nearer_than_chance(level: ChanceLevel, networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    observed = tk.nnstd(*networks)
    assert_array_equal(level.distances, [*observed.layers, observed.total])
    assert level.replicates.shape == (20, 4)
    assert level.total == observed.total
    assert level.relative[-1] < 0.7
    assert level.p_value[-1] == 1 / 21


def test_unrelated_networks_are_at_chance(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    other = tk.uniform((40, 30, 30, 5), 0.15, 7)
    for null in ("density", "degrees"):
        level = tk.nnstd_chance(networks[0], other, null=null, replicates=40)
        assert level.relative[-1] == pytest.approx(1, abs=0.03)
        assert level.p_value[-1] > 0.02


def test_degrees_explain_what_densities_do_not() -> None:
    rng = np.random.default_rng(0)
    appeal = rng.permutation(np.geomspace(1, 60, 60))[:, None] / 15
    a, b = ([rng.random((60, 50)) < np.minimum(1, 0.15 * appeal)] for _ in range(2))
    by_density, by_degrees = (tk.nnstd_chance(a, b, null=null, output="matched") for null in ("density", "degrees"))
    assert by_density.relative[-1] < 0.95
    assert by_degrees.relative[-1] > by_density.relative[-1] + 0.03
    assert by_density.p_value[-1] == 1 / 21


def test_frame(level: ChanceLevel) -> None:
    frame = level.frame
    assert list(frame.columns) == ["layer", "distance", "chance", "chance_error", "relative", "p_value", "reason"]
    assert frame["layer"].tolist() == ["hidden1", "hidden2", "output", "total"]
    assert_array_equal(frame["relative"], frame["distance"] / frame["chance"])
    assert (frame["reason"] == "").all()
    assert level.meta.parameters["null"] == "density"
    assert level.meta.parameters["rng"] == 0


def test_summary(level: ChanceLevel, networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    share = level.distances[-1] / level.chance[-1]
    assert str(level).startswith(f"{level.total:.2f}, {100 * share:.0f} % of chance (0.7")
    assert str(level).endswith(", 20 random pairs)")
    alone = tk.nnstd_chance(networks[0], replicates=3)
    assert alone.summary.startswith("chance level 0.7")
    assert np.isnan(alone.distances).all()
    assert np.isnan(alone.p_value).all()
    assert set(alone.frame["reason"]) == {"one network was given"}


def test_dense_layers_have_no_chance_level_to_divide_by() -> None:
    a, b = ([rng.random((20, 10)) < 0.3, np.ones((10, 4))] for rng in map(np.random.default_rng, (0, 1)))
    level = tk.nnstd_chance(a, b, replicates=4)
    assert level.chance[1] == 0
    assert np.isnan(level.relative[1])
    assert np.isfinite(level.relative[[0, 2]]).all()
    assert level.frame["reason"].tolist() == ["", "random networks of the same density are at distance 0", ""]
    assert level.p_value[1] == 1
    dense = tk.nnstd_chance([np.ones((3, 2))], [np.ones((3, 2))], replicates=2)
    assert "are at distance 0" in dense.summary


def test_executors_give_the_same_replicates(level: ChanceLevel, networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    with ThreadPoolExecutor(2) as threads, process_pool(1) as processes:
        for executor in (threads, processes):
            assert_array_equal(tk.nnstd_chance(*networks, executor=executor).replicates, level.replicates)
    more = tk.nnstd_chance(*networks, replicates=25)
    assert_array_equal(more.replicates[:20], level.replicates)
    assert (tk.nnstd_chance(*networks, rng=1).replicates[:, 0] != level.replicates[:, 0]).any()


def test_options_are_those_of_the_distance(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    level = tk.nnstd_chance(*networks, replicates=3, layers=[0], normaliser="n1", ties="fast")
    assert level.layer_names == ("hidden1",)
    assert level.meta.parameters["normaliser"] == "n1"
    authors = tk.nnstd_chance(*networks, replicates=2, preset="authors")
    assert authors.meta.parameters["ties"] == "scipy"
    assert authors.total == tk.nnstd(*networks, preset="authors").total


@pytest.mark.parametrize("weights", ["magnitude", "signed"])
def test_weights_are_dealt_out_in_the_random_networks(weights: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=(30, 20))
    nearly = values * rng.lognormal(sigma=0.1, size=values.shape)
    level = tk.nnstd_chance([values], [nearly], weights=weights, output="matched", replicates=5)
    assert level.relative[-1] < 0.5
    assert level.chance[-1] > 0.3


@settings(max_examples=10)
@given(chains())
def test_any_chain(network: LayeredDAG) -> None:
    for null, ties in product(("density", "degrees"), ("canonical", "fast")):
        level = tk.nnstd_chance(network, network, null=null, replicates=2, ties=ties)
        assert ((level.replicates >= 0) & (level.replicates <= 1)).all()
        assert (np.isnan(level.relative) == (level.chance == 0)).all()


def test_errors(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    with pytest.raises(ParameterError, match="null='edges': use 'density' or 'degrees'"):
        tk.nnstd_chance(*networks, null="edges")
    with pytest.raises(ParameterError, match="use 'density' or 'degrees'"):
        tk.nnstd_chance(*networks, null=["density"])
    with pytest.raises(ParameterError, match="at least 2, for a mean"):
        tk.nnstd_chance(*networks, replicates=1)
