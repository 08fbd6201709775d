"""``topokit list papers``: every item of every paper, and what it takes at each scale."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import LazyLoader, find_spec, module_from_spec
from typing import Any

import topokit
from topokit.cli.reproduce_tasks import core_time
from topokit.cli.tables import print_json, print_table

SCALES = ("exact", "quick", "paper")
FIGURES = "topokit.plots"
QUICK_ENOUGH = 1.0


def list_papers(*, as_json: bool) -> None:
    """Print the papers; nothing is drawn or trained for it."""
    _postpone_figures()
    from topokit.papers import find_paper, listed
    from topokit.registry import PAPERS

    papers = [listed(find_paper(key)) for key in PAPERS]
    if as_json:
        print_json(papers)
        return
    rows = [
        [paper["name"], item["name"], item["title"], *(_cell(item["scales"].get(scale)) for scale in SCALES)]
        for paper in papers
        for item in paper["items"]
    ]
    print_table(["paper", "item", "title", *SCALES], rows, title="Minutes and hours are those of one core.")


def _cell(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "-"
    words = {"stored": "stored", "data": "--data"}
    if told["state"] in words:
        return words[told["state"]]
    if told["state"] == "computed" and told["minutes"] < QUICK_ENOUGH:
        return "yes"
    return core_time(told["minutes"])


def _postpone_figures() -> None:
    """Import what draws when it is used: recipes name the figures that they would draw, and none is drawn here."""
    spec = find_spec(FIGURES)
    if FIGURES in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    sys.modules[FIGURES] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[FIGURES])
    # `from topokit import plots` finds it here, without asking it anything.
    topokit.plots = sys.modules[FIGURES]
