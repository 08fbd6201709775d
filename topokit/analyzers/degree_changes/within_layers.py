"""Correlations of two values of each neuron over neurons of the same layer, several layers taken together.

Pairs of neurons of different layers are not compared: layers of different size or density would else go together
without any neuron doing so. Of one layer these are the usual coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

Values = NDArray[np.float64]
Numbers = NDArray[np.integer] | NDArray[np.floating]

# Memory of the orders that are tried at once stays small.
_ORDERS_AT_ONCE = 500
# Two orders that give the same correlation must not be told apart by how the sum was rounded.
_SAME = 1e-9


def tau_within(rows: Numbers, reference: Numbers, layers: Sequence[slice]) -> Values:
    """Kendall's tau-b of each row (M, n) with the reference (n,), (M,): pairs within layers over untied such pairs.

    NaN where all values of a row, or of the reference, are equal within each layer.
    """
    score, untied, untied_reference = np.zeros(len(rows)), np.zeros(len(rows)), 0.0
    for layer in layers:
        parts = _tau_parts(rows[:, layer], reference[layer])
        score, untied, untied_reference = score + parts[0], untied + parts[1], untied_reference + parts[2]
    with np.errstate(invalid="ignore"):
        return np.asarray(score / (np.sqrt(untied) * np.sqrt(untied_reference)))


def _tau_parts(rows: Numbers, reference: Numbers) -> tuple[Values, Values, float]:
    """Concordant less discordant pairs and untied pairs of each row, and untied pairs of the reference."""
    from topokit.kernels import kendall  # numba takes half a second to import

    ranks, levels = kendall.dense_ranks(np.concatenate([rows, reference[None]]))
    untied = np.array([kendall.untied_pairs(row, count) for row, count in zip(ranks, levels, strict=True)], np.int64)
    tau = kendall.tau_b_of_row(ranks, levels, untied, len(rows))[:-1]
    pairs = untied[:-1].astype(float)
    return np.round(np.nan_to_num(tau) * np.sqrt(pairs) * np.sqrt(float(untied[-1]))), pairs, float(untied[-1])


def centred_ranks(rows: Numbers, layers: Sequence[slice]) -> Values:
    """Average ranks within each layer, less their mean, (M, n) or (n,)."""
    ranked = np.empty(rows.shape)
    for layer in layers:
        ranked[..., layer] = scipy.stats.rankdata(rows[..., layer], axis=-1) - (layer.stop - layer.start + 1) / 2
    return ranked


def centred(rows: Values, layers: Sequence[slice]) -> Values:
    """Values less the mean of their layer, (M, n) or (n,)."""
    moved = np.empty(rows.shape)
    for layer in layers:
        moved[..., layer] = rows[..., layer] - rows[..., layer].mean(axis=-1, keepdims=True)
    return moved


def correlation(rows: Values, reference: Values) -> Values:
    """Of centred rows (M, n) with a centred reference (n,), (M,); NaN where either does not vary."""
    scale = np.sqrt((rows**2).sum(axis=-1)) * np.sqrt((reference**2).sum())
    return np.asarray(np.divide(rows @ reference, scale, out=np.full(len(rows), np.nan), where=scale > 0))


def slope(rows: Values, reference: Values) -> Values:
    """Least-squares slope of centred rows (M, n) on a centred reference (n,), (M,); NaN where that does not vary."""
    square = float((reference**2).sum())
    return np.asarray(rows @ reference / square if square > 0 else np.full(len(rows), np.nan))


def exchange_p(
    rows: Values, reference: Values, layers: Sequence[slice], rng: np.random.Generator, permutations: int
) -> Values:
    """How often centred values go together at least as far, up or down, when neurons of a layer are exchanged, (M,).

    The share (1 + those) / (1 + all) of random orders (Phipson and Smyth 2010); NaN where rows do not vary.
    """
    told = np.abs(rows @ reference)
    extreme = np.zeros(len(rows), np.int64)
    for start in range(0, permutations, _ORDERS_AT_ONCE):
        orders = np.tile(reference, (min(_ORDERS_AT_ONCE, permutations - start), 1))
        for layer in layers:
            orders[:, layer] = rng.permuted(orders[:, layer], axis=1)
        extreme += np.count_nonzero(np.abs(orders @ rows.T) >= told * (1 - _SAME) - _SAME, axis=0)
    varies = (rows != 0).any(axis=1) & (reference != 0).any()
    return np.where(varies, (1 + extreme) / (1 + permutations), np.nan)
