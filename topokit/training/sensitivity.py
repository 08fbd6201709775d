"""How accuracy falls when a trained network loses further edges, without training again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result
from topokit.errors import ParameterError
from topokit.execute import progress
from topokit.recording import Recording, open_recording
from topokit.training.data import Data
from topokit.training.experiment import one_thread
from topokit.training.methods.layer_view import Rewiring
from topokit.training.methods.method import Change, Layers, Rule
from topokit.training.methods.pruning import Extent, Prune

Order = Literal["magnitude", "random"]
Scope = Literal["global", "layer"]

ORDERS: tuple[Order, ...] = get_args(Order)
SHARES = (*(k / 20 for k in range(20)), 0.98, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class PrunedScore:
    """A trained network with some of its edges gone.

    Attributes
    ----------
    order : str
        What went first.
    repeat : int
        Number of the random order; 0 for magnitudes.
    removed : float
        Share of the edges asked to go.
    edges : int
        Edges left.
    remaining : float
        Share of the trained network's edges that this is.
    test_loss, test_accuracy : float
        Then; for a Boltzmann machine the mean squared error of rebuilt samples, and NaN.
    """

    order: Order
    repeat: int
    removed: float
    edges: int
    remaining: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PruningSensitivity(Result):
    """Loss and accuracy against the edges left.

    Attributes
    ----------
    scores : tuple of PrunedScore
        By order, repeat and share.
    """

    plot_name: ClassVar[str] = "pruning_sensitivity"

    scores: tuple[PrunedScore, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per order, repeat and share: order, repeat, removed, edges, remaining, test_loss, test_accuracy."""
        return pd.DataFrame([asdict(score) for score in self.scores], columns=[one.name for one in fields(PrunedScore)])


def pruning_sensitivity(
    run: Recording | str | os.PathLike[str],
    *,
    orders: Sequence[Order] = ORDERS,
    scope: Scope = "global",
    shares: Sequence[float] = SHARES,
    repeats: int = 3,
    rng: Random = 0,
    data: Data | None = None,
) -> PruningSensitivity:
    """Take edges off a trained network and evaluate it, without training again (Van Gelder et al. 2021, Fig. 2).

    Parameters
    ----------
    run : Recording or path
        A finished run of this trainer; its checkpoint is read, for frames hold no biases.
    orders : sequence of {'magnitude', 'random'}
        Which edges go first: the smallest weights, or any.
    scope : {'global', 'layer'}
        Whether the order runs over all edges of the network or within each layer, each losing the same share.
    shares : sequence of float
        Shares of the edges to take off, in [0, 1]; the number is rounded.
    repeats : int
        Random orders, each followed through all shares.
    rng : int or Generator, optional
        Random state of these orders.
    data : Data, optional
        What the run learned, where it was not a data set of the registry.

    Raises
    ------
    ParameterError
        An unknown order or scope, a share outside [0, 1], or no repeat.
    RecordingError
        The run is not finished, or this trainer did not make it.
    """
    _check(orders, scope, shares)
    repeats = whole_number("repeats", repeats, 1, "give one random order or more")
    recording = run if isinstance(run, Recording) else open_recording(run)
    meta = {"orders": list(orders), "scope": scope, "shares": list(shares), "repeats": repeats, "rng": rng_label(rng)}
    seeds = generator_of(rng).integers(2**63, size=repeats).tolist()
    with one_thread():
        scores = [
            score
            for order in orders
            for score in _scores(recording, order, scope, shares, seeds if order == "random" else seeds[:1], data)
        ]
    return PruningSensitivity(
        meta=Meta(analyzer="pruning_sensitivity", parameters=meta),
        scores=tuple(scores),
    )


def _scores(
    recording: Recording,
    order: Order,
    scope: Scope,
    shares: Sequence[float],
    seeds: Sequence[int],
    data: Data | None,
) -> list[PrunedScore]:
    from topokit.training.samples import Samples
    from topokit.training.trained import engine_with_rule, final_state, stored_config

    config, state = stored_config(recording), final_state(recording)
    engine, learned = engine_with_rule(recording, _RULES[order], data)
    samples = Samples.split(learned, config).to(config.device)
    # Layers that training kept dense can lose edges here as well.
    asked = config.replace(prune_scope=scope, dense_input=False, dense_output=False, mask="uniform", mask_draw="exact")
    scores, plan = [], list(product(enumerate(seeds), shares))
    for (repeat, seed), removed in progress(plan, f"pruning by {order}", total=len(plan)):
        engine.load(state)
        whole = engine.n_edges
        engine.rewire(Change(asked, removed, 1.0, np.random.default_rng(seed)))
        score = engine.evaluate(samples.test_x, samples.test_y, samples.test)
        left = engine.n_edges
        scores.append(PrunedScore(order, repeat, removed, left, left / whole, score.mean_loss, score.accuracy))
    return scores


def _left(extent: Extent, change: Change) -> int:
    return extent.n_edges - round(change.fraction * extent.n_edges)


def _remove_at_random(layers: Layers, change: Change) -> dict[str, Rewiring]:
    shuffled = {name: replace(layer, weights=change.rng.random(len(layer.edges))) for name, layer in layers.items()}
    return Prune(_left)(shuffled, change)


_RULES: dict[Order, Rule] = {"magnitude": Prune(_left), "random": _remove_at_random}


def _check(orders: Sequence[str], scope: str, shares: Sequence[float]) -> None:
    for name, given, known in (("order", orders, ORDERS), ("scope", [scope], get_args(Scope))):
        if isinstance(given, str) or not set(given) <= set(known):
            raise ParameterError(f"{name} {given!r}: choose of {', '.join(known)}")
    if not all(isinstance(share, (int, float)) and 0 <= share <= 1 for share in shares):
        raise ParameterError(f"shares {list(shares)!r}: give shares of the edges from 0 to 1")
