"""The page of papers in Debian's Chromium, without network, at the width of a desk and of a phone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from topokit.report.papers import papers_page

pytestmark = pytest.mark.browser

CONTRAST = """() => {
    const light = (colour) => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    for (const element of document.querySelectorAll("p, th, td, a, li, span, h1, h2, h3, h4, caption, code")) {
        const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(element.outerHTML.slice(0, 80));
    }
    return faint;
}"""


@pytest.fixture(scope="module")
def written(papers_made: tuple[Path, list[dict[str, Any]]]) -> Path:
    folder, papers = papers_made
    return papers_page(papers, folder / "index.html")


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_pictures_are_read_when_they_come_into_sight(page: Page) -> None:
    picture = page.locator("article img").first
    kept = picture.bounding_box()
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=picture.element_handle())
    shown = picture.bounding_box()
    assert kept is not None
    assert shown is not None
    assert kept["height"] == pytest.approx(shown["height"], abs=1)


def test_the_verdicts_stand_beside_the_figure_or_below_it(page: Page) -> None:
    figure, table = (page.locator(f"#toy-fig1 ~ .made {part}").first.bounding_box() for part in ("img", "table"))
    assert figure is not None
    assert table is not None
    if (page.viewport_size or {})["width"] > 1000:
        assert table["x"] >= figure["x"] + figure["width"]
        assert table["y"] < figure["y"] + figure["height"]
    else:
        assert table["y"] >= figure["y"] + figure["height"]


def test_every_verdict_is_in_sight_without_scrolling_sideways(page: Page) -> None:
    width = (page.viewport_size or {})["width"]
    for cell in page.locator("td.verdict").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width


def test_tables_have_headers_and_headings_go_down_in_order(page: Page) -> None:
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('table')].every(one => one.querySelector('th[scope=col]'))")
    assert page.get_by_role("table", name="What the paper says and what was found").count() > 0


def test_links_of_the_overview_lead_to_the_items(page: Page) -> None:
    page.get_by_role("link", name="fig5").first.click()
    assert page.url.endswith("#toy-fig5")
    assert page.locator("#toy-fig5").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_told_from_the_paper(scheme: Any, browser: Browser, written: Path) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(written.as_uri())
    assert page.evaluate(CONTRAST) == []
    context.close()
