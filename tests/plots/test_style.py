"""Figures leave no trace, embed their fonts, and appear whole or not at all."""

from __future__ import annotations

import inspect
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from growing import grown
from matplotlib.image import imread

from topokit import plots
from topokit.analyzers import degrees, kshell
from topokit.errors import ParameterError, WriteFailedError
from topokit.plots.axis import evenly, short, whole_bins
from topokit.plots.pixels import colour_steps, pixels
from topokit.registry import PLOTS


@pytest.mark.parametrize("name", PLOTS)
def test_every_registered_figure_has_few_documented_parameters(name: str) -> None:
    function = PLOTS.load(name)
    parameters = list(inspect.signature(function).parameters.values())
    assert len(parameters) <= 7
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters[1:])
    assert all(f"{parameter.name} :" in function.__doc__ for parameter in parameters)


def test_the_users_settings_and_pyplot_stay_untouched() -> None:
    with mpl.rc_context({"font.size": 33, "pdf.fonttype": 3, "axes.spines.top": True}):
        before = dict(mpl.rcParams)
        plots.drawn(plots.shell_histogram(kshell(grown(1))), "png")
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_the_users_settings_do_not_change_the_figure() -> None:
    expected = plots.drawn(plots.shell_histogram(kshell(grown(1))), "png")
    with mpl.rc_context({"font.size": 33, "xtick.major.size": 20, "axes.facecolor": "red"}):
        figure = plots.shell_histogram(kshell(grown(1)))
    assert plots.drawn(figure, "png") == expected


def test_files_are_what_their_suffix_says(tmp_path: Path) -> None:
    ax = plots.degree_ccdf(degrees(grown(1)))
    pdf, svg, png = (plots.save(ax, tmp_path / f"figure.{kind}") for kind in ("pdf", "svg", "png"))
    content = pdf.read_bytes()
    assert b"/Type0" in content
    assert b"/FontFile2" in content
    assert b"/Type3" not in content
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert abs(imread(png).shape[1] - plots.COLUMN_WIDTH * 300) < 1


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_figure_is_the_same_file(kind: str, tmp_path: Path) -> None:
    first, second = (plots.save(plots.degree_ccdf(degrees(grown(1))), tmp_path / f"{k}.{kind}") for k in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.PDFX"])
def test_other_suffixes_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"name it \.pdf, \.svg or \.png") as caught:
        plots.save(plots.degree_ccdf(degrees(grown(1))), tmp_path / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_a_figure_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteFailedError):
        plots.save(plots.degree_ccdf(degrees(grown(1))), tmp_path / "file" / "figure.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_notebooks_show_axes_and_figures() -> None:
    ax = plots.degree_ccdf(degrees(grown(1)))
    assert ax._repr_png_().startswith(b"\x89PNG")
    assert ax.figure._repr_png_().startswith(b"\x89PNG")


def test_palettes_have_as_many_different_colours_as_asked() -> None:
    for count in (1, 5, 10, 23):
        assert len(set(plots.palette(count))) == count


def test_pixels_are_the_matrix() -> None:
    values = np.array([[0.0, 0.5, 1.0], [np.nan, 0.25, 0.75]])
    picture = imread(BytesIO(pixels(values, "gray", 0, 1)))
    assert picture.shape == (2, 3, 4)
    np.testing.assert_allclose(picture[0, :, 0], [0, 0.5, 1], atol=0.01)
    assert picture[1, 0, 3] == 0
    assert colour_steps("gray", 2) == ["#000000", "#ffffff"]


def test_spread_positions_hold_first_and_last() -> None:
    assert evenly(1, 5).tolist() == [0]
    assert evenly(3, 5).tolist() == [0, 1, 2]
    assert evenly(101, 5).tolist() == [0, 25, 50, 75, 100]


@pytest.mark.parametrize(
    ("number", "text"), [(3.0, "3"), (0.95238, "0.952"), (1200.0, "1,200"), (100.25, "100.25"), (57.142857, "57.14")]
)
def test_short_numbers(number: float, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize("values", [[4], [0, 59], [0, 60], [3, 1000]])
def test_bins_hold_every_value_between_their_edges(values: list[int]) -> None:
    edges = whole_bins(np.array(values))
    assert edges[0] < min(values)
    assert max(values) < edges[-1]
    assert len(edges) <= 62
    assert np.unique(np.diff(edges)).size == 1
