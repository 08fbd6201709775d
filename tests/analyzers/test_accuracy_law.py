"""The law of accuracy: exact recovery, SciPy's fit as a peer, and intervals that hold what they promise."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import curve_fit
from scipy.stats import t as student

import topokit as tk
from topokit.analyzers.accuracy_laws.curve import Curve
from topokit.errors import InsufficientDataError, ParameterError

SHARES = np.array(
    [k / 10 for k in range(10)] + [0.9 + k / 100 for k in range(1, 9)] + [0.98 + k / 1000 for k in range(1, 21)]
)
TRUE = Curve(0.204, 183.0, 0.868)
fit = partial(tk.accuracy_law, replicates=0)


def noisy(seed: int = 1, spread: float = 0.01, shares: np.ndarray = SHARES, curve: Curve = TRUE) -> np.ndarray:
    return curve.at(shares) + np.random.default_rng(seed).normal(0, spread, len(shares))


def model(z: np.ndarray, a: float, b: float, plateau: float) -> np.ndarray:
    return -a * np.exp(b * (z - 1)) + plateau


@pytest.mark.parametrize("curve", [TRUE, Curve(0.5, 3.0, 0.9), Curve(10.0, 30.0, 95.0), Curve(0.02, 900.0, 0.4)])
def test_noise_free_values_give_their_law_back(curve: Curve) -> None:
    law = fit(SHARES, curve.at(SHARES))
    assert_allclose(law.curve, curve, rtol=1e-6)
    assert law.mse < 1e-18
    assert_allclose(law.residuals, 0, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(a=st.floats(0.01, 1), b=st.floats(2, 500), plateau=st.floats(0.1, 1))
def test_any_law_is_recovered(a: float, b: float, plateau: float) -> None:
    found = fit(SHARES, Curve(a, b, plateau).at(SHARES)).curve
    assert_allclose(found, (a, b, plateau), rtol=1e-4)


def test_agrees_with_scipy_in_values_and_covariance() -> None:
    measured = noisy()
    values, covariance = curve_fit(model, SHARES, measured, [0.2, 180, 0.87], ftol=1e-14, xtol=1e-14)
    law = fit(SHARES, measured)
    assert_allclose(law.curve, values, rtol=1e-6)
    assert_allclose(law.covariance, covariance, rtol=1e-4)
    held, its = curve_fit(lambda z, a, b: model(z, a, b, 0.868), SHARES, measured, [0.2, 180])
    law = fit(SHARES, measured, plateau=0.868)
    assert_allclose(law.curve, [*held, 0.868], rtol=1e-5)
    assert_allclose(law.covariance[:2, :2], its, rtol=1e-3)
    assert not law.covariance[2].any()


def test_no_start_is_needed_where_scipy_goes_astray() -> None:
    late = Curve(0.3, 2500.0, 0.8)
    measured = noisy(curve=late, spread=0.001)
    law = fit(SHARES, measured)
    best = ((late.at(SHARES) - measured) ** 2).mean()
    assert law.mse <= best
    assert law.b > 1000


def test_no_other_law_is_nearer() -> None:
    law = fit(SHARES, noisy())
    table = law.surface(law.a * np.linspace(0.5, 1.5, 41), law.b * np.linspace(0.5, 1.5, 41))
    assert table["mse"].min() == pytest.approx(law.mse, rel=1e-9)
    assert_allclose(table.loc[table["mse"].idxmin(), ["a", "b"]].astype(float), [law.a, law.b])
    one = law.surface([0.3], [100.0])["mse"].item()
    assert one == pytest.approx(((model(law.shares, 0.3, 100, law.plateau) - law.accuracies) ** 2).mean())


def test_order_of_the_runs_changes_nothing() -> None:
    measured = noisy()
    order = np.random.default_rng(5).permutation(len(SHARES))
    one, other = (tk.accuracy_law(SHARES[o], measured[o], replicates=50) for o in (slice(None), order))
    assert one.frame.equals(other.frame)
    assert one.summary.equals(other.summary)
    assert one.replicates == other.replicates
    assert one.drop_p_value == other.drop_p_value


def test_units_of_accuracy_scale_through() -> None:
    share, percent = (tk.accuracy_law(SHARES, factor * noisy(), replicates=50) for factor in (1, 100))
    assert percent.a == pytest.approx(100 * share.a, rel=1e-6)
    assert percent.b == pytest.approx(share.b, rel=1e-6)
    assert percent.contour == pytest.approx(share.contour, abs=1e-8)
    assert percent.contour_interval() == pytest.approx(share.contour_interval(), abs=1e-8)


def test_contour_lies_two_standard_errors_below_the_plateau() -> None:
    law = fit(SHARES, TRUE.at(SHARES), run_error=0.0107)
    assert law.contour == pytest.approx(1 + np.log(2 * 0.0107 / 0.204) / 183)
    assert law.predict(law.contour)["accuracy"].item() == pytest.approx(law.plateau - 2 * 0.0107)
    assert law.frame["below_contour"].tolist() == (law.contour >= SHARES).tolist()
    assert fit(SHARES, noisy()).run_error == pytest.approx(0.01, rel=0.3)


def test_contour_is_told_only_where_there_is_a_drop() -> None:
    rng = np.random.default_rng(0)
    flat = [fit(SHARES, 0.868 + rng.normal(0, 0.01, len(SHARES))) for _ in range(40)]
    told = [law for law in flat if not law.reason]
    assert len(told) <= 6
    assert all(np.isnan(law.contour) for law in flat if law.reason)
    assert {law.reason[:25] for law in flat if law.reason} <= {
        "accuracies do not fall as",
        "the drop is not told from",
        "up to share 1 the law fal",
    }


@pytest.mark.parametrize(
    ("shares", "accuracies", "options", "reason"),
    [
        (SHARES, np.full(len(SHARES), 0.8), {}, "do not fall"),
        (SHARES, SHARES, {}, "do not fall"),
        (SHARES, TRUE.at(SHARES), {}, "give run_error"),
        (SHARES, TRUE.at(SHARES), {"run_error": 0.2}, "less than two standard errors"),
        ([0, 0.3, 0.6, 0.9], [0.8, 0.81, 0.8, 0.79], {}, "not told from chance"),
    ],
)
def test_no_drop_is_said(shares: object, accuracies: object, options: dict[str, float], reason: str) -> None:
    law = tk.accuracy_law(shares, accuracies, replicates=20, **options)
    assert reason in law.reason
    assert np.isnan(law.contour)
    assert np.isnan(law.contour_interval()).all()
    assert law.summary["reason"].iloc[-1] == law.reason
    assert law.frame["below_contour"].isna().all()
    band = law.predict([0, 0.5, 1])
    assert (band["low"] <= band["accuracy"]).all()
    json.loads(law.to_json())


def test_a_flat_law_is_the_mean() -> None:
    law = fit(SHARES, SHARES)
    assert law.a == 0
    assert np.isnan(law.b)
    assert law.plateau == pytest.approx(SHARES.mean())
    assert np.isnan(law.standard_errors["a"])
    # Three parameters were sought, so three are missing from the degrees of freedom.
    expected = np.sqrt(((SHARES - SHARES.mean()) ** 2).sum() / (len(SHARES) - 3) / len(SHARES))
    assert law.standard_errors["plateau"] == pytest.approx(expected)


def test_a_drop_at_the_last_share_alone_is_found() -> None:
    law = fit([0, 0.2, 0.4, 0.6, 0.8, 1], [0.8, 0.8, 0.81, 0.79, 0.8, 0.4])
    assert law.predict(0.8)["accuracy"].item() == pytest.approx(0.8, abs=1e-6)
    assert law.predict(1.0)["accuracy"].item() == pytest.approx(0.4)


def test_plateau_as_the_mean_below_its_own_contour() -> None:
    measured = noisy()
    law = fit(SHARES, measured, plateau="mean")
    below = law.curve.where_lost(2 * law.run_error) >= SHARES
    assert law.plateau == pytest.approx(measured[below].mean())
    assert_allclose(law.curve, fit(SHARES, measured, plateau=float(law.plateau)).curve)
    assert law.plateau < fit(SHARES, measured).plateau


def test_each_share_counts_once_in_the_mean() -> None:
    shares, measured = np.append(SHARES, [0.3, 0.3]), np.append(TRUE.at(SHARES), [0.9, 0.91])
    law = fit(shares, measured, plateau="mean", run_error=0.01)
    below = np.unique(shares[shares <= law.curve.where_lost(0.02)])
    assert law.plateau == pytest.approx(np.mean([measured[shares == share].mean() for share in below]))


def test_covariance_of_a_mean_plateau_against_derivatives_by_hand() -> None:
    measured = noisy()
    law = fit(SHARES, measured, plateau="mean")
    below = law.curve.where_lost(2 * law.run_error) >= SHARES

    def parameters(accuracies: np.ndarray) -> np.ndarray:
        return np.array(fit(SHARES, accuracies, plateau=float(accuracies[below].mean())).curve)

    step = 1e-5
    moved = np.stack(
        [(parameters(measured + step * e) - parameters(measured - step * e)) / (2 * step) for e in np.eye(len(SHARES))],
        axis=1,
    )
    variance = (law.residuals**2).sum() / law.freedom
    # Least squares move a little otherwise than to first order about the law itself.
    assert_allclose(np.diag(law.covariance), np.diag(moved @ moved.T) * variance, rtol=0.15)


def test_bands() -> None:
    law = tk.accuracy_law(SHARES, noisy(), replicates=400)
    delta, drawn = (law.predict(SHARES, band=band) for band in ("delta", "bootstrap"))
    widths = [(one["high"] - one["low"]).to_numpy() for one in (delta, drawn)]
    assert_allclose(widths[0], widths[1], rtol=0.5)
    runs = law.predict(SHARES, of_runs=True)
    reach = student.ppf(0.975, law.freedom) * np.sqrt((law.residuals**2).sum() / law.freedom)
    assert ((runs["high"] - runs["accuracy"]) > reach).all()
    slopes = law.curve.slopes([0.99])[0]
    by_hand = student.ppf(0.95, law.freedom) * np.sqrt(slopes @ law.covariance @ slopes)
    narrow = law.predict(0.99, level=0.9)
    assert (narrow["high"] - narrow["accuracy"]).item() == pytest.approx(by_hand)


def test_slopes_are_derivatives() -> None:
    step = 1e-6
    for place, slope in enumerate(TRUE.slopes(SHARES).T):
        up, down = (Curve(*(np.array(TRUE) + sign * step * np.eye(3)[place])).at(SHARES) for sign in (1, -1))
        assert_allclose(slope, (up - down) / (2 * step), atol=1e-8)


def test_runs_that_scatter_less_than_they_miss_the_law() -> None:
    shares = np.repeat(SHARES, 3)
    rng = np.random.default_rng(3)
    scatter = rng.normal(0, 0.005, len(shares))
    assert fit(shares, TRUE.at(shares) + scatter).lack_of_fit > 0.01
    bent = TRUE.at(shares) - 0.05 * shares**2
    assert fit(shares, bent + scatter).lack_of_fit < 1e-6
    assert np.isnan(fit(SHARES, noisy()).lack_of_fit)


def test_what_is_told() -> None:
    law = tk.accuracy_law(SHARES, noisy(), replicates=100, run_error=0.0107, plateau="mean", rng=3)
    assert law.meta.parameters == {"plateau": "mean", "run_error": 0.0107, "replicates": 100, "rng": 3}
    assert list(law.frame) == ["share", "accuracy", "fitted", "residual", "below_contour"]
    assert law.summary["parameter"].tolist() == ["a", "b", "plateau", "contour"]
    assert set(law.scalars()) == {"a", "b", "plateau", "contour", "mse"}
    low, high = law.contour_interval()
    assert low < law.contour < high


def test_unsure_contours_have_no_upper_end() -> None:
    measured = noisy(spread=0.05, curve=Curve(0.12, 60.0, 0.868), seed=2)
    law = tk.accuracy_law(SHARES, measured, replicates=300)
    assert not law.reason
    assert law.contour_interval()[1] == np.inf


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [1, 2, 3]), {}, "are not one of each"),
        (([0, 0.5, 0.9, 1.2], [1, 1, 1, 1]), {}, "run 3 has share 1.2"),
        (([0, 0.5, 0.9, 1], [1, 1, np.nan, 1]), {}, "run 2 has share 0.9 and accuracy nan"),
        (([0, 0.5, 0.9, 1], [1, 1, 1, 0]), {"plateau": "max"}, "plateau='max'"),
        (([0, 0.5, 0.9, 1], [1, 1, 1, 0]), {"run_error": 0.0}, "positive standard error"),
        (([0, 0.5, 0.9, 1], [1, 1, 1, 0]), {"replicates": -1}, "replicates=-1"),
    ],
)
def test_bad_input(arguments: tuple[object, object], options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        tk.accuracy_law(*arguments, **options)


def test_too_few_runs() -> None:
    with pytest.raises(InsufficientDataError, match="3 runs of 3 shares"):
        tk.accuracy_law([0, 0.5, 1], [1, 1, 0])
    with pytest.raises(InsufficientDataError, match="5 runs of 2 shares"):
        tk.accuracy_law([0, 0, 0, 1, 1], [1, 1, 1, 0, 0])


def test_bad_bands() -> None:
    law = fit(SHARES, noisy())
    with pytest.raises(ParameterError, match="band='bootstrap' of 0 bootstrap samples"):
        law.predict(0.5, band="bootstrap")
    with pytest.raises(ParameterError, match="level=95"):
        law.predict(0.5, level=95)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["fit", 0.868])
def test_intervals_hold_what_they_promise(rule: str | float) -> None:
    """Of 400 simulated sweeps 95 % of the intervals hold the truth, within three standard errors of that share."""
    inside = {"band": 0, "contour": 0, "a": 0, "b": 0}
    truth, trials = TRUE.where_lost(0.02), 400
    for seed in range(trials):
        law = tk.accuracy_law(SHARES, noisy(seed), plateau=rule, run_error=0.01, replicates=300, rng=seed)
        band = law.predict(0.99)
        low, high = law.contour_interval()
        table = law.summary.set_index("parameter")
        inside["band"] += bool(band["low"].item() <= TRUE.at(0.99) <= band["high"].item())
        inside["contour"] += low <= truth <= high
        for name in ("a", "b"):
            inside[name] += bool(table["low"][name] <= getattr(TRUE, name) <= table["high"][name])
    shares = {name: count / trials for name, count in inside.items()}
    assert all(0.90 <= share <= 0.98 for share in shares.values()), shares


@pytest.mark.slow
def test_a_drop_is_claimed_of_flat_runs_in_five_percent() -> None:
    rng = np.random.default_rng(0)
    claimed = sum(fit(SHARES, 0.868 + rng.normal(0, 0.01, len(SHARES))).drop_p_value < 0.05 for _ in range(400))
    assert 0.02 <= claimed / 400 <= 0.08
