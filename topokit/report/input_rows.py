"""The inputs of a report's runs beside chance, as plain JSON values."""

from __future__ import annotations

from typing import Any

from topokit.analyzers import InputSignificance, MoranTest
from topokit.analyzers.result import frame_rows
from topokit.report.findings import Findings

Row = dict[str, Any]

# Inputs that are named on either side of chance.
_NAMED = 2


def input_rows(findings: Findings) -> list[Row]:
    """A row per run: its inputs beside chance at the first moment and the last, and the three furthest on each side."""
    shapes = findings.of("moran")
    return [
        {"run": label, **_beyond(result), **(_smooth(shapes[label]) if label in shapes else {})}
        for label, result in findings.of("input_significance").items()
    ]


def _beyond(result: InputSignificance) -> Row:
    columns = ["inputs", "dispersion", "above", "below"]
    first, last = (frame_rows(result.summary[columns])[place] for place in (0, -1))
    beyond = result.extremes
    told = [_input_name(row) for row in frame_rows(beyond)]
    side = len(told) // 2
    several = len(result.moments) > 1
    return last | {
        "first_dispersion": first["dispersion"] if several else None,
        "top": told[:side][:_NAMED],
        "bottom": told[side:][::-1][:_NAMED],
    }


def _input_name(row: Row) -> str:
    place = row["neuron"] if row["row"] is None else f"{row['row']},{row['column']}"
    return f"{place}\N{NO-BREAK SPACE}({row['z']:+.1f})"


def _smooth(result: MoranTest) -> Row:
    several = len(result.moments) > 1
    rows = frame_rows(result.frame[["moran", "p_two_sided"]])
    return {"moran": rows[-1]["moran"], "moran_p": rows[-1]["p_two_sided"]} | {
        "first_moran": rows[0]["moran"] if several else None
    }
