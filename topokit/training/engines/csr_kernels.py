"""Products with a sparse weight matrix, and its gradient on edges alone.

Activations are (n_neurons, n_samples), each neuron's samples next to each other, so every edge is one multiply-add
over contiguous numbers. Row i of the matrix holds the edges that reach neuron i: places ``starts[i]`` to
``starts[i + 1]``, their sources ascending. Four or eight edges at a time share
what they read and write.

Sums may be taken in any order (so that they are vectorised), but NaN and infinity stay what they are.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Starts = NDArray[np.int64]
Neurons = NDArray[np.int32]

_FAST = {"reassoc", "contract", "nsz"}
_EDGES = "int64[::1], int32[::1]"


@njit(inline="always")
def _stepped(value: np.float32, speed: np.float32, gradient: np.float32, rule: Floats) -> tuple[np.float32, np.float32]:
    gradient += rule[3] * value
    direction = gradient
    if rule[1] > 0:
        speed = rule[1] * speed + gradient
        direction = gradient + rule[1] * speed if rule[2] > 0 else speed
    return value - rule[4] * value - rule[0] * direction, speed


@njit(
    f"void({_EDGES}, float32[::1], float32[::1], float32[:, ::1], float32[:, ::1])",
    cache=True,
    nogil=True,
    fastmath=_FAST,
)
def forward(starts: Starts, sources: Neurons, weights: Floats, bias: Floats, inputs: Floats, out: Floats) -> None:
    """Write W x + b to `out` (n_targets, n_samples), of `inputs` (n_sources, n_samples)."""
    n = inputs.shape[1]
    for target in range(len(bias)):
        total = out[target]
        total[:] = bias[target]
        edge, end = starts[target], starts[target + 1]
        while edge + 8 <= end:
            w0, w1, w2, w3 = weights[edge], weights[edge + 1], weights[edge + 2], weights[edge + 3]
            w4, w5, w6, w7 = weights[edge + 4], weights[edge + 5], weights[edge + 6], weights[edge + 7]
            x0, x1 = inputs[sources[edge]], inputs[sources[edge + 1]]
            x2, x3 = inputs[sources[edge + 2]], inputs[sources[edge + 3]]
            x4, x5 = inputs[sources[edge + 4]], inputs[sources[edge + 5]]
            x6, x7 = inputs[sources[edge + 6]], inputs[sources[edge + 7]]
            for k in range(n):
                first = w0 * x0[k] + w1 * x1[k] + w2 * x2[k] + w3 * x3[k]
                total[k] += first + w4 * x4[k] + w5 * x5[k] + w6 * x6[k] + w7 * x7[k]
            edge += 8
        while edge < end:
            w0, x0 = weights[edge], inputs[sources[edge]]
            for k in range(n):
                total[k] += w0 * x0[k]
            edge += 1


@njit(
    f"void({_EDGES}, int32[::1], float32[::1], float32[:, ::1], float32[:, ::1])",
    cache=True,
    nogil=True,
    fastmath=_FAST,
)
def backward(starts: Starts, targets: Neurons, places: Neurons, weights: Floats, errors: Floats, out: Floats) -> None:
    """Write the transpose of W times `errors` (n_targets, n_samples) to `out` (n_sources, n_samples).

    The edges that leave source j are ``starts[j]`` to ``starts[j + 1]`` here: `targets` says where they go, `places`
    where their weights lie.
    """
    n = errors.shape[1]
    for source in range(len(starts) - 1):
        total = out[source]
        total[:] = 0
        edge, end = starts[source], starts[source + 1]
        while edge + 4 <= end:
            w0, w1 = weights[places[edge]], weights[places[edge + 1]]
            w2, w3 = weights[places[edge + 2]], weights[places[edge + 3]]
            e0, e1 = errors[targets[edge]], errors[targets[edge + 1]]
            e2, e3 = errors[targets[edge + 2]], errors[targets[edge + 3]]
            for k in range(n):
                total[k] += w0 * e0[k] + w1 * e1[k] + w2 * e2[k] + w3 * e3[k]
            edge += 4
        while edge < end:
            w0, e0 = weights[places[edge]], errors[targets[edge]]
            for k in range(n):
                total[k] += w0 * e0[k]
            edge += 1


@njit("void(float32[::1], float32[::1], float32[::1], float32[::1])", cache=True, nogil=True)
def descend(values: Floats, velocity: Floats, gradient: Floats, rule: Floats) -> None:
    """One step of SGD on `values` and their momentum `velocity`, in place.

    `rule` holds learning rate, momentum, 1 for Nesterov's form, decay added to the gradient, and decay taken off the
    value; the arithmetic is that of `topokit.training.engines.sgd`.
    """
    for k in range(len(values)):
        values[k], velocity[k] = _stepped(values[k], velocity[k], gradient[k], rule)


@njit(
    f"void({_EDGES}, float32[::1], float32[::1], float32[:, ::1], float32[:, ::1], float32[::1])",
    cache=True,
    nogil=True,
    fastmath=_FAST,
)
def descend_edges(
    starts: Starts,
    sources: Neurons,
    weights: Floats,
    velocity: Floats,
    errors: Floats,
    inputs: Floats,
    rule: Floats,
) -> None:
    """The same on the weights of edges; the gradient of each is the product of error and input over the samples."""
    n = inputs.shape[1]
    for target in range(len(starts) - 1):
        error = errors[target]
        edge, end = starts[target], starts[target + 1]
        while edge + 4 <= end:
            x0, x1 = inputs[sources[edge]], inputs[sources[edge + 1]]
            x2, x3 = inputs[sources[edge + 2]], inputs[sources[edge + 3]]
            g0 = g1 = g2 = g3 = np.float32(0)
            for k in range(n):
                g0 += error[k] * x0[k]
                g1 += error[k] * x1[k]
                g2 += error[k] * x2[k]
                g3 += error[k] * x3[k]
            weights[edge], velocity[edge] = _stepped(weights[edge], velocity[edge], g0, rule)
            weights[edge + 1], velocity[edge + 1] = _stepped(weights[edge + 1], velocity[edge + 1], g1, rule)
            weights[edge + 2], velocity[edge + 2] = _stepped(weights[edge + 2], velocity[edge + 2], g2, rule)
            weights[edge + 3], velocity[edge + 3] = _stepped(weights[edge + 3], velocity[edge + 3], g3, rule)
            edge += 4
        while edge < end:
            x0, g0 = inputs[sources[edge]], np.float32(0)
            for k in range(n):
                g0 += error[k] * x0[k]
            weights[edge], velocity[edge] = _stepped(weights[edge], velocity[edge], g0, rule)
            edge += 1


@njit(
    f"void({_EDGES}, int32[::1], float32[::1], float32[::1], float32[:, ::1], float32[:, ::1], float32[:, ::1], "
    "float32[::1])",
    cache=True,
    nogil=True,
    fastmath=_FAST,
)
def backward_and_descend(
    starts: Starts,
    targets: Neurons,
    places: Neurons,
    weights: Floats,
    velocity: Floats,
    errors: Floats,
    inputs: Floats,
    out: Floats,
    rule: Floats,
) -> None:
    """`backward`, and then `descend_edges`, at once: both read the errors, and that is what takes time."""
    n = inputs.shape[1]
    for source in range(len(starts) - 1):
        x, total = inputs[source], out[source]
        total[:] = 0
        edge, end = starts[source], starts[source + 1]
        while edge + 4 <= end:
            p0, p1, p2, p3 = places[edge], places[edge + 1], places[edge + 2], places[edge + 3]
            w0, w1, w2, w3 = weights[p0], weights[p1], weights[p2], weights[p3]
            e0, e1 = errors[targets[edge]], errors[targets[edge + 1]]
            e2, e3 = errors[targets[edge + 2]], errors[targets[edge + 3]]
            g0 = g1 = g2 = g3 = np.float32(0)
            for k in range(n):
                g0 += x[k] * e0[k]
                g1 += x[k] * e1[k]
                g2 += x[k] * e2[k]
                g3 += x[k] * e3[k]
                total[k] += w0 * e0[k] + w1 * e1[k] + w2 * e2[k] + w3 * e3[k]
            weights[p0], velocity[p0] = _stepped(w0, velocity[p0], g0, rule)
            weights[p1], velocity[p1] = _stepped(w1, velocity[p1], g1, rule)
            weights[p2], velocity[p2] = _stepped(w2, velocity[p2], g2, rule)
            weights[p3], velocity[p3] = _stepped(w3, velocity[p3], g3, rule)
            edge += 4
        while edge < end:
            p0, e0, g0 = places[edge], errors[targets[edge]], np.float32(0)
            w0 = weights[p0]
            for k in range(n):
                g0 += x[k] * e0[k]
                total[k] += w0 * e0[k]
            weights[p0], velocity[p0] = _stepped(w0, velocity[p0], g0, rule)
            edge += 1
