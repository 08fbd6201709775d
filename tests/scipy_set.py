"""A step of SET as programs on SciPy's sparse matrices take it: in double precision, samples in rows.

Forward and backward are products with CSR matrices, the gradient is a compiled loop over samples and edges, and the
update acts on the matrices' values (Mocanu et al. 2018 and the tutorials that followed).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from scipy import sparse


class ScipySet:
    """A network with ReLU in hidden layers and softmax at the end, trained with momentum and unscaled decay.

    Parameters
    ----------
    weights : sequence of csr_array, shape (n_source, n_target)
        Of each layer.
    momentum, decay : float
        v becomes momentum v - rate g, and w becomes w + v - decay w.
    """

    def __init__(self, weights: Sequence[sparse.csr_array], momentum: float, decay: float) -> None:
        self.weights = [sparse.csr_array(matrix, dtype=np.float64) for matrix in weights]
        self.rows = [np.repeat(np.arange(w.shape[0]), np.diff(w.indptr)) for w in self.weights]
        self.biases = [np.zeros(w.shape[1]) for w in self.weights]
        self.speeds = [(np.zeros(w.nnz), np.zeros(w.shape[1])) for w in self.weights]
        self.momentum, self.decay = momentum, decay

    def step(self, x: np.ndarray, y: np.ndarray, rate: float) -> float:
        """Train on samples x (n, n_features) of classes y (n,); the mean cross-entropy before the step."""
        outputs = [x]
        for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            sums = np.ascontiguousarray(outputs[-1] @ w) + b
            outputs.append(np.maximum(sums, 0) if k < len(self.weights) - 1 else sums)
        chance = np.exp(outputs[-1] - outputs[-1].max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        errors = (chance - np.eye(chance.shape[1])[y]) / len(y)
        for k in reversed(range(len(self.weights))):
            w, before = self.weights[k], outputs[k]
            gradient = np.zeros(w.nnz)
            edge_gradient(before, errors, self.rows[k], w.indices, gradient)
            passed = np.ascontiguousarray(errors @ w.T) * (before > 0) if k else errors
            self._move(k, gradient, errors.sum(0), rate)
            errors = passed
        return float(-np.log(chance[np.arange(len(y)), y]).mean())

    def _move(self, k: int, gradient: np.ndarray, bias_gradient: np.ndarray, rate: float) -> None:
        for values, speed, slope in zip(
            (self.weights[k].data, self.biases[k]), self.speeds[k], (gradient, bias_gradient), strict=True
        ):
            speed *= self.momentum
            speed -= rate * slope
            values += speed - self.decay * values


@njit(cache=True)
def edge_gradient(
    inputs: np.ndarray, errors: np.ndarray, rows: np.ndarray, columns: np.ndarray, out: np.ndarray
) -> None:
    """Add the product of input and error of each sample to each edge."""
    for sample in range(len(inputs)):
        for edge in range(len(rows)):
            out[edge] += inputs[sample, rows[edge]] * errors[sample, columns[edge]]
