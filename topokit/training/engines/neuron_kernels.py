"""What neurons do with the sums that reach them; arrays are (n_neurons, n_samples) as in `csr_kernels`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FAST = {"reassoc", "contract", "nsz"}
_MATRIX = "float32[:, ::1]"


@njit(f"void({_MATRIX}, float32, {_MATRIX})", cache=True, nogil=True)
def rectified(sums: Floats, slope: np.float32, out: Floats) -> None:
    """x above 0 and slope x below; NaN stays NaN."""
    for row in range(len(sums)):
        line, result = sums[row], out[row]
        for k in range(len(line)):
            result[k] = slope * line[k] if line[k] <= 0 else line[k]


@njit(f"void({_MATRIX}, float32, {_MATRIX})", cache=True, nogil=True)
def rectified_error(sums: Floats, slope: np.float32, errors: Floats) -> None:
    """Take the `errors` of the outputs back to the sums, in place of these."""
    for row in range(len(sums)):
        line, error = sums[row], errors[row]
        for k in range(len(line)):
            line[k] = slope * error[k] if line[k] <= 0 else error[k]


@njit(f"void({_MATRIX}, {_MATRIX}, {_MATRIX})", cache=True, nogil=True)
def s_shaped(sums: Floats, parameters: Floats, out: Floats) -> None:
    """SReLU; the rows of `parameters` (4, n_neurons) are left threshold, left slope, right distance, right slope."""
    for row in range(len(sums)):
        left, left_slope = parameters[0, row], parameters[1, row]
        right, right_slope = left + abs(parameters[2, row]), parameters[3, row]
        line, result = sums[row], out[row]
        for k in range(len(line)):
            below, above = min(line[k] - left, np.float32(0)), max(line[k] - right, np.float32(0))
            result[k] = line[k] + (left_slope - np.float32(1)) * below + (right_slope - np.float32(1)) * above


@njit(f"void({_MATRIX}, {_MATRIX}, {_MATRIX}, {_MATRIX})", cache=True, nogil=True, fastmath=_FAST)
def s_shaped_error(sums: Floats, parameters: Floats, errors: Floats, gradient: Floats) -> None:
    """Take the `errors` of SReLU's outputs back to the sums, in place of these, and write its `gradient` (4, n)."""
    one, zero = np.float32(1), np.float32(0)
    for row in range(len(sums)):
        left, left_slope = parameters[0, row], parameters[1, row] - one
        right, right_slope = left + abs(parameters[2, row]), parameters[3, row] - one
        line, error = sums[row], errors[row]
        d_left = d_left_slope = d_right = d_right_slope = zero
        for k in range(len(line)):
            x, e = line[k], error[k]
            low, high = e if x <= left else zero, e if x >= right else zero
            d_left += low
            d_left_slope += low * (x - left)
            d_right += high
            d_right_slope += high * (x - right)
            line[k] = e + left_slope * low + right_slope * high
        gradient[0, row] = -left_slope * d_left - right_slope * d_right
        gradient[1, row] = d_left_slope
        gradient[2, row] = -right_slope * d_right * np.sign(parameters[2, row])
        gradient[3, row] = d_right_slope


@njit(f"void({_MATRIX}, uint16[:, ::1], uint16, float32)", cache=True, nogil=True)
def silenced(values: Floats, draws: NDArray[np.uint16], threshold: np.uint16, scale: np.float32) -> None:
    """Dropout in place: 0 where the draw is below `threshold`, and times `scale` elsewhere."""
    for row in range(len(values)):
        line, draw = values[row], draws[row]
        for k in range(len(line)):
            line[k] *= scale if draw[k] >= threshold else np.float32(0)


@njit(f"Tuple((float64, int64))({_MATRIX}, int64[::1])", cache=True, nogil=True)
def cross_entropy(scores: Floats, classes: NDArray[np.int64]) -> tuple[float, int]:
    """Sum of the cross-entropies of softmax, and the number of samples whose class has the largest score.

    `scores` (n_classes, n_samples) become the gradient of the mean cross-entropy.
    """
    n_classes, n = scores.shape
    total, correct = 0.0, 0
    for k in range(n):
        best = 0
        for c in range(1, n_classes):
            if scores[c, k] > scores[best, k]:
                best = c
        largest, norm = np.float64(scores[best, k]), 0.0
        for c in range(n_classes):
            norm += np.exp(scores[c, k] - largest)
        total += np.log(norm) - (scores[classes[k], k] - largest)
        correct += best == classes[k]
        for c in range(n_classes):
            chance = np.exp(scores[c, k] - largest) / norm
            scores[c, k] = (chance - (c == classes[k])) / n
    return total, correct


@njit(f"void({_MATRIX}, float32[::1])", cache=True, nogil=True, fastmath=_FAST)
def row_sums(values: Floats, out: Floats) -> None:
    """Sum over the samples, (n_neurons,)."""
    for row in range(len(values)):
        line, total = values[row], np.float32(0)
        for k in range(len(line)):
            total += line[k]
        out[row] = total
