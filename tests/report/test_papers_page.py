"""The page of papers says what the items' files say, escaped, and runs nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from topokit.report.papers import counts, papers_page

Made = tuple[Path, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def page(papers_made: Made) -> str:
    folder, papers = papers_made
    return papers_page(papers, folder / "index.html").read_text(encoding="utf-8")


def test_all_items_stand_in_the_overview_with_their_counts(page: str) -> None:
    rows = re.findall(r'<tr><th scope="row"><a href="#(toy-fig\d)">.*?</tr>', page, re.S)
    assert rows == [f"toy-fig{number}" for number in range(1, 7)]
    overview = page[page.index('id="overview"') : page.index('id="toy"')]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", overview))
    assert "fig1 Title of fig1 exact 3 – – &lt; 0.1" in text
    assert "fig2 Title of fig2 quick – 1 – 4.2" in text
    assert "fig3 Title of fig3 paper: item.json: cannot be read; make it anew" in text
    assert "fig4 Title of fig4 failed" in text
    assert "fig5 Title of fig5 not made yet" in text
    assert "2 of 6 figures, tables and equations" in page
    assert "3 agree, 1 disagree, 0 not comparable" in page


def test_an_item_shows_what_the_paper_says_what_was_found_and_why(page: str) -> None:
    for words in (
        "What fig1 says.",
        "Known errors and gaps of the paper",
        "87.48",
        "86.91",
        "0.2 (two standard errors)",
        "Table 1",
        "epochs 2 instead of 3",
        "paper (4 core-hours), quick (2 min)",
        "<strong>quick could not be made:</strong> run `topokit data fetch cifar-100`",
        "topokit reproduce toy fig5",
    ):
        assert words in page


def test_words_are_words_and_not_markup(page: str) -> None:
    assert "<i>wrong" not in page
    assert "&lt;i&gt;wrong&lt;/i&gt;" in page
    assert "0.57 below &amp; &lt;b&gt;unexplained&lt;/b&gt;" in page
    assert "Nobody &lt;b&gt;&amp; nobody&lt;/b&gt; 1999" in page


def test_figures_and_tables_are_linked_from_the_folder(page: str, papers_made: Made) -> None:
    folder, _ = papers_made
    links = [link for link in re.findall(r'(?:src|href)="([^"#]+)"', page) if not link.startswith("http")]
    assert {Path(link).suffix for link in links} == {".png", ".pdf", ".csv", ".json"}
    assert all((folder / link).is_file() for link in links)
    for image in re.findall(r"<img [^>]+>", page):
        assert 'loading="lazy"' in image
        assert re.search(r' width="\d+" height="\d+"', image)
        assert re.search(r'alt="[^"]{10,}"', image)


def test_nothing_runs_and_nothing_is_fetched(page: str) -> None:
    assert "<script" not in page
    assert " on" not in "".join(re.findall(r"<[^>]+>", page)).replace(" one", "")
    assert "default-src 'none'" in page
    assert "script-src" not in page


def test_an_empty_list_is_a_page_too(tmp_path: Path) -> None:
    assert "0 of 0" in papers_page([], tmp_path / "index.html").read_text()


def test_counts() -> None:
    rows = [{"verdicts": [{"verdict": "agree"}, {"verdict": "disagree"}]}, {"verdicts": [{"verdict": "agree"}]}]
    assert counts(rows) == [2, 1, 0]
