"""The sums of an input map at one moment beside their law, or beside random networks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.against_null import MODELS
from topokit.analyzers.input_map import MapValue, blocks_from, path_sums
from topokit.analyzers.pixels.sums_of_draws import law_of_sum, tails
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

Values = NDArray[np.float64]

# Numbers that differ by how their sums were rounded are the same number.
_ROUNDING = 1e-9


class Found(NamedTuple):
    """Values of the n inputs at one moment, and what chance gives."""

    values: Values
    mean: Values
    spread: Values
    p_value: Values
    method: str


@dataclass(frozen=True)
class InputQuestion:
    """What is added up for which inputs, `groups` channels at a time."""

    layer: Layer
    value: MapValue
    hop: int
    groups: int

    def of(self, network: LayeredDAG) -> Values:
        sums = path_sums(network, self.layer, self.hop)[("count", "weight", "absolute").index(self.value)]
        if sums is None:
            raise InsufficientDataError(
                f"layer {self.layer.name!r} has no weights to map: record them (weights=True), or map the count"
            )
        return np.asarray(sums.reshape(self.groups, -1).sum(axis=0), float)

    def by_law(self, network: LayeredDAG) -> Found:
        """Against targets that choose their inputs blindly."""
        values, size = self.of(network), self.layer.size
        blocks = blocks_from(network, self.layer.name)
        for block in blocks:
            _check_free(block)
        sums, squares = (_by_target(self, network, blocks, power) for power in (1, 2))
        share = self.groups * (size - self.groups) / (size - 1) if size > 1 else 0.0
        variance = share * float((squares / size - (sums / size) ** 2).clip(min=0).sum())
        mean = self.groups * float(sums.sum()) / size
        # Rounding leaves a little where all targets have all inputs.
        spread = np.sqrt(variance) if variance > _ROUNDING**2 * max(1.0, float(squares.sum())) else 0.0
        p_value, method = self._p_values(values, mean, spread, (network, blocks))
        return Found(values, np.full_like(values, mean), np.full_like(values, spread), p_value, method)

    def _p_values(
        self, values: Values, mean: float, spread: float, where: tuple[LayeredDAG, list[EdgeBlock]]
    ) -> tuple[Values, str]:
        if spread == 0:
            return np.full_like(values, np.nan), "none"
        law = None
        if self.value == "count":
            network, blocks = where
            degrees = np.concatenate([block.in_degrees() for block in blocks])
            steps = np.concatenate([_onward(self, network, block.target) for block in blocks]).astype(np.int64)
            law = law_of_sum(degrees, steps, self.layer.size, self.groups)
        if law is None:
            return np.asarray(2 * scipy.stats.norm.sf(np.abs(values - mean) / spread)), "normal"
        above, below = tails(law, values.astype(np.int64))
        return np.minimum(1, 2 * np.minimum(above, below)), "exact"

    def by_networks(
        self, network: LayeredDAG, null: str, streams: Sequence[np.random.Generator], executor: Executor | None
    ) -> Found:
        """Against random networks."""
        values = self.of(network)
        drawn = np.array(execute.map(_Draw(self, network, null), streams, executor, label="random networks"))
        slack = _ROUNDING * np.maximum(1, np.abs(values))
        above, below = (drawn >= values - slack).sum(axis=0), (drawn <= values + slack).sum(axis=0)
        fixed = np.ptp(drawn, axis=0) <= slack
        p_value = np.minimum(1, 2 * (1 + np.minimum(above, below)) / (1 + len(drawn)))
        return Found(
            values,
            drawn.mean(axis=0),
            np.where(fixed, 0, drawn.std(axis=0, ddof=1)),
            np.where(fixed, np.nan, p_value),
            "random networks",
        )


@dataclass(frozen=True)
class _Draw:
    question: InputQuestion
    network: LayeredDAG
    null: str

    def __call__(self, generator: np.random.Generator) -> Values:
        return self.question.of(MODELS[self.null](self.network, generator))


def _by_target(question: InputQuestion, network: LayeredDAG, blocks: list[EdgeBlock], power: int) -> Values:
    """For each target the sum of what its edges count, to that power."""
    sums = []
    for block in blocks:
        onward = _onward(question, network, block.target)
        if question.value == "count":
            edges = block.in_degrees().astype(float)
        else:
            matrix = block.weight_matrix().astype(float)
            if question.value == "absolute":
                matrix = abs(matrix)
            edges = np.asarray(matrix.power(power).sum(axis=0), float)
        sums.append(edges * onward**power)
    return np.concatenate(sums)


def _onward(question: InputQuestion, network: LayeredDAG, target: str) -> Values:
    """What the rest of a path counts from each target on: 1 after a single hop."""
    layer = network.layer(target)
    if question.hop == 1:
        return np.ones(layer.size)
    sums = path_sums(network, layer, question.hop - 1)[("count", "weight", "absolute").index(question.value)]
    assert sums is not None, "weights of the whole path were asked for before"
    return np.asarray(sums, float)


def _check_free(block: EdgeBlock) -> None:
    pairs = block.shape[0] * block.shape[1]
    if block.possible < pairs:
        raise ParameterError(
            f"block {block.name!r} allows {block.possible} of {pairs} pairs and does not say which: "
            "its inputs cannot be drawn anew"
        )
