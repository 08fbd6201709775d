"""A browser, and a folder of items of a paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import topokit as tk
from topokit.papers import papers_in
from topokit.registry import PAPERS

WIDTHS = (1280, 390)

DISAGREES = {
    "quantity": "accuracy, %",
    "paper": 87.48,
    "ours": 86.91,
    "spread": 0.123,
    "tolerance": "0.2 (two standard errors)",
    "verdict": "disagree",
    "why": "0.57 below & <b>unexplained</b>",
    "source": "Table 1",
}


@pytest.fixture(scope="module")
def papers_made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A folder with fig1 of the toy paper, and what is told of it."""
    folder = tmp_path_factory.mktemp("papers page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PAPERS, "_entries", {"toy": "toy_paper:PAPER"})
        tk.reproduce("toy", "fig1", folder=folder)
        found = papers_in(folder)
    first, second, third, *_ = found[0]["items"]
    quick = {**first["made"][0], "scale": "quick", "what": "1 of 3 epochs", "verdicts": [DISAGREES], "minutes": 4.2}
    second["made"] = [{**quick, "notes": ["epochs 2 instead of 3"], "pictures": []}]
    third["made"] = [{"scale": "paper", "damage": "item.json: cannot be read; make it anew"}]
    found[0]["items"][3]["failed"] = {"scale": "quick", "error": "run `topokit data fetch cifar-100`"}
    return folder, found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser, written: Path) -> Iterator[Page]:
    """The module's `written` page, on a desk and on a phone, without a network or a word of complaint."""
    context = browser.new_context(viewport={"width": request.param, "height": 800}, offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda sent: said.append(sent.url) if sent.url.startswith("http") else None)
    opened.goto(written.as_uri())
    yield opened
    context.close()
    assert said == []
