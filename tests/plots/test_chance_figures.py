"""Figures of what chance would do, checked against the results they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from legible import assert_legible
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

import topokit as tk
from topokit import plots
from topokit.errors import ParameterError

DATA = np.random.default_rng(0).random(64)
DRAWN = {
    "input_z_map": (plots.input_z_map, tk.input_significance),
    "moran_evolution": (plots.moran_evolution, lambda source: tk.moran(source, permutations=9)),
    "input_correlation": (plots.input_correlation, lambda source: tk.input_correlation(source, DATA)),
}


@pytest.mark.parametrize("frames", [1, 2, 50])
@pytest.mark.parametrize("name", DRAWN)
def test_one_result_is_legible(name: str, frames: int) -> None:
    plot, analyze = DRAWN[name]
    assert_legible(plot(analyze(grown(frames))))
    assert_legible(plot(analyze(grown(frames)[0])))


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", DRAWN)
def test_several_results_are_legible(name: str, count: int) -> None:
    plot, analyze = DRAWN[name]
    figure = plot({f"method {k}": analyze(grown(4, seed=k)) for k in range(count)})
    assert isinstance(figure, Figure)
    assert_legible(figure)


@pytest.mark.parametrize("name", DRAWN)
def test_draws_on_given_axes_but_not_several_results_on_one(name: str) -> None:
    plot, analyze = DRAWN[name]
    result = analyze(grown(3))
    ax = Figure().subplots()
    assert plot(result, ax=ax) is ax
    with pytest.raises(ParameterError, match="leave out ax"):
        plot({"a": result, "b": result}, ax=ax)
    with pytest.raises(ParameterError, match="no result was given"):
        plot({})


def test_z_maps_are_centred_at_zero_and_share_their_colours() -> None:
    start, change = tk.input_significance(grown(6)[0]), tk.input_change(grown(6))
    figure = plots.input_z_map({"start": start, "change": change})
    shown = [axes.images[0] for axes in figure.axes[:2]]
    assert_array_equal(shown[0].get_array(), start.image())
    assert_array_equal(shown[1].get_array(), change.image())
    assert shown[0].get_clim() == shown[1].get_clim()
    low, high = shown[0].get_clim()
    assert low == -high == -max(4, np.abs(start.z).max(), np.abs(change.z).max())
    colours = shown[0].get_cmap()
    assert min(colours(0.5)[:3]) > 0.9


def test_a_map_without_room_for_chance_says_so() -> None:
    ax = plots.input_z_map(tk.input_significance([np.ones((9, 4))], shape=(3, 3)))
    assert "no room" in ax.texts[0].get_text()
    assert_legible(ax)


def test_moran_lies_in_the_range_that_shuffled_maps_have() -> None:
    result = tk.moran(grown(5), permutations=9)
    ax = plots.moran_evolution(result)
    assert_allclose(ax.lines[0].get_ydata(), result.statistic)
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert_allclose([corners.min(), corners.max()], result.expected + 1.96 * result.spread.max() * np.array([-1, 1]))
    low, high = ax.get_ylim()
    assert low <= corners.min() < corners.max() <= high


def test_rings_mark_the_significant_moments() -> None:
    result = tk.input_correlation(grown(30), DATA)
    rings = plots.input_correlation(result).lines[-1]
    assert_array_equal(rings.get_ydata(), result.correlation[result.p_value < 0.05])


@pytest.mark.parametrize("analyzer", [tk.kshell, tk.degrees, tk.dormant, tk.effective_sparsity])
def test_comparisons_are_legible(analyzer) -> None:
    for model in ("density", "degrees"):
        assert_legible(plots.null_comparison(tk.against_null(analyzer, grown(3), model=model, n=20)))


def test_a_comparison_shows_z_and_names_what_is_kept() -> None:
    found = tk.against_null(tk.kshell, grown(3), model="density", n=40, moment="each")
    ax = plots.null_comparison(found, moment=1)
    dots = {round(line.get_ydata()[0]): line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"}
    names = [label.get_text() for label in ax.get_yticklabels()]
    for place, name in enumerate(names):
        z = found.z[1, found.names.index(name)]
        assert np.isnan(z) or dots[place] == z
    assert "epoch 1" in ax.get_title()
    with pytest.raises(ParameterError, match="moment=3 of 3"):
        plots.null_comparison(found, moment=3)


def test_a_comparison_says_what_p_is_corrected_for() -> None:
    """Also of a number that all random networks share and the given one has not; of one that is kept there is no p."""

    def numbers(network: tk.LayeredDAG) -> dict[str, float]:
        given = network.equals(grown(3)[-1])
        return {"edges": network.n_edges, "given": float(given), "degree": network.blocks[0].in_degrees()[0]}

    found = tk.against_null(numbers, grown(3), model="density", n=9)
    ax = plots.null_comparison(found)
    words = [text.get_text() for text in ax.texts]
    assert words[0] == f"{grown(3)[-1].n_edges:,}, always {grown(3)[-1].n_edges:,}"
    assert words[1] == "1, always 0, p ≤ 0.4"
    assert "p corrected for 2 numbers" in ax.get_title()
    assert_legible(ax)


def test_many_statistics_show_those_of_the_smallest_p() -> None:
    found = tk.against_null(
        lambda network: {f"s{k}": float(network.blocks[0].in_degrees()[k]) for k in range(32)},
        grown(6),
        n=20,
        model="density",
    )
    ax = plots.null_comparison(found)
    shown = [label.get_text() for label in ax.get_yticklabels()]
    assert len(shown) == 24
    left_out = [k for k, name in enumerate(found.names) if name not in shown]
    kept = [k for k, name in enumerate(found.names) if name in shown]
    assert found.p_two_sided[0, left_out].min() >= found.p_two_sided[0, kept].max() - 1e-12
    assert_legible(ax)
