"""Figures of tidy frames: what is drawn is what is in the frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from topokit import plots
from topokit.dag import LayeredDAG
from topokit.errors import ParameterError, UnknownNameError

EPOCHS = (0, 5, 10, 300)
METHODS = ("set", "rigl")

LINES = {"x": "epoch", "y": "accuracy", "x_label": "Epoch", "y_label": "Test accuracy (%)"}
BARS = {"x": "method", "y": "accuracy", "y_label": "Test accuracy (%)"}
IMAGES = {"pixel": "pixel", "value": "count", "shape": (3, 4), "label": "Connections"}
STEPS = {"value": "degree", "share": "share", "x_label": "Degree", "y_label": "Share of neurons"}


def runs(panels: int = 1, seeds: int = 3) -> pd.DataFrame:
    """Accuracies of two methods on some data sets, the later method first in no order but that of `METHODS`."""
    rng = np.random.default_rng(0)
    rows = [
        (f"data {k}", method, epoch, seed, 60 + epoch / 20 + rng.normal())
        for k in range(panels)
        for method in METHODS
        for seed in range(seeds)
        for epoch in EPOCHS
    ]
    return pd.DataFrame(rows, columns=["data", "method", "epoch", "seed", "accuracy"])


def images(rows: int = 2, columns: int = 3) -> pd.DataFrame:
    found = [
        (f"r{r}", c, p, 12 * (r * columns + c) + p) for r in range(rows) for c in range(columns) for p in range(12)
    ]
    return pd.DataFrame(found, columns=["method", "epoch", "pixel", "count"])


def panels_of(figure: Axes | Figure) -> list[Axes]:
    return [figure] if isinstance(figure, Axes) else [axes for axes in figure.axes if axes.get_subplotspec()]


def bars_of(axes: Axes) -> list[np.ndarray]:
    """Ends of the error bars, (2,) each, from left to right."""
    found = [part for each in axes.collections if isinstance(each, LineCollection) for part in each.get_segments()]
    return [segment[:, 1] for segment in sorted(found, key=lambda segment: segment[0, 0])]


@pytest.mark.parametrize("spread", ["deviation", "range"])
def test_lines_are_means_and_bands_their_spread(spread: Any) -> None:
    frame = runs()
    axes = plots.line_grid(frame, **LINES, by="method", spread=spread)
    bands = [each for each in axes.collections if isinstance(each, PolyCollection)]
    assert [line.get_label() for line in axes.lines] == list(METHODS)
    for line, band, method in zip(axes.lines, bands, METHODS, strict=True):
        table = frame[frame["method"] == method].pivot(index="epoch", columns="seed", values="accuracy")
        assert_array_equal(line.get_xdata(), EPOCHS)
        assert_allclose(line.get_ydata(), table.mean(axis=1))
        reach = table.std(axis=1) if spread == "deviation" else None
        low = table.mean(axis=1) - reach if reach is not None else table.min(axis=1)
        high = table.mean(axis=1) + reach if reach is not None else table.max(axis=1)
        corners = band.get_paths()[0].vertices
        for place, (epoch, ends) in enumerate(zip(EPOCHS, np.stack([low, high], axis=1), strict=True)):
            heights = corners[corners[:, 0] == epoch, 1]
            assert_allclose([heights.min(), heights.max()], ends, err_msg=str(place))


def test_panels_and_lines_keep_order_and_looks() -> None:
    frame = runs(panels=3)
    frame = frame[(frame["data"] != "data 1") | (frame["method"] == "rigl")][::-1]
    figure = plots.line_grid(frame, **LINES, by="method", panel="data")
    assert [axes.get_title() for axes in panels_of(figure)] == ["data 2", "data 1", "data 0"]
    looks = [{line.get_label(): to_rgba(line.get_color()) for line in axes.lines} for axes in panels_of(figure)]
    assert list(looks[0]) == ["rigl", "set"]
    assert looks[1]["rigl"] == looks[0]["rigl"] == looks[2]["rigl"] != looks[0]["set"]


def test_a_single_run_has_no_band_and_some_have_error_bars() -> None:
    alone = plots.line_grid(runs(seeds=1), **LINES, by="method")
    assert not alone.collections
    frame = runs()
    some = frame[(frame["seed"] == 0) | (frame["epoch"] == 5)]
    axes = plots.line_grid(some[some["method"] == "set"], **LINES)
    values = frame[(frame["method"] == "set") & (frame["epoch"] == 5)]["accuracy"]
    assert not any(isinstance(each, PolyCollection) for each in axes.collections)
    assert_allclose(bars_of(axes), [[values.mean() - values.std(), values.mean() + values.std()]])


def test_missing_values_are_gaps_and_no_part_of_a_mean() -> None:
    frame = runs()
    frame.loc[(frame["epoch"] == 5) | ((frame["epoch"] == 10) & (frame["seed"] == 1)), "accuracy"] = np.nan
    frame.loc[(frame["epoch"] == 0) & (frame["seed"] == 2), "accuracy"] = np.inf
    line = plots.line_grid(frame[frame["method"] == "set"], **LINES).lines[0]
    there = frame[(frame["method"] == "set") & np.isfinite(frame["accuracy"])]
    expected = there.groupby("epoch")["accuracy"].mean().reindex(EPOCHS)
    assert_allclose(np.ma.filled(line.get_ydata(), np.nan), expected)


def test_text_that_a_csv_file_would_read_as_numbers_is_numbers() -> None:
    frame = runs(panels=2).assign(data=["0.10", "0.2"] * 24, density=lambda one: one["data"].astype(float))
    text, number = (plots.line_grid(frame, **LINES, by=by) for by in ("data", "density"))
    assert [line.get_label() for line in text.lines] == ["0.1", "0.2"] == [line.get_label() for line in number.lines]
    assert text.get_legend().get_title().get_text() == "Data"
    assert_array_equal(plots.line_grid(frame.astype(str), **LINES).lines[0].get_xdata(), EPOCHS)


def test_words_along_the_axis_have_places_in_order() -> None:
    axes = plots.line_grid(runs(panels=3), **{**LINES, "x": "data"})
    assert_array_equal(axes.lines[0].get_xdata(), [0, 1, 2])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["data 0", "data 1", "data 2"]
    assert len(bars_of(axes)) == 3


def test_points_levels_and_limits() -> None:
    frame = runs()
    axes = plots.line_grid(frame, **LINES, by="method", points=["set"], levels={"dense": 80.0}, y_limits=(50, None))
    by_name = {line.get_label(): line for line in axes.lines}
    assert (by_name["set"].get_linestyle(), by_name["rigl"].get_marker()) == ("None", "")
    assert_array_equal(by_name["dense"].get_ydata(), [80, 80])
    assert axes.get_ylim()[0] == 50
    first = frame[(frame["method"] == "set") | (frame["epoch"] == frame["epoch"].min())]
    single = {line.get_label(): line for line in plots.line_grid(first, **LINES, by="method", points=["set"]).lines}
    assert single["rigl"].get_marker() not in ("", "None")
    dots = plots.line_grid(frame, **LINES, points=True).lines[1]
    assert_array_equal(np.sort(dots.get_ydata()), np.sort(frame["accuracy"]))
    with pytest.raises(UnknownNameError, match="did you mean 'set'"):
        plots.line_grid(frame, **LINES, by="method", points=["sett"])


def test_zeros_have_a_place_on_a_logarithmic_axis() -> None:
    frame = pd.DataFrame({"k": [0, 1, 10, 100], "p": [0.9, 0.09, 0.0, 0.01]})
    axes = plots.line_grid(frame, x="k", y="p", x_label="Degree", y_label="Share", log_x=True, log_y=True)
    places = axes.transAxes.inverted().transform(axes.transData.transform(axes.lines[0].get_xydata()))
    assert ((places >= 0) & (places <= 1)).all()
    assert_legible(axes)
    only = plots.line_grid(frame[1:2], x="k", y="p", x_label="Degree", y_label="Share", log_x=True)
    assert only.get_xscale() == "log"


def test_many_numbers_have_a_colour_bar_for_a_legend() -> None:
    frame = pd.DataFrame([(z / 40, e, z * e) for z in range(40) for e in EPOCHS], columns=["zeta", "epoch", "accuracy"])
    axes = plots.line_grid(frame, **LINES, by="zeta")
    assert [each.get_ylabel() for each in axes.figure.axes] == ["Test accuracy (%)", "Zeta"]
    assert len({to_rgba(line.get_color()) for line in axes.lines}) == 40


def test_bars_are_means_with_their_runs_and_spread() -> None:
    frame = runs(panels=2)
    figure = plots.bar_grid(frame, **BARS, by="epoch", panel="data", levels={"dense": 80.0})
    axes = panels_of(figure)[1]
    groups = frame[frame["data"] == "data 1"].groupby(["epoch", "method"], sort=False)["accuracy"]
    heights = {
        (epoch, round(bar.get_x() + bar.get_width() / 2)): bar.get_height()
        for epoch, part in zip(EPOCHS, axes.containers[::2], strict=True)
        for bar in part
    }
    for (epoch, method), values in groups:
        assert heights[epoch, METHODS.index(method)] == pytest.approx(values.mean())
    means = groups.mean().unstack("epoch").reindex(METHODS).to_numpy().ravel()
    deviations = groups.std().unstack("epoch").reindex(METHODS).to_numpy().ravel()
    assert_allclose(bars_of(axes), np.stack([means - deviations, means + deviations], axis=1))
    dots = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "o"])
    assert_array_equal(np.sort(dots), np.sort(frame[frame["data"] == "data 1"]["accuracy"]))
    assert axes.get_ylim()[0] == 0


def test_images_have_their_pixels_and_scales() -> None:
    frame = images()
    figure = plots.image_grid(frame, rows="method", columns="epoch", **IMAGES, scale="row")
    shown = [axes.images[0] for axes in panels_of(figure)]
    for place, image in enumerate(shown):
        assert_array_equal(image.get_array(), 12 * place + np.arange(12).reshape(3, 4))
        assert (image.norm.vmin, image.norm.vmax) == (0, 35 if place < 3 else 71)
    assert [axes.get_title() for axes in panels_of(figure)][:3] == ["epoch 0", "epoch 1", "epoch 2"]
    signed = plots.image_grid(frame.assign(count=-frame["count"]), columns="epoch", **IMAGES, signed=True)
    assert panels_of(signed)[0].images[0].norm.vmin == -panels_of(signed)[0].images[0].norm.vmax


def test_images_average_seeds_sum_channels_and_show_colours() -> None:
    frame = pd.concat([images(1, 1), images(1, 1).assign(count=lambda one: one["count"] + 2)])
    axes = plots.image_grid(frame, **IMAGES)
    assert_array_equal(axes.images[0].get_array(), 1 + np.arange(12).reshape(3, 4))
    summed = plots.image_grid(frame, **{**IMAGES, "shape": (3, 2, 2)})
    assert_array_equal(summed.images[0].get_array(), (1 + np.arange(12)).reshape(3, 2, 2).sum(axis=0))
    sample = images(1, 1).assign(count=lambda one: one["count"] / 12)
    coloured = plots.image_grid(sample, **{**IMAGES, "shape": (3, 2, 2)}, rgb=True)
    assert_allclose(coloured.images[0].get_array()[0, 1], [1 / 12, 5 / 12, 9 / 12])
    blank = plots.image_grid(frame[frame["pixel"] > 0], **IMAGES)
    assert np.ma.getmaskarray(np.ma.masked_invalid(blank.images[0].get_array())).sum() == 1


def test_steps_average_seeds_that_lack_a_value() -> None:
    frame = pd.DataFrame({"seed": [0, 0, 1], "degree": [2, 4, 2], "share": [0.5, 0.5, 1.0]})
    axes = plots.histogram_grid(frame, **STEPS, ends=True)
    heights, edges, _ = axes.patches[-1].get_data()
    assert_allclose(heights, [0.75, 0, 0.25])
    assert_allclose(edges, [1.5, 2.5, 3.5, 4.5])
    assert_array_equal(axes.lines[0].get_xdata(), [4, 4])


def test_steps_of_far_numbers_are_summed_in_bins() -> None:
    frame = pd.DataFrame({"degree": np.arange(1000), "share": np.full(1000, 1e-3)})
    axes = plots.histogram_grid(frame, **STEPS)
    heights, edges, _ = axes.patches[-1].get_data()
    assert heights.sum() == pytest.approx(1)
    assert axes.get_xlabel() == f"Degree, in bins of {edges[1] - edges[0]:g}"


def test_cells_of_a_matrix_are_where_their_names_say() -> None:
    frame = pd.DataFrame({"a": ["B", "A", "B"], "b": ["A", "C", "C"], "d": [0.1, 0.2, 0.3], "layer": "one"})
    axes = plots.matrix_grid(frame, row="a", column="b", value="d", panel="layer")
    names = [label.get_text() for label in axes.get_xticklabels()]
    values = np.ma.filled(np.ma.masked_invalid(axes.images[0].get_array()), np.nan)
    assert names == ["B", "A", "C"] == [label.get_text() for label in axes.get_yticklabels()]
    assert_array_equal(values, [[0, 0.1, 0.3], [np.nan, 0, 0.2], [np.nan, np.nan, 0]])
    oblong = plots.matrix_grid(runs(), row="method", column="epoch", value="accuracy", label="Accuracy")
    assert oblong.images[0].get_array().shape == (2, 4)
    assert oblong.images[0].norm.vmax > 60


def test_a_surface_has_its_values_and_marks() -> None:
    frame = pd.DataFrame([(a, b, a * a + b) for a in (0.0, 1.0, 3.0) for b in (1.0, 2.0)], columns=["a", "b", "error"])
    axes = plots.surface(frame, x="a", y="b", value="error", label="Error", mark={"least": (0.0, 1.0)})
    assert_allclose(axes.collections[0].get_array(), [[1, 2, 10], [2, 3, 11]])
    assert axes.lines[0].get_xydata().tolist() == [[0.0, 1.0]]
    assert_legible(axes)
    with pytest.raises(ParameterError, match="no positive number"):
        plots.surface(frame.assign(error=-1.0), x="a", y="b", value="error", label="Error")


def test_a_drawing_has_every_edge_and_highlights_those_into_a_neuron() -> None:
    mask = np.array([[1, 0], [1, 1], [0, 1]])
    networks = {"N1": LayeredDAG.from_adjacencies([mask]), "N2": LayeredDAG.from_adjacencies([mask, np.eye(2)])}
    last = networks["N1"].layers[-1].name
    figure = plots.network_drawing(networks, highlight={"N1": [(last, 1)]})
    first, second = panels_of(figure)
    plain, coloured = (each.get_segments() for each in first.collections[:2])
    assert (len(plain), len(coloured), len(second.collections[0].get_segments())) == (2, 2, 6)
    assert {round(float(segment[1, 1]), 2) for segment in coloured} == {0.25}
    assert_legible(figure)
    with pytest.raises(ParameterError, match="it has 0 to 1"):
        plots.network_drawing(networks, highlight={"N1": [(last, 2)]})


DRAWERS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "line_grid": lambda frame: plots.line_grid(frame, **LINES, by="method"),
    "bar_grid": lambda frame: plots.bar_grid(frame, **BARS),
    "matrix_grid": lambda frame: plots.matrix_grid(frame, row="method", column="epoch", value="accuracy"),
    "image_grid": lambda frame: plots.image_grid(frame, pixel="epoch", value="accuracy", shape=(1, 301), rows="method"),
    "histogram_grid": lambda frame: plots.histogram_grid(
        frame, **{**STEPS, "value": "epoch", "share": "accuracy"}, by="method"
    ),
    "surface": lambda frame: plots.surface(frame, x="epoch", y="seed", value="accuracy", label="").set_title(
        frame["method"].iloc[0]
    ),
}


@pytest.mark.parametrize("drawer", DRAWERS)
def test_bad_frames_are_told(drawer: str) -> None:
    frame, draw = runs(), DRAWERS[drawer]
    draw(frame)
    with pytest.raises(ParameterError, match="no column 'accuracy' in the frame: there are data, method, epoch"):
        draw(frame.drop(columns="accuracy"))
    with pytest.raises(ParameterError, match="without rows"):
        draw(frame[:0])
    with pytest.raises(ParameterError, match="column 'accuracy' holds 'high': give numbers"):
        draw(frame.assign(accuracy="high"))


@pytest.mark.parametrize("panels", [1, 3, 21])
def test_any_number_of_panels_is_legible(panels: int) -> None:
    frame = runs(panels, seeds=1)
    assert_legible(plots.line_grid(frame, **LINES, by="method", panel="data"))
    if panels < 4:
        assert_legible(plots.bar_grid(frame, **BARS, panel="data"))
        assert_legible(plots.image_grid(images(1, panels), columns="epoch", **IMAGES))


def test_long_names_and_large_matrices_are_legible() -> None:
    labels = [f"a long name of a network, number {k}" for k in range(60)]
    frame = pd.DataFrame([(a, b, 0.5) for a in labels for b in labels], columns=["a", "b", "d"])
    assert_legible(plots.matrix_grid(frame, row="a", column="b", value="d"))
    steps = pd.DataFrame(
        {"layer": ["one", "two"] * 6, "epoch": np.arange(12) // 4, "degree": np.arange(12), "share": 0.1}
    )
    assert_legible(plots.histogram_grid(steps, rows="epoch", columns="layer", **STEPS, log_y=True))
    assert_legible(plots.line_grid(runs().assign(accuracy=np.nan), **LINES))
