"""Four small pruned networks, and the wiring that every file of them must give.

The scripts under `tests/data/make` build each network in a framework from these weights and save it with the
framework's own exporter; they find this file with ``PYTHONPATH=tests``. What is expected here is made from the weights
alone, without any reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]
Edges = Mapping[tuple[int, int], NDArray[np.int64]]


def pruned(rng: np.random.Generator, *shape: int, density: float = 0.4) -> NDArray[np.float32]:
    """Weights of that shape; some are exactly 0."""
    weights = rng.standard_normal(shape).astype(np.float32)
    return np.where(rng.random(shape) < density, weights, 0).astype(np.float32)


def biases(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Biases, none of them 0."""
    return (rng.random(size) + 0.5).astype(np.float32)


def mlp() -> Arrays:
    """12-10-8-4, ReLU between. Kernels are (in, out)."""
    rng = np.random.default_rng(1)
    made: Arrays = {}
    for name, shape in (("fc1", (12, 10)), ("fc2", (10, 8)), ("fc3", (8, 4))):
        made[f"{name}.kernel"], made[f"{name}.bias"] = pruned(rng, *shape), biases(rng, shape[1])
    return made


def convnet() -> Arrays:
    """Images of 3 x 8 x 8 through four convolutions with a skip, then 5 classes.

    ``h1 = relu(bn1(conv1(x)))`` 3x3, padded, 3 to 8 channels; ``h2 = relu(dw(h1))`` 3x3 depthwise, padded;
    ``h3 = relu(h1 + pw(h2))`` 1x1; then 2x2 maximum pooling to 8 x 4 x 4, flatten, ``fc``. Convolution kernels are
    (height, width, in, out), that of ``dw`` (height, width, channels, 1). The rows of ``fc`` are ordered by channel,
    row, column, as PyTorch flattens; channels-last frameworks permute them to (row, column, channel). Batch norm has
    scale, bias, mean and variance, epsilon 1e-3.
    """
    rng = np.random.default_rng(2)
    made: Arrays = {}
    for name, shape in (("conv1", (3, 3, 3, 8)), ("dw", (3, 3, 8, 1)), ("pw", (1, 1, 8, 8)), ("fc", (128, 5))):
        made[f"{name}.kernel"] = pruned(rng, *shape, density=0.25)
        made[f"{name}.bias"] = biases(rng, 8 if name == "dw" else shape[-1])
    for name in ("scale", "bias", "mean", "variance"):
        made[f"bn1.{name}"] = biases(rng, 8)
    return made


def transformer() -> Arrays:
    """One encoder block on sequences of 6 tokens of 11 kinds: 8 features, 2 heads, 16 hidden units, no dropout.

    ``h = ln0(token[ids] + position)``; ``h = ln1(h + o(attention(q(h), k(h), v(h))))``;
    ``h = ln2(h + ff2(gelu(ff1(h))))``; ``head(h)`` gives 11 numbers per token. Kernels are (in, out), the heads of q, k
    and v follow each other in the outputs. Layer norms have scale and bias, epsilon 1e-5. As a PyTorch state dict the
    names are those of BERT (``bert.encoder.layer.0.attention.self.query.weight``, ``classifier`` for the head).
    """
    rng = np.random.default_rng(3)
    made: Arrays = {"token": rng.standard_normal((11, 8)).astype(np.float32)}
    made["position"] = rng.standard_normal((6, 8)).astype(np.float32)
    shapes = {"q": (8, 8), "k": (8, 8), "v": (8, 8), "o": (8, 8), "ff1": (8, 16), "ff2": (16, 8), "head": (8, 11)}
    for name, shape in shapes.items():
        made[f"{name}.kernel"], made[f"{name}.bias"] = pruned(rng, *shape), biases(rng, shape[1])
    for k in range(3):
        made[f"ln{k}.scale"], made[f"ln{k}.bias"] = biases(rng, 8), biases(rng, 8)
    return made


def lstm() -> Arrays:
    """Sequences of 5 steps with 6 features through an LSTM of 4 units; ``fc`` to 3 on the last step.

    Kernels are (in, 4 * units) and (units, 4 * units) with the gates in the order i, f, g, o.
    """
    rng = np.random.default_rng(4)
    made: Arrays = {"lstm.kernel": pruned(rng, 6, 16, density=0.2), "lstm.recurrent": pruned(rng, 4, 16, density=0.2)}
    made["lstm.bias"] = biases(rng, 16)
    made["fc.kernel"], made["fc.bias"] = pruned(rng, 4, 3), biases(rng, 3)
    return made


@dataclass(frozen=True, eq=False)
class Wiring:
    """What is the same for every file of one network.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer, in the order of the network.
    taps : mapping of (int, int) to ndarray
        For two layers that weighted blocks join: the number of surviving weights behind each edge,
        (n_source, n_target), 0 where there is none.
    identities : mapping of (int, int) to ndarray
        The same of identity blocks.
    possible : int
        Edges that the architecture allows.
    """

    sizes: tuple[int, ...]
    taps: Edges
    possible: int
    identities: Edges = field(default_factory=dict)


def _count(weights: NDArray[Any]) -> NDArray[np.int64]:
    return (weights != 0).astype(np.int64)


def _expected_mlp() -> Wiring:
    weights = mlp()
    taps = {(k, k + 1): _count(weights[f"fc{k + 1}.kernel"]) for k in range(3)}
    return Wiring((12, 10, 8, 4), taps, 12 * 10 + 10 * 8 + 8 * 4)


def _expected_convnet() -> Wiring:
    weights = convnet()
    depthwise = np.diag(_count(weights["dw.kernel"]).sum(axis=(0, 1))[:, 0])
    taps = {
        (0, 1): _count(weights["conv1.kernel"]).sum(axis=(0, 1)),
        (1, 2): depthwise,
        (2, 3): _count(weights["pw.kernel"])[0, 0],
        (3, 4): _count(weights["fc.kernel"]).reshape(8, 16, 5).sum(axis=1),
    }
    return Wiring((3, 8, 8, 8, 5), taps, 3 * 8 + 8 + 64 + 40, {(1, 3): np.eye(8, dtype=np.int64)})


def _expected_transformer() -> Wiring:
    weights = {name: _count(values) for name, values in transformer().items() if name.endswith("kernel")}
    qkv = np.concatenate([weights["q.kernel"], weights["k.kernel"], weights["v.kernel"]], axis=1)
    attended = np.concatenate([np.zeros((16, 8), np.int64), weights["o.kernel"]])
    chain = (weights["ff1.kernel"], weights["ff2.kernel"], weights["head.kernel"])
    taps = {(0, 1): qkv, (1, 2): attended, (2, 3): chain[0], (3, 4): chain[1], (4, 5): chain[2]}
    skip = np.eye(8, dtype=np.int64)
    possible = 8 * 24 + 8 * 8 + 8 * 16 + 16 * 8 + 8 * 11
    return Wiring((8, 24, 8, 16, 8, 11), taps, possible, {(0, 2): skip, (2, 4): skip})


def _expected_lstm() -> Wiring:
    """The layers are the input, the copy of the hidden state one step ago, the hidden units, the classes."""
    weights = {name: _count(values) for name, values in lstm().items()}
    taps = {
        (0, 2): weights["lstm.kernel"].reshape(6, 4, 4).sum(axis=1),
        (1, 2): weights["lstm.recurrent"].reshape(4, 4, 4).sum(axis=1),
        (2, 3): weights["fc.kernel"],
    }
    return Wiring((6, 4, 4, 3), taps, 6 * 4 + 4 * 4 + 4 * 3)


@dataclass(frozen=True, eq=False)
class Taps:
    """The numbers behind the edges between two layers.

    Attributes
    ----------
    weights : ndarray, shape (n_source, count, n_target)
        Kernel positions and pixels row by row, gates in the order i, f, g, o; 0 where there is none.
    shape : tuple of int
        How they lie.
    are_scaled : bool
        Whether exporters may have scaled each target's, when they folded the batch norm behind them.
    """

    weights: NDArray[np.float32]
    shape: tuple[int, ...]
    are_scaled: bool = False


def _taps_of_convnet() -> Mapping[tuple[int, int], Taps]:
    weights = convnet()
    depthwise = np.zeros((8, 9, 8), np.float32)
    depthwise[np.arange(8), :, np.arange(8)] = weights["dw.kernel"].reshape(9, 8).T
    return {
        (0, 1): Taps(weights["conv1.kernel"].reshape(9, 3, 8).transpose(1, 0, 2), (3, 3), are_scaled=True),
        (1, 2): Taps(depthwise, (3, 3)),
        (3, 4): Taps(weights["fc.kernel"].reshape(8, 16, 5), (4, 4)),
    }


def _taps_of_lstm() -> Mapping[tuple[int, int], Taps]:
    weights = lstm()
    return {
        (0, 2): Taps(weights["lstm.kernel"].reshape(6, 4, 4), (4,)),
        (1, 2): Taps(weights["lstm.recurrent"].reshape(4, 4, 4), (4,)),
    }


WEIGHTS = {"mlp": mlp, "convnet": convnet, "transformer": transformer, "lstm": lstm}
EXPECTED = {
    "mlp": _expected_mlp(),
    "convnet": _expected_convnet(),
    "transformer": _expected_transformer(),
    "lstm": _expected_lstm(),
}


TAPS = {"mlp": {}, "convnet": _taps_of_convnet(), "transformer": {}, "lstm": _taps_of_lstm()}


def wiring_of(network: Any) -> Wiring:
    """The wiring of a `LayeredDAG` that a reader made, to compare with `EXPECTED`."""
    weighted: dict[tuple[int, int], NDArray[np.int64]] = {}
    identities: dict[tuple[int, int], NDArray[np.int64]] = {}
    for block in network.blocks:
        ends = (network.index[block.source], network.index[block.target])
        taps = block.adjacency().astype(np.int64)
        if block.multiplicity is not None:
            taps.data = np.asarray(block.multiplicity, np.int64)
        table = weighted if block.carries_weights else identities
        table[ends] = table.get(ends, 0) + taps.toarray()
    sizes = tuple(layer.size for layer in network.layers)
    return Wiring(sizes, weighted, network.n_possible, identities)


def assert_wired(network: Any, name: str) -> None:
    """Fail unless the network has the wiring of the zoo's network `name`, edge by edge."""
    expected, found = EXPECTED[name], wiring_of(network)
    assert found.sizes == expected.sizes
    for mine, theirs in ((found.taps, expected.taps), (found.identities, expected.identities)):
        assert sorted(mine) == sorted(theirs)
        for ends, taps in theirs.items():
            assert np.array_equal(mine[ends], taps), ends
    assert found.possible == expected.possible


def assert_tapped(network: Any, name: str) -> None:
    """Fail unless the network has the taps of the zoo's network `name`, each with its weight, and no others."""
    expected = TAPS[name]
    found = {(network.index[b.source], network.index[b.target]): b for b in network.blocks if b.taps is not None}
    assert sorted(found) == sorted(expected)
    for ends, taps in expected.items():
        made = found[ends].taps
        assert made.count == taps.weights.shape[1]
        assert made.shape in (None, taps.shape), ends
        matrix = found[ends].tap_matrix().toarray().reshape(taps.weights.shape)
        assert np.array_equal(matrix, taps.weights != 0), ends
        values = found[ends].tap_matrix(weights=True).toarray().reshape(taps.weights.shape)
        wanted = taps.weights * (_scale(values, taps.weights) if taps.are_scaled else 1)
        np.testing.assert_allclose(values, wanted, rtol=2e-3, atol=1e-4)


def _scale(values: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """The factor of each target that fits best."""
    return (values * weights).sum(axis=(0, 1)) / (weights * weights).sum(axis=(0, 1))
