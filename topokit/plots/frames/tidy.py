"""What figures of tidy frames share: columns that are there, names in the order of the frame, numbers as numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.errors import ParameterError

Values = NDArray[np.float64]


def check_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Raise `ParameterError` for a frame without one of the columns, or without rows; an empty name is no column."""
    for column in columns:
        if column and column not in frame:
            raise ParameterError(f"no column {column!r} in the frame: there are {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise ParameterError(f"a frame of {', '.join(map(str, frame.columns))} without rows: there is nothing to draw")


def numbers(frame: pd.DataFrame, column: str) -> Values:
    """The column as numbers, (rows,); what is missing or infinite is NaN.

    Raises
    ------
    ParameterError
        It holds something that is no number.
    """
    found = pd.to_numeric(frame[column], errors="coerce")
    wrong = frame[column][found.isna() & frame[column].notna()]
    if len(wrong):
        raise ParameterError(f"column {column!r} holds {wrong.iloc[0]!r}: give numbers")
    values = found.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def holds_numbers(values: pd.Series) -> bool:
    """Whether all that is there are numbers, also as text, for a CSV file makes no difference."""
    return not pd.api.types.is_bool_dtype(values) and bool(
        pd.to_numeric(values.dropna(), errors="coerce").notna().all()
    )


def names(frame: pd.DataFrame, column: str) -> pd.Series:
    """What each row is called by the column: '' where nothing is there, or without a column."""
    if not column:
        return pd.Series("", frame.index)
    values = frame[column]
    if holds_numbers(values):
        values = pd.to_numeric(values).map(lambda number: f"{number:.10g}", na_action="ignore")
    return values.astype(object).where(values.notna(), "").map(str)


def parts(frame: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of each name in the column, in the order of the frame; all rows as '' without a column."""
    return {str(name): part for name, part in frame.groupby(names(frame, column), sort=False)}


def words(column: str) -> str:
    """The name of a column as it is said."""
    return column.replace("_", " ")


def said(column: str) -> str:
    """The column as the name of an axis, unless it says a symbol."""
    spoken = words(column)
    return spoken[:1].upper() + spoken[1:] if len(spoken) > 1 else spoken


def titles(frame: pd.DataFrame, column: str) -> dict[str, str]:
    """How each part is titled: a bare number says what it is, as in 'epoch 10'."""
    what = f"{words(column)} " if column and holds_numbers(frame[column]) else ""
    return {name: f"{what}{name}" if name else "" for name in dict.fromkeys(names(frame, column))}
