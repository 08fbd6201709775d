"""Is a neuron of low degree really dormant? Wiring and activations of the same neurons, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, names_of, neuron_table
from topokit.analyzers.degrees import POOLED, DegreeKind
from topokit.analyzers.dormancy.dormancy_pairs import Pair, Sides, paired
from topokit.analyzers.dormancy.roc import Area, area_under_roc, confusion, undefined
from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import IncompatibleNetworksError, InsufficientDataError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DormancyJoin(Result):
    """Degree and activation score of the same neurons, and how well the one tells the other.

    Attributes
    ----------
    pairs : mapping of str to Pair
        By run; '' is the name of a lone one. Each holds moments, layers, in_degrees, out_degrees, scores (T, N),
        thresholds (L,) and tau, and in `left_out` the layers that only one side has.
    kind : {'total', 'in', 'out'}
        Which degree is to predict dormancy.
    """

    plot_name: ClassVar[str] = "dormancy_scatter"

    pairs: Mapping[str, Pair]
    kind: DegreeKind

    @property
    def frame(self) -> pd.DataFrame:
        """One row per run, moment and neuron.

        Columns run, step, epoch, layer, neuron, in_degree, out_degree, degree (total), score, low_degree, dormant.
        """
        return pd.concat([_neurons(run, pair) for run, pair in self.pairs.items()], ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per run, moment and layer, and one for the layers together ('pooled') where there are several.

        Columns run, step, epoch, layer, size, low_degree, dormant (numbers of neurons), auc, auc_low, auc_high,
        interval (how it was made), tp, fp, fn, tn, precision, recall, kappa, reason (why auc is NaN).
        """
        rows = [row for run, pair in self.pairs.items() for row in _summary_rows(run, pair)]
        table = pd.DataFrame(rows)
        return table.astype({"step": "Int64", "epoch": float})


def dormancy_join(
    wiring: Any,
    activations: Any = None,
    *,
    threshold: int | None = None,
    relative: float | None = None,
    kind: DegreeKind | None = None,
    tau: float | None = None,
) -> DormancyJoin:
    """Join what the wiring says about each neuron with what it does on data.

    A low degree is held to predict that a neuron is tau-dormant. The area under the ROC curve asks whether dormant
    neurons have lower degrees than active ones, at whatever threshold: 0.5 is chance, 1 perfect, below 0.5 the
    opposite. The table of counts, precision, recall and Cohen's kappa hold for the two thresholds given. Neurons of a
    layer share edges and are not independent, so intervals describe the spread over neurons, not over trainings.
    Pooled numbers mix layers of different degrees; look at the layers first. A neuron without input may be active by
    its bias alone, the same on all data: tau-dormancy does not call it dormant.

    Parameters
    ----------
    wiring : DormantNeurons, DegreeDistribution, or what an analyzer takes
        Degrees, with their thresholds, or networks to take them from. A mapping by run for several runs.
    activations : ActivationDormancy, or what `tau_dormant` takes, optional
        Those recorded with the wiring unless given. Of layers of the same names and sizes; neurons are joined by
        position. Activations of one unnamed moment belong to the last network; those of several are found by epoch,
        else step; a plain list as long as the series goes with it in order. A mapping by run for several runs.
    threshold, relative : int, float, optional
        As for `dormant`; of `DormantNeurons`, its own.
    kind : {'total', 'in', 'out'}, optional
        Which degree; total unless given or `DormantNeurons` says otherwise.
    tau : float, optional
        As for `tau_dormant`, 0.025 unless given; of `ActivationDormancy`, its own.

    Returns
    -------
    DormancyJoin
        With `.frame` per neuron and `.summary` per run, moment and layer.

    Raises
    ------
    IncompatibleNetworksError
        No layer in common, layers of another size, moments of activations without a network, or other runs.
    ParameterError
        A threshold beside a result that has its own, or one that `dormant` or `tau_dormant` refuse.
    InsufficientDataError
        No run, or no activations.

    References
    ----------
    Sokar et al. (2023), Eq. 1; Matab et al. (2024), section 5.4; DeLong et al. (1988); Newcombe (2006), method 5;
    Cohen (1960).
    """
    runs = _runs(wiring, activations)
    options = Sides(threshold, relative, kind, tau)
    pairs = {run: paired(*both, options) for run, both in runs.items()}
    first = next(iter(pairs.values()))
    parameters = {
        "threshold": first.threshold,
        "relative": first.relative,
        "kind": first.kind,
        "tau": first.tau,
        "runs": list(pairs),
        "layers": {run: names_of(pair.layers) for run, pair in pairs.items()},
    }
    meta = Meta("dormancy_join", parameters, ANALYZER_REFERENCES["dormancy_join"])
    return DormancyJoin(meta=meta, pairs=pairs, kind=first.kind)


def _runs(wiring: Any, activations: Any) -> dict[str, tuple[Any, Any]]:
    if activations is None:
        activations = wiring
    if not isinstance(wiring, Mapping):
        return {"": (wiring, activations)}
    if not wiring:
        raise InsufficientDataError("no run was given: map at least one name to its networks")
    if not isinstance(activations, Mapping) or set(activations) != set(wiring):
        given = list(activations) if isinstance(activations, Mapping) else type(activations).__name__
        raise IncompatibleNetworksError(
            f"the wiring is of the runs {list(wiring)}, the activations are {given}: give both by run"
        )
    return {str(run): (networks, activations[run]) for run, networks in wiring.items()}


def _neurons(run: str, pair: Pair) -> pd.DataFrame:
    table = neuron_table(pair.moments, pair.layers)
    table.insert(0, "run", run)
    return table.assign(
        in_degree=pair.in_degrees.ravel(),
        out_degree=pair.out_degrees.ravel(),
        degree=(pair.in_degrees + pair.out_degrees).ravel(),
        score=pair.scores.ravel(),
        low_degree=pair.low_degree.ravel(),
        dormant=pair.dormant.ravel(),
    )


def _summary_rows(run: str, pair: Pair) -> Iterator[dict[str, Any]]:
    times = time_columns(pair.moments)
    names: list[str | None] = [*names_of(pair.layers)]
    for t, (step, epoch) in enumerate(zip(times["step"], times["epoch"], strict=True)):
        for name in [*names, None] if len(names) > 1 else names:
            columns = columns_of(pair.layers, name)
            low, dormant = pair.low_degree[t, columns], pair.dormant[t, columns]
            counts = {"size": low.size, "low_degree": int(low.sum()), "dormant": int(dormant.sum())}
            area = _area(pair.degrees[t, columns], dormant)._asdict()
            yield {
                **{"run": run, "step": step, "epoch": epoch, "layer": POOLED if name is None else name, **counts},
                **{"auc": area["auc"], "auc_low": area["low"], "auc_high": area["high"], "interval": area["interval"]},
                **confusion(low, dormant)._asdict(),
                "reason": area["reason"],
            }


def _area(degrees: NDArray[np.int64], dormant: NDArray[np.bool_]) -> Area:
    if not dormant.any():
        return undefined("no neuron is dormant by its activation")
    if dormant.all():
        return undefined("every neuron is dormant by its activation")
    if np.ptp(degrees) == 0:
        return undefined(f"all degrees are {degrees[0]}")
    return area_under_roc(-degrees, dormant)
