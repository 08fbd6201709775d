"""Verdicts say agree or disagree where they should, and what they compared."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from scipy.stats import t as student

from topokit.papers.margins import difference, paired_difference
from topokit.papers.recipes.run_orders import all_above
from topokit.papers.verdicts import (
    AGREE,
    DISAGREE,
    NOT_COMPARABLE,
    equals,
    holds,
    lies_within,
    mean_equals,
    not_comparable,
    one_more_run,
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


def test_means_agree_inside_the_interval_of_welch() -> None:
    ours = np.array([0.50, 0.52, 0.54])
    limit = scipy.stats.ttest_ind_from_stats(0.5, 0.01, 5, ours.mean(), ours.std(ddof=1), 3, equal_var=False)
    freedom = brentq(lambda df: 2 * student.sf(abs(limit.statistic), df) - limit.pvalue, 1, 100)
    margin = student.ppf(0.975, freedom) * sqrt(0.01**2 / 5 + ours.var(ddof=1) / 3)
    inside = mean_equals("x", 0.52 + 0.99 * margin, ours, source="", deviation=0.01, runs=5)
    outside = mean_equals("x", 0.52 + 1.01 * margin, ours, source="", deviation=0.01, runs=5, why="far")
    assert (inside.verdict, outside.verdict, outside.why) == (AGREE, DISAGREE, "far")
    assert inside.spread == pytest.approx(0.02)
    assert inside.tolerance == f"{margin:.2g} (95 % interval)"


@pytest.mark.parametrize(("runs", "quantile"), [(5, student.ppf(0.975, 4)), (1, norm.ppf(0.975))])
def test_a_single_run_has_the_spread_of_the_paper(runs: int, quantile: float) -> None:
    limit = quantile * sqrt(0.01**2 / runs + 0.01**2)
    freedoms = {"source": "", "deviation": 0.01, "runs": runs}
    found = mean_equals("x", 0.5 + 0.99 * limit, [0.5], **freedoms)
    assert isnan(found.spread)
    if runs == 1:
        assert found.verdict == AGREE
        assert mean_equals("x", 0.5 + 1.01 * limit, [0.5], **freedoms).verdict == DISAGREE


@pytest.mark.parametrize("runs", [2, 3, 10])
def test_one_more_run_lies_in_the_prediction_interval_in_19_of_20_cases(runs: int) -> None:
    drawn = np.random.default_rng(runs).normal(5, 2, (4000, runs + 1))
    found = [one_more_run("x", row[0], row[1:], source="").verdict for row in drawn]
    assert binomtest(found.count(AGREE), len(found), 0.95).pvalue > 0.001


def test_runs_that_happen_to_be_alike_vary_by_as_much_as_is_known() -> None:
    margin = norm.ppf(0.975) * 0.1 * sqrt(1 + 1 / 2)
    assert one_more_run("x", 1 + 0.99 * margin, [1, 1], source="", least=0.1).verdict == AGREE
    assert one_more_run("x", 1 + 1.01 * margin, [1, 1], source="", least=0.1).verdict == DISAGREE


@pytest.mark.parametrize("runs", [(2, 3), (3, 3), (5, 10)])
def test_differences_of_equal_means_stay_inside_their_margin(runs: tuple[int, int]) -> None:
    """Welch's interval is approximate with so few runs: within two points of its 95 %."""
    rng = np.random.default_rng(sum(runs))
    pairs = [(rng.normal(0, 1, runs[0]), rng.normal(0, 1, runs[1])) for _ in range(4000)]
    inside = np.mean([abs(apart) <= margin for apart, margin in (difference(*pair) for pair in pairs)])
    assert 0.93 < inside < 0.99
    kept = [paired_difference(one, one + other[: len(one)]) for one, other in pairs if runs[0] <= runs[1]]
    assert 0.94 < np.mean([abs(apart) <= margin for apart, margin in kept]) < 0.96


def test_one_pair_the_other_way_round_contradicts_and_unclear_ones_do_not_tell() -> None:
    high, low, wide = [5.0, 5.1, 5.2], [1.0, 1.1, 1.2], [-9.0, 5.0, 19.0]
    pairs = {
        AGREE: [(high, low), (high, low)],
        DISAGREE: [(high, low), (low, high), (wide, low)],
        NOT_COMPARABLE: [(high, low), (wide, low)],
    }
    assert {judgement: all_above("", "", "", groups, source="").verdict for judgement, groups in pairs.items()} == {
        judgement: judgement for judgement in pairs
    }
    assert all_above("", "", "", [], source="").verdict == NOT_COMPARABLE


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
