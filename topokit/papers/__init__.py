"""The five papers, item by item: what they trained, what they say, and what comes out when it is made again.

A file here is a paper: its experiments, its items with the numbers they are compared with, and what is known to be
wrong in it. How a kind of figure is measured, drawn and judged stands in `recipes`, for papers share them.
"""

from topokit.papers.experiment import SCALES, Experiment, Retraining, Scale, Sweep
from topokit.papers.paper import Figures, Item, Paper, Published, Tables
from topokit.papers.reproduce import Cost, Reproduction, cost, find_paper, reproduce, scale_for
from topokit.papers.verdicts import Verdict
from topokit.papers.workplace import TrainedRun, TrainedRuns, Workplace

__all__ = [
    "SCALES",
    "Cost",
    "Experiment",
    "Figures",
    "Item",
    "Paper",
    "Published",
    "Reproduction",
    "Retraining",
    "Scale",
    "Sweep",
    "Tables",
    "TrainedRun",
    "TrainedRuns",
    "Verdict",
    "Workplace",
    "cost",
    "find_paper",
    "reproduce",
    "scale_for",
]
