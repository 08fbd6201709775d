"""What came out of a sweep: a row a run, and the spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from topokit.analyzers.result import Meta, Result
from topokit.outputs import whole_file

TABLE_FILE = "sweep.csv"
MEASURES = ("last_test_accuracy", "last_test_reconstruction_error")


@dataclass(frozen=True)
class SweptRun:
    """A run that ended.

    Attributes
    ----------
    name : str
        Its folder.
    swept : mapping
        The values in which it differs from the others.
    summary : mapping of str to float
        See `topokit.training.summary`, and ``seconds`` of training; empty when it failed.
    error : str
        Why it failed; empty when it did not.
    """

    name: str
    swept: Mapping[str, Any]
    summary: Mapping[str, float]
    error: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SweepResult(Result):
    """All runs of a sweep.

    Attributes
    ----------
    runs : tuple of SweptRun
        In the order of the sweep.
    """

    plot_name: ClassVar[str] = "sweep"

    runs: tuple[SweptRun, ...]

    @classmethod
    def of(cls, runs: Sequence[SweptRun]) -> SweepResult:
        """The result of these runs."""
        return cls(meta=Meta(analyzer="sweep", parameters={"runs": len(runs)}), runs=tuple(runs))

    @property
    def swept(self) -> tuple[str, ...]:
        """The fields that vary."""
        return tuple(dict.fromkeys(key for run in self.runs for key in run.swept))

    @property
    def frame(self) -> pd.DataFrame:
        """A row a run: run, the fields that vary, the other numbers of its summary, and error."""
        return _table(self.runs)

    @property
    def measure(self) -> str:
        """The column that sums a run up: the test accuracy after the last epoch, or the error where there is none."""
        known = [name for name in MEASURES if any(name in run.summary for run in self.runs)]
        return known[0] if known else MEASURES[0]

    def over_seeds(self, measure: str | None = None) -> pd.DataFrame:
        """Mean and spread of one measure over the runs that differ only in their seed.

        Parameters
        ----------
        measure : str, optional
            A column of the frame; `measure` unless given.

        Returns
        -------
        DataFrame
            The fields that vary but for the seed, then runs (that did not fail), mean, std (sample standard deviation,
            NaN for one run), min and max.
        """
        keys = [key for key in self.swept if key != "seed"]
        frame, measure = self.frame, measure or self.measure
        words = {key: frame[key].map(_hashable) for key in keys}
        grouped = frame[measure].groupby([words[key] for key in keys] or (lambda _: 0), sort=False, dropna=False)
        table = grouped.agg(runs="count", mean="mean", std="std", min="min", max="max").reset_index()
        return table if keys else table.drop(columns="index")


def write_table(folder: Path, runs: Sequence[SweptRun]) -> None:
    """Write ``sweep.csv``, whole or not at all."""
    with whole_file(folder / TABLE_FILE) as temporary:
        _table(runs).to_csv(temporary, index=False)


def _table(runs: Sequence[SweptRun]) -> pd.DataFrame:
    keys = list(dict.fromkeys(key for run in runs for key in run.swept))
    # What was varied, such as the density or the epochs, stands there as it was asked for.
    measures = list(dict.fromkeys(name for run in runs for name in run.summary if name not in keys))
    rows = [
        {"run": run.name}
        | {key: run.swept.get(key) for key in keys}
        | {name: run.summary.get(name, float("nan")) for name in measures}
        | {"error": run.error}
        for run in runs
    ]
    return pd.DataFrame(rows, columns=["run", *keys, *measures, "error"])


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
