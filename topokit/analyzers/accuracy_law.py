"""How accuracy depends on the rewired share: a plateau, an exponential drop, and where the one ends."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topokit.analyzers.accuracy_laws.curve import Values, best_curves, explained
from topokit.analyzers.accuracy_laws.law import NAMES, STANDARD_ERRORS, AccuracyLaw
from topokit.analyzers.accuracy_laws.plateau import PlateauRule, fitted, parameter_map
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import InsufficientDataError, ParameterError

FEWEST_SHARES, FEWEST_RUNS = 3, 4
# A run that alone decides a parameter has no residual to draw from.
_LEAST_ROOM = 1e-3


def accuracy_law(
    shares: ArrayLike,
    accuracies: ArrayLike,
    *,
    plateau: PlateauRule | float = "fit",
    run_error: float | None = None,
    replicates: SupportsIndex = 1000,
    rng: Random = 0,
) -> AccuracyLaw:
    """Fit acc(z) = -a e^{b (z - 1)} + plateau to the accuracies of runs, and find where the plateau ends.

    van Engers (2021) calls that end the extreme sparsity contour and reads it off a figure. Here it is where the law
    lies two standard errors of a run below its plateau, so that one run would be seen to be worse. It is told only
    where accuracies fall more than those of random orders do (p < 0.05), and within the shares that were measured.

    The plateau is fitted with a and b, or is the mean over the shares up to the contour as in Eq. 3, where the
    contour depends on the plateau in turn: begun with the contour of the fitted plateau, mean, curve and contour
    follow each other until the same shares are averaged again (after 20 rounds, where they come back in turn, the
    last counts). Each share counts once in the mean, however many runs it has.

    The covariance is that of least squares to first order (delta method). Bootstrap samples keep the shares, and add
    to the law the residuals of their own runs, divided by sqrt(1 - leverage), with random signs (wild bootstrap): runs
    may scatter more where accuracy drops.

    Parameters
    ----------
    shares : array_like, shape (n,)
        What was varied, in [0, 1], such as the share of edges that SET rewires; several runs of one share are welcome.
    accuracies : array_like, shape (n,)
        Of each run, as fractions or in percent.
    plateau : {'fit', 'mean'} or float
        How it is found, or the plateau itself.
    run_error : float, optional
        Standard error of the accuracy of a run, such as sqrt(p (1 - p) / test samples); unless given, the standard
        deviation of the residuals with a fitted plateau.
    replicates : int
        Bootstrap samples, and random orders, of which there are 999 at least.
    rng : int or Generator, optional
        Random state. Runs are sorted first, so that their order changes nothing.

    Returns
    -------
    AccuracyLaw
        With `.summary`, `.contour`, `.contour_interval()`, `.predict()` and `.surface()`.

    Raises
    ------
    ParameterError
        Lists of different lengths, numbers that are not finite, shares out of range, another plateau, or a standard
        error that is not positive.
    InsufficientDataError
        Fewer than 4 runs or 3 shares.

    References
    ----------
    van Engers (2021), Eqs 1-3 and section 5.2; Golub and Pereyra (1973), a and plateau eliminated; Wu (1986), the
    bootstrap; Phipson and Smyth (2010), p of random orders.
    """
    at, measured = _checked_runs(shares, accuracies)
    rule = _checked_plateau(plateau)
    drawn = whole_number("replicates", replicates, 0, "use 1000, or 0 for no bootstrap")
    signs, orders = generator_of(rng).spawn(2)
    error = _run_error(run_error, at, measured)
    curve = fitted(at, measured[None], rule, STANDARD_ERRORS * error)[0]
    moves = parameter_map(curve, at, rule, curve.where_lost(STANDARD_ERRORS * error))
    residuals = measured - curve.at(at)
    freedom = len(at) - (len(NAMES) if isinstance(rule, str) else len(NAMES) - 1)
    room = np.maximum(1 - (curve.slopes(at) * moves.T).sum(axis=1), _LEAST_ROOM)
    samples = curve.at(at) + signs.choice([-1.0, 1.0], (drawn, len(at))) * residuals / np.sqrt(room)
    parameters = {"plateau": rule, "run_error": run_error, "replicates": drawn, "rng": rng_label(rng)}
    return AccuracyLaw(
        meta=Meta("accuracy_law", parameters, ANALYZER_REFERENCES["accuracy_law"]),
        shares=at,
        accuracies=measured,
        curve=curve,
        covariance=moves @ moves.T * float((residuals**2).sum()) / freedom,
        freedom=freedom,
        run_error=error,
        drop_p_value=_p_of_drop(at, measured, max(drawn, 999), orders),
        replicates=tuple(fitted(at, samples, rule, STANDARD_ERRORS * error)) if drawn else (),
    )


def _checked_runs(shares: ArrayLike, accuracies: ArrayLike) -> tuple[Values, Values]:
    at, measured = (np.asarray(given, dtype=float) for given in (shares, accuracies))
    if at.ndim != 1 or at.shape != measured.shape:
        raise ParameterError(f"shares {at.shape} and accuracies {measured.shape} are not one of each for every run")
    bad = np.flatnonzero(~(np.isfinite(measured) & (at >= 0) & (at <= 1)))
    if bad.size:
        place = int(bad[0])
        raise ParameterError(
            f"run {place} has share {at[place]:g} and accuracy {measured[place]:g}: give a share from 0 to 1 and a "
            "finite accuracy, or leave the run out"
        )
    distinct = len(np.unique(at))
    if len(at) < FEWEST_RUNS or distinct < FEWEST_SHARES:
        raise InsufficientDataError(
            f"{len(at)} runs of {distinct} shares tell no law of three parameters: at least {FEWEST_RUNS} runs of "
            f"{FEWEST_SHARES} shares are needed"
        )
    order = np.lexsort((measured, at))
    return at[order], measured[order]


def _checked_plateau(plateau: PlateauRule | float) -> PlateauRule | float:
    if plateau == "fit" or plateau == "mean":
        return plateau
    if isinstance(plateau, str) or not np.isfinite(plateau):
        raise ParameterError(f"plateau={plateau!r}: use 'fit', 'mean' or a finite number")
    return float(plateau)


def _run_error(given: float | None, shares: Values, accuracies: Values) -> float:
    if given is None:
        residuals = accuracies - best_curves(shares, accuracies[None])[0].at(shares)
        return float(np.sqrt((residuals**2).sum() / (len(shares) - len(NAMES))))
    if not (given > 0 and np.isfinite(given)):
        raise ParameterError(f"run_error={given:g}: give a positive standard error, or leave it out")
    return float(given)


def _p_of_drop(shares: Values, accuracies: Values, drawn: int, rng: np.random.Generator) -> float:
    """(1 + orders that fall as much) / (1 + orders)."""
    given = explained(shares, accuracies[None])[0]
    orders: NDArray[np.float64] = rng.permuted(np.tile(accuracies, (drawn, 1)), axis=1)
    as_much = explained(shares, orders) >= given * (1 - 1e-9)
    return float((1 + as_much.sum()) / (1 + drawn))
