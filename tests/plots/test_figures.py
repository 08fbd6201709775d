"""What stands on each figure, checked against the results it is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from growing import grown
from hypothesis import given, settings
from legible import assert_legible
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import zeta
from strategies import layered_dags

from topokit import plots
from topokit.analyzers import (
    attachment,
    bipartite_core,
    degree_inequality,
    degree_persistence,
    degrees,
    dormancy_join,
    dormant,
    edge_changes,
    edge_survival,
    effective_sparsity,
    exploration,
    fit_power_law,
    input_map,
    kshell,
    nnstd,
    nnstd_against,
    nnstd_between,
    nnstd_chance,
    nnstd_matrix,
    onion_layers,
    power_law,
    rank_evolution,
    shell_layout,
    tau_dormant,
    weighted_kshell,
)
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

METRICS = pd.DataFrame(
    {
        "step": [10, 20, 30],
        "epoch": [1.0, 2.0, 3.0],
        "train_loss": [1.0, 0.5, 0.2],
        "train_accuracy": [0.5, 0.8, 0.9],
        "test_accuracy": [0.4, np.nan, 0.8],
    }
)

DRAWN: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "degree_ccdf": (plots.degree_ccdf, degrees),
    "degree_grid": (plots.degree_grid, lambda source: degrees(source, layers="hidden")),
    "shell_histogram": (plots.shell_histogram, kshell),
    "weighted_shells": (plots.shell_histogram, weighted_kshell),
    "shell_drawing": (plots.shell_drawing, shell_layout),
    "onion": (plots.onion, shell_layout),
    "onion_spectrum": (plots.onion_spectrum, onion_layers),
    "bipartite_cores": (plots.bipartite_cores, bipartite_core),
    "dormant_evolution": (plots.dormant_evolution, dormant),
    "input_map": (plots.input_map, input_map),
    "input_map_grid": (plots.input_map_grid, input_map),
    "rank_matrix": (plots.rank_matrix, rank_evolution),
    "power_law_evolution": (plots.power_law_evolution, lambda source: power_law(source, replicates=10)),
    "distance_matrix": (plots.distance_matrix, nnstd_matrix),
    "group_distances": (plots.group_distances, lambda series: nnstd_between(series[:2], series[1:])),
    "distance_evolution": (plots.distance_evolution, nnstd_against),
    "edge_changes": (plots.edge_changes, edge_changes),
    "edge_survival": (plots.edge_survival, edge_survival),
    "exploration": (plots.exploration, exploration),
    "degree_inequality": (plots.degree_inequality, degree_inequality),
    "degree_persistence": (plots.degree_persistence, lambda source: degree_persistence(source, replicates=5)),
    "attachment": (plots.attachment, lambda source: attachment(source, replicates=20)),
}
DRAWN |= {
    "effective_sparsity": (plots.effective_sparsity, effective_sparsity),
    "dormancy_scatter": (plots.dormancy_scatter, lambda source: dormancy_join(source, silent(source))),
    "dormancy_auc": (plots.dormancy_auc, lambda source: dormancy_join(source, silent(source))),
    "activation_evolution": (plots.activation_evolution, lambda source: tau_dormant(silent(source))),
}
OVER_TIME = {
    "rank_matrix",
    "distance_matrix",
    "group_distances",
    "distance_evolution",
    "edge_changes",
    "edge_survival",
    "exploration",
    "degree_persistence",
    "attachment",
}


def silent(source: Any) -> list[dict[str, np.ndarray]]:
    """Activations at each moment: the fewer edges in, the likelier a neuron is silent."""
    rng = np.random.default_rng(0)
    networks = [source] if isinstance(source, LayeredDAG) else source
    return [
        {
            layer.name: np.maximum(net.in_degrees(layer.name) - rng.integers(0, 12, layer.size), 0)
            for layer in net.hidden
        }
        for net in networks
    ]


@pytest.mark.parametrize(("name", "frames"), [(n, t) for n in DRAWN for t in (1, 2, 50) if t > 1 or n not in OVER_TIME])
def test_one_result_is_legible(name: str, frames: int) -> None:
    plot, analyze = DRAWN[name]
    assert_legible(plot(analyze(grown(frames))))


@pytest.mark.parametrize("name", sorted(set(DRAWN) - OVER_TIME))
def test_a_lone_network_is_legible(name: str) -> None:
    plot, analyze = DRAWN[name]
    assert_legible(plot(analyze(grown(1)[0])))


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", DRAWN)
def test_several_results_are_legible_panels(name: str, count: int) -> None:
    plot, analyze = DRAWN[name]
    figure = plot({f"method {k}": analyze(grown(4, seed=k)) for k in range(count)})
    assert isinstance(figure, Figure)
    assert_legible(figure)


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"degree_grid", "input_map_grid", "power_law_evolution"}))
def test_draws_on_given_axes_but_not_several_results_on_one(name: str) -> None:
    plot, analyze = DRAWN[name]
    result = analyze(grown(3))
    ax = Figure().subplots()
    assert plot(result, ax=ax) is ax
    with pytest.raises(ParameterError, match="leave out ax"):
        plot({"a": result, "b": result}, ax=ax)


@pytest.mark.parametrize("name", DRAWN)
def test_an_empty_mapping_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="no result was given"):
        DRAWN[name][0]({})


@pytest.mark.parametrize("name", ["$\\frac$", "_private", "<script>alert(1)</script>", "naïve – 50 % {x}"])
def test_any_name_can_be_drawn(name: str) -> None:
    figure = plots.dormant_evolution({name: dormant(grown(3)), "other": dormant(grown(3, seed=1))})
    assert_legible(figure)
    assert name in [text.get_text().strip() for text in figure.legends[0].get_texts()]


def test_degree_curves_are_the_complementary_distribution() -> None:
    result = degrees(grown(3))
    ax = plots.degree_ccdf(result)
    table = result.distribution()
    table = table[(table["epoch"] == 2) & (table["degree"] > 0)]
    for layer, line in zip(result.layers, ax.lines, strict=True):
        expected = table[table["layer"] == layer.name]
        x, y = line.get_data()
        drawn = [y[np.flatnonzero(x == k)[0]] for k in expected["degree"]]
        assert line.get_label() == layer.name
        assert_allclose(drawn, expected["ccdf"])


def test_degree_grid_has_rows_of_moments_and_marks_the_largest_degree() -> None:
    result = degrees(grown(20), layers="hidden")
    figure = plots.degree_grid({"a": result, "b": result}, moments=[0, 19])
    assert len(figure.axes) == 4
    assert [ax.get_title(loc="right") for ax in figure.axes] == ["epoch 0"] * 2 + ["epoch 19"] * 2
    assert figure.axes[2].lines[-1].get_xdata()[0] == result.values(moment=19).max()


def test_degree_grid_shares_add_up_to_one() -> None:
    cell = plots.degree_grid(degrees(grown(1), layers="hidden")).axes[0]
    steps = cell.patches[0].get_xy()
    width = np.diff(np.unique(steps[:, 0]))[0]
    assert_allclose(np.abs(_area(steps)), width)


def _area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def test_shells_count_every_neuron_once() -> None:
    result = kshell(grown(3))
    ax = plots.shell_histogram(result, moment=0)
    assert [sum(bar.get_height() for bar in bars) for bars in ax.containers] == [layer.size for layer in result.layers]


def test_dormant_lines_are_the_counts() -> None:
    result = dormant(grown(5), threshold=7)
    ax = plots.dormant_evolution(result)
    for layer, line in zip(result.layers, ax.lines, strict=True):
        rows = result.frame[result.frame["layer"] == layer.name]
        assert_array_equal(line.get_ydata(), rows["below_threshold"])
        assert_array_equal(line.get_xdata(), rows["epoch"])
    assert "degree < 7" in ax.get_ylabel()
    assert "without input" in plots.dormant_evolution(result, counting="no_input").get_ylabel()


def test_panels_per_layer_hold_a_line_per_method() -> None:
    results = {label: dormant(grown(5, seed=k)) for k, label in enumerate("abc")}
    figure = plots.dormant_evolution(results)
    assert [ax.get_title() for ax in figure.axes] == ["hidden1 (96 neurons)", "hidden2 (72 neurons)"]
    assert [line.get_label() for line in figure.axes[0].lines] == ["a", "b", "c"]


def test_rank_matrix_shows_the_matrix_from_0_to_1() -> None:
    result = rank_evolution(grown(5))
    image = plots.rank_matrix(result).images[0]
    assert_array_equal(np.asarray(image.get_array()), result.matrix)
    assert image.get_clim() == (0, 1)


def test_rank_matrix_of_dense_networks_says_why_it_is_blank() -> None:
    dense = [LayeredDAG.from_adjacencies([np.ones((4, 3)), np.ones((3, 2))])] * 3
    assert "no ranking" in plots.rank_matrix(rank_evolution(dense)).texts[0].get_text()


def test_input_map_shows_the_image_and_signed_sums_about_zero() -> None:
    result = input_map(grown(3))
    image = plots.input_map(result, moment=1).images[0]
    assert_array_equal(np.asarray(image.get_array()), result.image("count", moment=1))
    assert image.get_clim()[0] == 0
    low, high = plots.input_map(result, value="weight").images[0].get_clim()
    assert low == -high


def test_input_map_of_colour_images_by_channel() -> None:
    mask = np.random.default_rng(0).random((3 * 4 * 5, 6)) < 0.4
    result = input_map(LayeredDAG.from_adjacencies([mask], input_shape=(3, 4, 5)))
    image = plots.input_map(result, channel=1).images[0]
    assert_array_equal(np.asarray(image.get_array()), mask.sum(1).reshape(3, 4, 5)[1])


def test_input_maps_of_several_methods_share_a_scale_and_grid_rows_have_their_own() -> None:
    sparse, dense = input_map(grown(2, density=0.1)), input_map(grown(2, density=0.8))
    figure = plots.input_map({"sparse": sparse, "dense": dense})
    assert len({ax.images[0].get_clim() for ax in figure.axes if ax.images}) == 1
    grid = plots.input_map_grid({"sparse": sparse, "dense": dense})
    assert len({ax.images[0].get_clim() for ax in grid.axes if ax.images}) == 2


def test_power_law_evolution_has_the_frame_in_four_panels() -> None:
    result = power_law(grown(4), replicates=10)
    figure = plots.power_law_evolution(result)
    rows = result.frame[result.frame["layer"] == "hidden1"]
    for ax, column in zip(figure.axes, ["alpha", "sigma", "distance", "p_value"], strict=True):
        assert_array_equal(ax.lines[0].get_ydata(), rows[column])
    assert figure.axes[3].lines[-1].get_ydata()[0] == 0.1


def test_power_law_evolution_says_where_nothing_was_fitted_or_tested() -> None:
    small = grown(3)
    words = [ax.texts[0].get_text() for ax in plots.power_law_evolution(power_law(small, layers="output")).axes]
    assert words == ["no fit", "no fit", "no fit", "not tested"]
    assert_legible(plots.power_law_evolution(power_law(small, layers="output")))
    assert_legible(plots.power_law_evolution({"a": power_law(small, layers="output")}))
    untested = plots.power_law_evolution(power_law(grown(3), replicates=0))
    assert [len(ax.texts) for ax in untested.axes] == [0, 0, 0, 1]


def test_power_law_fit_shows_data_model_and_start() -> None:
    values = np.random.default_rng(0).zipf(2.5, 500)
    fit = fit_power_law(values, replicates=20, rng=0)
    ax = plots.power_law_fit(fit)
    assert_legible(ax)
    data, model, start = ax.lines
    assert_allclose(data.get_ydata(), [(values >= k).mean() for k in np.unique(values)])
    tail = np.unique(values[values >= fit.xmin]).astype(float)
    expected = fit.n_tail / fit.n * zeta(fit.alpha, tail) / zeta(fit.alpha, fit.xmin)
    assert_allclose(model.get_ydata()[np.isfinite(model.get_ydata())], expected)
    assert start.get_xdata()[0] == fit.xmin


def test_power_law_fits_of_several_layers_and_of_one_that_has_none() -> None:
    tested, equal = (power_law(net, replicates=20) for net in (grown(1)[0], [np.ones((4, 3)), np.ones((3, 2))]))
    fits = [*tested.fits[0], *equal.fits[0]]
    assert_legible(plots.power_law_fit({f"fit {k}": fit for k, fit in enumerate(fits)}))
    ax = plots.power_law_fit(fits[-1])
    assert "power law needs at least" in ax.texts[0].get_text().replace("\n", " ")


def test_distance_matrix_total_and_by_layer() -> None:
    result = nnstd_matrix(grown(4))
    image = plots.distance_matrix(result).images[0]
    assert_array_equal(np.asarray(image.get_array()), result.matrix)
    assert image.get_clim() == (0, 1)
    layer = result.layer_names[1]
    assert_array_equal(
        np.asarray(plots.distance_matrix(result, layer=layer).images[0].get_array()), result.layer_matrices[1]
    )
    with pytest.raises(UnknownNameError, match="unknown layer"):
        plots.distance_matrix(result, layer="hiden1")


def test_distance_layers_are_bars_and_their_mean_a_line() -> None:
    series = grown(2)
    result = nnstd(series[0], series[1])
    ax = plots.distance_layers(result)
    assert_legible(ax)
    assert_allclose([bar.get_width() for bar in ax.patches], result.layers)
    assert ax.lines[0].get_xdata()[0] == result.total


def test_distance_evolution_has_the_total_in_black() -> None:
    result = nnstd_against(grown(4))
    ax = plots.distance_evolution(result)
    assert [line.get_label() for line in ax.lines] == ["total", *result.layer_names]
    assert_array_equal(ax.lines[0].get_ydata(), result.totals)
    assert ax.lines[0].get_color() == "black"


def test_distance_chance_shows_both_and_their_quotient() -> None:
    series = grown(2)
    result = nnstd_chance(series[0], series[1], replicates=4)
    ax = plots.distance_chance(result)
    assert_legible(ax)
    mean, given_networks = ax.lines
    assert_array_equal(mean.get_xdata(), result.chance)
    assert_array_equal(given_networks.get_xdata(), result.distances)
    assert_allclose([bar.get_x() for bar in ax.patches], result.replicates.min(axis=0))
    assert_allclose([bar.get_x() + bar.get_width() for bar in ax.patches], result.replicates.max(axis=0))
    assert ax.texts[-1].get_text() == f"{100 * result.relative[-1]:.0f} % of chance"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [*result.layer_names, "total"]


def test_distance_chance_of_one_network_and_of_dense_layers() -> None:
    alone = plots.distance_chance(nnstd_chance(grown(1)[0], replicates=2))
    assert_legible(alone)
    assert len(alone.get_legend().get_texts()) == 2
    dense = [np.ones((4, 3)), np.ones((3, 2))]
    assert_legible(plots.distance_chance(nnstd_chance(dense, dense, replicates=2)))


@pytest.mark.parametrize("value", ["jaccard", "dropped_share", "turned_share", "weight_change", "born", "explored"])
def test_edge_changes_draw_any_column(value: str) -> None:
    result = edge_changes(grown(6), reference="first", explored=True)
    ax = plots.edge_changes(result, value=value)
    assert_legible(ax)
    assert [line.get_label() for line in ax.lines] == ["total", *result.blocks]
    assert_array_equal(ax.lines[0].get_ydata(), getattr(result, value)[:, -1])
    assert_array_equal(ax.lines[1].get_ydata(), getattr(result, value)[:, 0])


def test_edge_changes_that_are_not_there_are_refused() -> None:
    with pytest.raises(ParameterError, match="use 'distance', 'jaccard'"):
        plots.edge_changes(edge_changes(grown(2)), value="died")
    with pytest.raises(ParameterError, match="explored=True"):
        plots.edge_changes(edge_changes(grown(2)), value="explored")


def test_survival_curves_are_steps_from_1_over_their_limits() -> None:
    result = edge_survival(grown(8))
    ax = plots.edge_survival(result)
    for name, line in zip(result.curves, ax.lines, strict=False):
        assert line.get_label() == name
        assert_array_equal(line.get_xdata(), [0, *result.curves[name].ages])
        assert_array_equal(line.get_ydata(), [1, *result.curves[name].survival])
    assert len(ax.collections) == 4
    assert ax.lines[-1].get_ydata()[0] == 0.5


@pytest.mark.parametrize("value", ["lasting_rate", "dropped_share", "returned_share", "return_rate"])
def test_exploration_draws_any_column(value: str) -> None:
    result = exploration(grown(6))
    ax = plots.exploration(result, value=value)
    assert_legible(ax)
    assert_array_equal(ax.lines[0].get_ydata(), getattr(result, value)[:, -1])
    with pytest.raises(ParameterError, match="use 'rate'"):
        plots.exploration(result, value="speed")


@pytest.mark.parametrize("value", ["entropy", "participation", "top_share", "top_kept", "top_jaccard_first"])
def test_degree_inequality_draws_any_measure(value: str) -> None:
    result = degree_inequality(grown(6), layers="hidden")
    ax = plots.degree_inequality(result, value=value, kind="in")
    assert_legible(ax)
    assert_array_equal(ax.lines[1].get_ydata(), result.curve(value, kind="in")[:, 1])
    with pytest.raises(ParameterError, match="use mean, gini"):
        plots.degree_inequality(result, value="ginny")


@pytest.mark.parametrize(("kernel", "side"), [("gain", "in"), ("retention", "out")])
def test_attachment_shows_the_bins_and_names_the_exponents(kernel: str, side: str) -> None:
    result = attachment(grown(12), replicates=20)
    ax = plots.attachment(result, kernel=kernel, side=side)
    assert_legible(ax)
    shown = result.bins.query("kernel == @kernel and side == @side and low_degree > 0 and events > 0")
    assert_array_equal(np.concatenate([line.get_ydata() for line in ax.lines[:-1]]), shown["ratio"])
    one = next(each for each in result.kernels if (each.kernel, each.side) == (kernel, side))
    assert f"{one.fit.exponent:.2f}" in ax.get_legend().get_texts()[0].get_text()
    with pytest.raises(ParameterError, match="use 'gain' or 'retention'"):
        plots.attachment(result, kernel="growth")


def test_attachment_without_any_change_says_so() -> None:
    static = [grown(1)[0]] * 3
    assert "no edge came" in plots.attachment(attachment(static)).texts[0].get_text()


def test_activation_dormancy_curves_and_threshold() -> None:
    rng = np.random.default_rng(0)
    result = tau_dormant({"hidden1": rng.random((50, 20)) * (np.arange(20) > 4), "hidden2": rng.random(8)})
    ax = plots.activation_dormancy(result)
    assert_legible(ax)
    assert ax.lines[0].get_label() == "hidden1 (5 of 20 dormant)"
    assert ax.lines[2].get_xdata()[0] == result.tau


def test_scatter_has_a_point_per_neuron_and_says_the_area() -> None:
    series = grown(3)
    result = dormancy_join(series, silent(series), kind="in", threshold=4)
    ax = plots.dormancy_scatter(result, moment=0)
    assert_legible(ax)
    rows = result.frame.query("step == step.min()")
    for layer, line in zip(("hidden1", "hidden2"), ax.lines, strict=False):
        expected = rows[rows["layer"] == layer]
        assert line.get_label() == layer
        assert_array_equal(line.get_xdata(), expected["in_degree"])
        assert_array_equal(line.get_ydata(), expected["score"])
    assert ax.lines[2].get_xdata()[0] == 4
    assert ax.lines[3].get_ydata()[0] == 0.025
    pooled = result.summary.iloc[2]
    assert f"AUC {pooled['auc']:.2f} ({pooled['auc_low']:.2f} to {pooled['auc_high']:.2f})" in ax.get_title()
    figure = plots.dormancy_scatter(dormancy_join({"a": series, "b": series}, {k: silent(series) for k in "ab"}))
    assert [panel.get_title().split("\n")[0] for panel in figure.axes] == ["a", "b"]


def test_areas_over_time_with_intervals() -> None:
    series = grown(4)
    result = dormancy_join(series, silent(series))
    ax = plots.dormancy_auc(result)
    for layer, line in zip(("hidden1", "hidden2", "pooled"), ax.lines, strict=False):
        assert line.get_label() == layer
        assert_array_equal(line.get_ydata(), result.summary.query("layer == @layer")["auc"])
    awake = [{layer: values + 1 for layer, values in each.items()} for each in silent(series)]
    assert "no AUC" in plots.dormancy_auc(dormancy_join(series, awake)).texts[0].get_text()
    assert "no AUC" in plots.dormancy_scatter(dormancy_join(series, awake)).get_title()


def test_rank_matrices_of_many_runs_have_room_for_their_measure() -> None:
    runs = {
        f"run {k}": rank_evolution(grown(4, seed=k), of="strength", kind="out", method="spearman", layers="input")
        for k in range(3)
    }
    assert_legible(plots.rank_matrix(runs))
    assert_legible(plots.rank_matrix(rank_evolution(grown(3), layers=["input", "hidden1", "hidden2"])))


def test_effective_density_and_edges_on_no_path() -> None:
    result = effective_sparsity(grown(4, density=0.02))
    for value, expected in (("effective_density", result.effective_density), ("dead", result.dead)):
        ax = plots.effective_sparsity(result, value=value)
        assert_legible(ax)
        assert [line.get_label() for line in ax.lines] == ["total", *result.blocks]
        assert_array_equal(ax.lines[0].get_ydata(), expected[:, -1])
        assert_array_equal(ax.lines[2].get_ydata(), expected[:, 1])
    with pytest.raises(ParameterError, match="use 'effective_density'"):
        plots.effective_sparsity(result, value="alive")


def test_dormant_lines_count_what_is_asked() -> None:
    result = dormant(grown(4, density=0.02), relative=0.5, kind="in")
    assert "in-degree < 0.5 × initial mean" in plots.dormant_evolution(result).get_ylabel()
    for counting in ("cut_from_input", "cut_from_output", "off_path"):
        ax = plots.dormant_evolution(result, counting=counting)
        assert_legible(ax)
        assert_array_equal(ax.lines[0].get_ydata(), result.frame.query("layer == 'hidden1'")[counting])


@pytest.mark.parametrize("method", ["kendall", "spearman"])
@pytest.mark.parametrize("of", ["degree", "coreness"])
def test_rank_matrix_says_what_is_ranked(of: str, method: str) -> None:
    ax = plots.rank_matrix(rank_evolution(grown(4), of=of, method=method, layers="all"))
    assert_legible(ax)
    label = ax.figure.axes[1].get_ylabel()
    assert of in label
    assert "all neurons" in label
    assert ("ρ" in label) == (method == "spearman")


def test_accuracy_skips_what_was_not_measured() -> None:
    ax = plots.accuracy(METRICS)
    assert_legible(ax)
    assert [line.get_label() for line in ax.lines] == ["Train accuracy", "Test accuracy"]
    assert_array_equal(ax.lines[1].get_xdata(), [1, 3])
    assert plots.accuracy(METRICS, columns=["train_loss"]).get_ylabel() == "Train loss"
    assert_legible(plots.accuracy({"one": METRICS, "two": METRICS.drop(columns="train_accuracy")}))
    assert_legible(plots.accuracy(METRICS.head(1)))


def test_accuracy_of_a_table_without_any_names_the_columns() -> None:
    with pytest.raises(InsufficientDataError, match="train_loss"):
        plots.accuracy(METRICS[["epoch", "train_loss"]])


def test_results_draw_themselves() -> None:
    assert isinstance(kshell(grown(1)).plot(), Axes)


@settings(max_examples=6, deadline=None)
@given(layered_dags())
def test_any_network_can_be_drawn(network: LayeredDAG) -> None:
    for name in ("degree_ccdf", "shell_histogram", "shell_drawing", "onion", "onion_spectrum", "bipartite_cores"):
        plot, analyze = DRAWN[name]
        assert plots.drawn(plot(analyze(network)), "png")
    assert plots.drawn(plots.degree_grid(degrees(network)), "png")
    assert plots.drawn(plots.dormant_evolution(dormant(network, layers="all")), "png")


def test_legends_hide_no_curve_and_total_takes_no_colour() -> None:
    rng = np.random.default_rng(0)
    crowded = plots.curves.Curves({name: (np.arange(40.0), rng.random(40)) for name in "abcd"}, "Epoch")
    ax = plots.curves.draw_curves(None, lambda _: crowded, ax=None, label="", limits=(0, None))
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1
    lone, whole = edge_survival(grown(6)), edge_changes(grown(6))
    colours = [
        {line.get_label(): line.get_color() for line in drawn.lines}
        for drawn in (plots.edge_survival(lone), plots.edge_changes(whole))
    ]
    assert all(colours[0][name] == colours[1][name] for name in [*whole.blocks, "total"])
