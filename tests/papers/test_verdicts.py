"""Verdicts say agree or disagree where they should, and what they compared."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.papers.verdicts import (
    AGREE,
    DISAGREE,
    NOT_COMPARABLE,
    equals,
    holds,
    lies_within,
    mean_equals,
    not_comparable,
    reduced,
    verdict_table,
)

numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, st.floats(0, 1e3))
def test_a_number_agrees_up_to_its_tolerance(paper: float, ours: float, tolerance: float) -> None:
    found = equals("x", paper, ours, source="Table 1", tolerance=tolerance, why="chance")
    agrees = abs(ours - paper) <= tolerance
    assert found.verdict == (AGREE if agrees else DISAGREE)
    assert found.why == ("" if agrees else "chance")


def test_what_is_missing_agrees_with_nothing() -> None:
    assert equals("x", 1.0, nan, source="", tolerance=10).verdict == DISAGREE
    assert lies_within("x", (0, 1), nan, source="").verdict == DISAGREE
    assert mean_equals("x", 1.0, [nan, 1.0], source="", deviation=1, runs=3).verdict == DISAGREE


def test_means_agree_within_two_standard_errors_of_the_difference() -> None:
    ours = np.array([0.50, 0.52, 0.54])
    error = 2 * sqrt(0.01**2 / 5 + ours.var(ddof=1) / 3)
    inside = mean_equals("x", 0.52 + 0.99 * error, ours, source="", deviation=0.01, runs=5)
    outside = mean_equals("x", 0.52 + 1.01 * error, ours, source="", deviation=0.01, runs=5, why="far")
    assert (inside.verdict, outside.verdict, outside.why) == (AGREE, DISAGREE, "far")
    assert inside.spread == pytest.approx(0.02)
    assert inside.tolerance == f"{error:.2g} (two standard errors)"


def test_a_single_run_has_the_spread_of_the_paper() -> None:
    limit = 2 * sqrt(0.01**2 / 5 + 0.01**2)
    found = mean_equals("x", 0.5 + 0.99 * limit, [0.5], source="", deviation=0.01, runs=5)
    assert found.verdict == AGREE
    assert isnan(found.spread)
    assert mean_equals("x", 0.5 + 1.01 * limit, [0.5], source="", deviation=0.01, runs=5).verdict == DISAGREE


@pytest.mark.parametrize(("value", "verdict"), [(0.1, AGREE), (0.2, AGREE), (0.0999, DISAGREE), (0.21, DISAGREE)])
def test_intervals_are_closed(value: float, verdict: str) -> None:
    assert lies_within("x", (0.1, 0.2), value, source="").verdict == verdict


def test_intervals_in_words() -> None:
    assert lies_within("x", (0.1, 0.2), 0.15, source="").paper == "from 0.1 to 0.2"
    assert lies_within("x", (0.1, float("inf")), 5, source="").paper == "from 0.1"
    assert lies_within("x", (-float("inf"), 3), 5, source="").paper == "to 3"


def test_statements_hold_or_not_and_reduced_runs_judge_nothing() -> None:
    verdicts = [
        holds("order", "a < b", "1 < 2", True, source="Fig. 1", why="unused"),
        holds("order", "a < b", "2 > 1", False, source="Fig. 1", why="seeds"),
        not_comparable("x", 1.0, 2.0, source="Fig. 2", why="other data"),
    ]
    assert [verdict.verdict for verdict in verdicts] == [AGREE, DISAGREE, NOT_COMPARABLE]
    assert [verdict.why for verdict in verdicts] == ["", "seeds", "other data"]
    table = verdict_table(reduced(verdicts, "2 of 9 epochs"))
    assert set(table["verdict"]) == {NOT_COMPARABLE}
    assert set(table["why"]) == {"2 of 9 epochs"}
    assert list(table["ours"]) == ["1 < 2", "2 > 1", 2.0]
