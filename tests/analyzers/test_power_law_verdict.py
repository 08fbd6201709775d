from __future__ import annotations

from math import nan

import pytest

from topokit.analyzers.power_laws.likelihood_ratios import LikelihoodRatio
from topokit.analyzers.power_laws.verdict import (
    judge,
    papers_rule,
    scale_free_class,
    scale_free_classes,
)


def ratios(
    lognormal: tuple[float, float], exponential: tuple[float, float], cutoff: tuple[float, float]
) -> dict[str, LikelihoodRatio]:
    return {
        name: LikelihoodRatio(R, nan, p)
        for name, (R, p) in zip(
            ("lognormal", "exponential", "truncated_power_law"), (lognormal, exponential, cutoff), strict=True
        )
    }


OPEN = ratios((-0.1, 0.9), (50, 1e-6), (-0.2, 0.6))


@pytest.mark.parametrize(
    ("alpha", "p_value", "tail_fraction", "tests", "expected", "words"),
    [
        (2.5, 0.5, 0.5, OPEN, "not ruled out", "no better than lognormal or truncated power law"),
        (2.5, 0.5, 0.5, ratios((9, 1e-4), (50, 1e-6), (-0.2, 0.6)), "supported", "exponential and lognormal fit worse"),
        (2.5, 0.5, 0.05, OPEN, "tail only", "5.0% of the values"),
        (
            2.5,
            0.5,
            0.5,
            ratios((-9, 1e-3), (50, 1e-6), (-12, 1e-4)),
            "alternative favoured",
            "truncated power law fits",
        ),
        (2.5, 0.05, 0.5, OPEN, "ruled out", "p = 0.05 < 0.1"),
        (2.5, 0.1, 0.5, OPEN, "not ruled out", "p = 0.1,"),
        (6.5, 0.9, 0.5, OPEN, "not heavy-tailed", "alpha = 6.5"),
        (-0.5, 0.9, 0.5, OPEN, "not heavy-tailed", "does not fall"),
        (2.5, nan, 0.5, OPEN, "undefined", "ask for replicates"),
    ],
)
def test_the_first_word_that_applies(
    alpha: float, p_value: float, tail_fraction: float, tests: dict[str, LikelihoodRatio], expected: str, words: str
) -> None:
    verdict = judge(alpha, p_value, tail_fraction, tests)
    assert verdict.verdict == expected
    assert words in verdict.reason


def test_a_problem_leaves_it_undefined() -> None:
    assert judge(nan, nan, nan, {}, "no edges") == ("undefined", "no edges")


def test_small_tails_are_inconclusive_whatever_the_numbers() -> None:
    assert judge(2.5, 0.9, 0.5, OPEN, n_tail=49) == ("undefined", "inconclusive: 49 values in the tail, fewer than 50")
    assert judge(2.5, 0.9, 0.5, OPEN, n_tail=50).verdict == "not ruled out"


def test_only_alternatives_that_decide_are_said_to_be_no_worse() -> None:
    left_out = LikelihoodRatio(nan, nan, nan, degenerate=True)
    limit = LikelihoodRatio(-0.1, -0.1, 0.9, degenerate=True)
    for tests, words in (
        ({**OPEN, "binomial": left_out}, "no better than lognormal or truncated power law"),
        (
            {**OPEN, "lognormal": limit},
            "no better than truncated power law; lognormal went to the limit of a power law, which decides nothing",
        ),
        (
            {"exponential": OPEN["exponential"], "lognormal": left_out, "truncated_power_law": limit},
            "truncated power law went to the limit of a power law, which decides nothing; "
            "lognormal could not be tested",
        ),
        ({}, "exponential and lognormal could not be tested"),
    ):
        assert judge(2.5, 0.5, 0.5, tests) == ("not ruled out", f"p = 0.5, but {words}")


def test_a_p_value_that_its_replicates_leave_open_says_so() -> None:
    assert judge(2.5, 0.0, 0.5, OPEN, p_interval=(0.0, 0.28)).verdict == "undefined"
    for p_value, verdict in ((0.08, "ruled out"), (0.13, "not ruled out")):
        judged = judge(2.5, p_value, 0.5, OPEN, p_interval=(0.06, 0.21))
        assert judged.verdict == verdict
        assert judged.reason.endswith("; p may be 0.06 to 0.21, ask for more replicates")
    assert "may be" not in judge(2.5, 0.3, 0.5, OPEN, p_interval=(0.1, 0.5)).reason


@pytest.mark.parametrize(
    ("alpha", "p_value", "n_tail", "tests", "expected", "last"),
    [
        (2.5, 0.5, 60, OPEN, {"super-weak", "weakest", "weak", "strong"}, "strong"),
        (3.5, 0.5, 60, OPEN, {"super-weak", "weakest", "weak"}, "weak"),
        (2.5, 0.5, 40, OPEN, {"super-weak", "weakest"}, "weakest"),
        (2.5, 0.05, 60, OPEN, {"super-weak"}, "super-weak"),
        (2.5, 0.5, 60, ratios((-9, 0.05), (5, 0.1), (-1, 0.5)), {"weakest", "weak"}, "weak"),
        (2.5, 0.05, 60, ratios((-9, 0.05), (5, 0.1), (-1, 0.5)), set(), "not scale-free"),
        (2.5, nan, 60, OPEN, set(), "not scale-free"),
    ],
)
def test_classes_of_broido_and_clauset(
    alpha: float, p_value: float, n_tail: int, tests: dict[str, LikelihoodRatio], expected: set[str], last: str
) -> None:
    met = scale_free_classes(alpha, p_value, n_tail, tests)
    assert met == expected
    assert scale_free_class(met) == last


def test_the_papers_rule() -> None:
    assert [papers_rule(p).split(" ")[0] for p in (0.5, 0.949, 0.95, nan)] == [
        "rejected",
        "rejected",
        "kept",
        "untested",
    ]


def test_degenerate_ratios_decide_nothing() -> None:
    decided = ratios((-9, 1e-5), (50, 1e-6), (-0.2, 0.6))
    limit = {**decided, "lognormal": LikelihoodRatio(-9, nan, 1e-5, degenerate=True)}
    assert judge(2.5, 0.5, 0.5, decided).verdict == "alternative favoured"
    assert judge(2.5, 0.5, 0.5, limit).verdict == "not ruled out"


def test_one_small_p_among_three_is_corrected() -> None:
    assert judge(2.5, 0.5, 0.5, ratios((-2, 0.04), (-1, 0.5), (-1, 0.6))).verdict == "not ruled out"
