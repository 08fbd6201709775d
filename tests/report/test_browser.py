"""The report in Debian's Chromium, without network, at the width of a desk and of a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from topokit.report import report
from topokit.training import TrainConfig, train

pytestmark = pytest.mark.browser

METHODS = ("static", "set", "rigl", "snfs", "dense")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    runs = [
        train(TrainConfig(method=method, epochs=6, density=0.1, hidden=(48, 32)), place / f"{method} <b>&")
        for method in METHODS
    ]
    return report(runs, place / "report.html", replicates=20)


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_picture_shows_something(page: Page) -> None:
    empty = page.evaluate(
        """async () => {
            const flat = [];
            for (const image of document.images) {
                await image.decode();
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [200, 200];
                const brush = canvas.getContext("2d");
                brush.drawImage(image, 0, 0, 200, 200);
                const data = brush.getImageData(0, 0, 200, 200).data;
                const colours = new Set();
                for (let k = 0; k < data.length; k += 4) colours.add(data.slice(k, k + 4).join());
                const even = image.alt.includes("dense") || image.alt.includes("static");
                if (image.naturalWidth === 0 || colours.size < (even ? 1 : 2)) flat.push(image.alt);
            }
            return flat;
        }"""
    )
    assert page.locator("img").count() > 20
    assert empty == []


def test_keys_on_the_slider_change_every_input_map(page: Page) -> None:
    pictures = page.locator("[data-widget=maps] figure > img")
    before = [picture.get_attribute("src") for picture in pictures.all()]
    slider = page.get_by_label("Moment shown on the input maps")
    slider.focus()
    page.keyboard.press("Home")
    after = [picture.get_attribute("src") for picture in pictures.all()]
    assert len(before) == len(METHODS)
    assert [a != b for a, b in zip(before, after, strict=True)] == [m not in ("dense", "static") for m in METHODS]
    assert slider.get_attribute("aria-valuetext") == "epoch 0"
    assert page.locator("[data-widget=maps] output").inner_text() == "epoch 0"


def test_slider_marks_the_moment_on_the_matrices_within_runs(page: Page) -> None:
    readouts = page.locator("[data-widget=within] .readout")
    assert "to the previous" in readouts.first.inner_text()
    slider = page.get_by_label("Moment marked on the distance matrices")
    slider.focus()
    page.keyboard.press("Home")
    assert "epoch 0: to the first 0.000" in readouts.first.inner_text()
    assert page.locator("[data-widget=within] .row-mark").first.evaluate("mark => mark.style.top") == "0%"


def test_slider_and_layer_change_the_matrix_between_runs(page: Page) -> None:
    cells = page.locator("[data-widget=between] tbody td")
    last = cells.all_inner_texts()
    assert len(last) == len(METHODS) ** 2
    assert last[0] == "0.000"
    assert cells.nth(1).evaluate("cell => cell.style.background") != ""
    page.get_by_label("Moment of the distances between runs").focus()
    page.keyboard.press("Home")
    assert cells.all_inner_texts() != last
    before = cells.all_inner_texts()
    page.get_by_label("Layer", exact=True).select_option(index=1)
    assert cells.all_inner_texts() != before


def test_pointer_reads_a_distance(page: Page) -> None:
    matrix = page.locator("[data-widget=within] .matrix").last
    matrix.hover()
    assert "to epoch" in (matrix.get_attribute("title") or "")


def test_names_are_words_and_not_markup(page: Page) -> None:
    assert page.locator("b").count() == 0
    assert "set <b>&" in page.locator("#runs ~ .scroll").first.inner_text()


def test_page_without_script_shows_the_last_moment(browser: Browser, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.as_uri())
    assert not page.get_by_label("Moment shown on the input maps").is_visible()
    assert page.locator("[data-widget=between] tbody td").first.inner_text() == "0.0"
    context.close()


def test_dark_and_light(browser: Browser, written: Path) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(written.as_uri())
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert len(backgrounds) == 2
