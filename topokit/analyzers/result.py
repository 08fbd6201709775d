"""What all results share: parameters, a tidy frame, JSON, a table in notebooks, a plot."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

import topokit
from topokit.citations import REFERENCES
from topokit.dag import Moment
from topokit.errors import ParameterError
from topokit.registry import PLOTS

ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Meta:
    """How a result was made.

    Attributes
    ----------
    analyzer : str
        Name of the function.
    parameters : mapping
        Its parameters, defaults included; JSON-safe.
    version : str
        Version of topokit.
    references : tuple of str
        Keys of `topokit.cite`.
    """

    analyzer: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    version: str = topokit.__version__

    def to_dict(self) -> dict[str, Any]:
        """The parameters with the DOI, address or title of each reference."""
        sources = {key: REFERENCES[key].url or REFERENCES[key].text for key in self.references}
        return {
            "analyzer": self.analyzer,
            "parameters": dict(self.parameters),
            "topokit": self.version,
            "references": sources,
        }


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Result(ABC):
    """Base of all results: frozen, without side effects.

    Attributes
    ----------
    meta : Meta
        Parameters, version and references.
    """

    plot_name: ClassVar[str]

    meta: Meta

    @property
    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """The result as a tidy table with fixed columns."""

    def to_json(self) -> str:
        """The frame's rows and the meta data as JSON."""
        return json.dumps({"meta": self.meta.to_dict(), "rows": frame_rows(self.frame)}, allow_nan=False)

    def scalars(self) -> dict[str, float]:
        """The few numbers that sum the last moment up, by name: what `topokit.against_null` compares with chance.

        Raises
        ------
        ParameterError
            No such numbers are told for this kind of result.
        """
        raise ParameterError(
            f"{type(self).__name__} is not summed up by numbers: name them, as with "
            "statistic=lambda result: result.frame['some_column'].mean()"
        )

    def plot(self, **options: Any) -> Any:
        """Draw the result's own figure; options are those of the function in `topokit.plots`."""
        return PLOTS.load(self.plot_name)(self, **options)

    def __repr__(self) -> str:
        frame = self.frame
        # Fits have one row of many columns.
        lone = len(frame) == 1
        text = frame.T.to_string(header=False) if lone else frame.to_string(max_rows=ROWS_SHOWN, line_width=100)
        return f"{type(self).__name__} ({len(frame):,} row{'' if lone else 's'})\n{text}"

    def _repr_html_(self) -> str:
        frame = self.frame
        shown = f", the first {ROWS_SHOWN} of {len(frame):,} rows" if len(frame) > ROWS_SHOWN else ""
        return f"<p><b>{type(self).__name__}</b>{shown}</p>{frame.head(ROWS_SHOWN).to_html(index=False)}"


def frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON-safe mappings with all digits; what is missing or infinite is None."""
    finite = frame.replace([np.inf, -np.inf], np.nan)
    rows = finite.astype(object).where(finite.notna(), None).to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in rows]


def last_numbers(
    table: pd.DataFrame, columns: Sequence[str], labels: Sequence[str] = (), *, moments: int = 1
) -> dict[str, float]:
    """The numbers of the last moment's rows as "label label column": value, for `Result.scalars`.

    Parameters
    ----------
    table : DataFrame
        Sorted by moment, with as many rows for each.
    columns : sequence of str
        Which numbers.
    labels : sequence of str
        The columns, such as "layer", that tell the rows of a moment apart.
    moments : int
        How many there are.
    """
    rows = range(len(table) - len(table) // moments, len(table))
    words = [table[label].tolist() for label in labels]
    numbers = {column: table[column].tolist() for column in columns}
    return {
        " ".join([*(str(word[row]) for word in words), column]): _number(numbers[column][row])
        for row in rows
        for column in columns
    }


def _number(value: Any) -> float:
    return float("nan") if value is pd.NA else float(value)


def time_columns(moments: tuple[Moment, ...]) -> pd.DataFrame:
    """Columns ``step`` (Int64, missing for a lone network) and ``epoch`` (float), one row per moment."""
    return pd.DataFrame(
        {
            "step": pd.array([moment.step for moment in moments], dtype="Int64"),
            "epoch": np.array([np.nan if moment.epoch is None else moment.epoch for moment in moments], float),
        }
    )
