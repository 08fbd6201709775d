"""What ``topokit analyze`` computes and writes: a frame, further tables and figures by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topokit.errors import (
    IncompatibleNetworksError,
    InsufficientDataError,
    NotAChainError,
    ParameterError,
    TooLargeError,
)

if TYPE_CHECKING:
    from topokit.analyzers import DegreeInequality, EffectiveSparsity, KShells
    from topokit.analyzers.result import Result
    from topokit.dag import Series

Analysis = Callable[["Series"], "Result"]

MATRIX_SIDE = 40

LEFT_OUT = (
    IncompatibleNetworksError,
    InsufficientDataError,
    NotAChainError,
    ParameterError,
    TooLargeError,
)

NULLS = ("density", "degrees")

# Tables beside the frame, by the result's plot.
_TABLES: Mapping[str, Sequence[str]] = {
    "power_law_evolution": ("scale_freeness",),
    "shell_histogram": ("summary", "layer_summary"),
    "onion_spectrum": ("spectrum", "summary"),
    "effective_sparsity": ("neurons",),
    "input_z_map": ("summary", "extremes"),
    "activation_dormancy": ("summary",),
    "dormancy_scatter": ("summary",),
    "edge_survival": ("summary", "hazards"),
    "attachment": ("verdicts", "bins"),
}

# Figures beside the first one, with the options that make them.
_FIGURES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "attachment": {
        "out": {"side": "out"},
        "retention": {"kernel": "retention"},
        "retention_out": {"kernel": "retention", "side": "out"},
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says about the analyses.

    Attributes
    ----------
    replicates : int
        Bootstrap replicates of each power-law test.
    threshold : int
        Degree below which a neuron counts as dormant.
    seed : int
        Of everything random.
    shape : tuple of int or None
        How the inputs lie.
    nulls : tuple of str
        What random networks keep of the given one, of `NULLS`; none for no comparison.
    null_replicates : int
        How many random networks of each kind.
    """

    replicates: int
    threshold: int
    seed: int
    shape: tuple[int, ...] | None
    nulls: tuple[str, ...] = ()
    null_replicates: int = 400


def analyses(choices: Choices, *, over_time: bool, active: bool = False) -> dict[str, Analysis]:
    """The analyses by name, as functions of a series; `over_time` of several networks, `active` with activations."""
    found = _of_each(choices) | (_of_activations(choices) if active else {}) | _beside_chance(choices)
    return found | _of_changes(choices) if over_time else found


def write(analysis: Analysis, series: Series, stem: Path, suffix: str) -> tuple[str, str] | None:
    """Write one result's tables and figures; what is left out and why, when the source lacks what they need."""
    from topokit.plots import save

    missing = stem.name
    try:
        result = analysis(series)
        _tables(result, stem)
        missing = f"figure of {stem.name}"
        save(result.plot().figure, stem.with_suffix(f".{suffix}"))
        for name, options in _FIGURES.get(result.plot_name, {}).items():
            save(result.plot(**options).figure, stem.with_name(f"{stem.name}_{name}.{suffix}"))
    except LEFT_OUT as error:
        return missing, str(error)
    return None


def _tables(result: Result, stem: Path) -> None:
    result.frame.to_csv(stem.with_suffix(".csv"), index=False)
    for table in _TABLES.get(result.plot_name, ()):
        getattr(result, table).to_csv(stem.with_name(f"{stem.name}_{table}.csv"), index=False)


def _of_each(choices: Choices) -> dict[str, Analysis]:
    import topokit as tk

    return {
        "degrees": tk.degrees,
        "degree_inequality": tk.degree_inequality,
        "power_law": lambda series: tk.power_law(series, replicates=choices.replicates, rng=choices.seed),
        "kshell": tk.kshell,
        "onion_layers": tk.onion_layers,
        "shell_layout": lambda series: tk.shell_layout(series, rng=choices.seed),
        "dormant": lambda series: tk.dormant(series, threshold=choices.threshold),
        "effective_sparsity": tk.effective_sparsity,
        "input_map": lambda series: tk.input_map(series, shape=choices.shape),
        "input_significance": lambda series: tk.input_significance(
            series, shape=choices.shape, pool_channels=_has_channels(series, choices.shape)
        ),
        "moran": lambda series: tk.moran(series, shape=choices.shape, rng=choices.seed),
    }


def _of_activations(choices: Choices) -> dict[str, Analysis]:
    import topokit as tk

    return {
        "tau_dormant": tk.tau_dormant,
        "dormancy_join": lambda series: tk.dormancy_join(series, threshold=choices.threshold),
    }


def _of_changes(choices: Choices) -> dict[str, Analysis]:
    import topokit as tk

    return {
        "rank_evolution": tk.rank_evolution,
        "degree_persistence": lambda series: tk.degree_persistence(series, rng=choices.seed),
        "edge_changes": tk.edge_changes,
        "edge_survival": tk.edge_survival,
        "exploration": tk.exploration,
        "attachment": lambda series: tk.attachment(series, rng=choices.seed),
        "input_change": lambda series: tk.input_change(series, shape=choices.shape),
        "nnstd_against_first": tk.nnstd_against,
        "nnstd_matrix": lambda series: tk.nnstd_matrix(_thinned(series)),
    }


def _beside_chance(choices: Choices) -> dict[str, Analysis]:
    """Numbers of the last network beside those of random ones; those that a null holds fast are not asked for."""
    import topokit as tk

    wiring = {tk.kshell: _core, tk.onion_layers: None, tk.effective_sparsity: _dead_edges}
    compare = partial(tk.against_null, n=choices.null_replicates, rng=choices.seed)
    wiring_of = {
        f"{one.__name__}_against_{null}": partial(compare, one, model=null, statistic=statistic)
        for null in choices.nulls
        for one, statistic in wiring.items()
    }
    if "density" not in choices.nulls:
        return dict(wiring_of)
    return wiring_of | {
        "degree_inequality_against_density": partial(
            compare, tk.degree_inequality, model="density", statistic=_inequality
        ),
        "dormant_against_density": partial(compare, tk.dormant, model="density", threshold=choices.threshold),
    }


def _inequality(result: DegreeInequality) -> dict[str, float]:
    """Of total degrees only: the more numbers are tested together, the more random networks it takes."""
    return _ending(result, " total gini", " total max_share")


def _core(result: KShells) -> dict[str, float]:
    """Without the crust, which is the rest."""
    return _ending(result, "k_max", "core", "isolated")


def _dead_edges(result: EffectiveSparsity) -> dict[str, float]:
    """Without effective densities, which they set at given densities."""
    return _ending(result, " dead_edges")


def _ending(result: Result, *ends: str) -> dict[str, float]:
    return {name: number for name, number in result.scalars().items() if name.endswith(ends)}


def _has_channels(series: Series, shape: tuple[int, ...] | None) -> bool:
    """Whether each pixel of the input stands for several channels."""
    inputs = series[0].inputs
    lies = shape or (inputs[0].shape if len(inputs) == 1 else None)
    return lies is not None and len(lies) == len(("channel", "row", "column"))


def _thinned(series: Series) -> Series:
    """At most `MATRIX_SIDE` networks, evenly spaced up to the last: all pairs grow with the square."""
    step = -(-len(series) // MATRIX_SIDE)
    return series if step == 1 else series[(len(series) - 1) % step :: step]
