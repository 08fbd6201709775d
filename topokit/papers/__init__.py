"""The five papers, item by item: what they trained, what they say, and what comes out when it is made again.

A folder here is a paper: its experiments, its items with the numbers they are compared with, and what is known to be
wrong in it. How a kind of figure is measured and drawn stands in `recipes`, for papers share them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Whoever lists the papers needs neither figures nor recordings.
_HOMES = {
    "topokit.papers.costs": ["Cost", "cost"],
    "topokit.papers.experiment": ["SCALES", "Experiment", "Retraining", "Scale", "Sweep"],
    "topokit.papers.found": ["find_paper", "scale_for", "scales_of"],
    "topokit.papers.making": ["reproduce", "way_to"],
    "topokit.papers.overview": ["listed", "papers_in"],
    "topokit.papers.paper": ["Figures", "Item", "Paper", "Published", "Tables"],
    "topokit.papers.reproduction": ["Reproduction"],
    "topokit.papers.verdicts": ["Verdict"],
    "topokit.papers.workplace": ["TrainedRun", "TrainedRuns", "Workplace"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'topokit.papers' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
