"""The numbers of a report as plain JSON values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

import topokit
from topokit.analyzers import (
    Attachment,
    ChanceLevel,
    DegreeDistribution,
    DormantNeurons,
    EdgeChanges,
    EdgeSurvival,
    EffectiveSparsity,
    Exploration,
    KShells,
    NullComparison,
    PowerLawTest,
)
from topokit.analyzers.result import frame_rows
from topokit.citations import ANALYZER_REFERENCES, REFERENCES
from topokit.dag import LayeredDAG, Series
from topokit.recording import Recording
from topokit.recording.metrics import final_size_from
from topokit.report.findings import Findings, RunFindings
from topokit.report.input_rows import input_rows

Row = dict[str, Any]

_OPTIONS = ("frames", "distance_frames", "replicates", "random_pairs", "random_networks", "threshold", "rng")

CITED = (
    *("degrees", "power_law", "kshell", "shell_layout", "against_null", "dormant", "effective_sparsity"),
    *(
        "rank_evolution",
        "input_map",
        "input_significance",
        "moran",
        "nnstd",
        "edge_changes",
        "edge_survival",
        "exploration",
        "attachment",
    ),
)


def summarise(findings: Findings) -> dict[str, Any]:
    """Everything a report says in words and numbers.

    Parameters
    ----------
    findings : Findings
        What `topokit.report.findings.find` returned.

    Returns
    -------
    dict
        Keys ``topokit`` (version), ``options``, ``runs`` (one entry per run: facts, layers, blocks, config, versions,
        accuracy), ``degrees``, ``power_law``, ``scale_freeness``, ``shells``, ``core``, ``dormant``, ``effective``,
        ``inputs``, ``chance``, ``edge_changes``, ``lives``, ``attachment`` (rows),
        ``relative`` (labels and shares of chance between runs, or the reason why there are none),
        ``left_out_dense`` (dense runs that some figures leave out), ``missing`` (why a run lacks a result)
        and ``references``. JSON-safe: no NaN, no NumPy number.
    """
    return {
        "topokit": topokit.__version__,
        "options": {name: getattr(findings.options, name) for name in _OPTIONS},
        "runs": [_run(run) for run in findings.runs],
        "degrees": _rows(findings, "degrees", _degree_rows),
        "power_law": _rows(findings, "power_law", _power_law_rows),
        "scale_freeness": _rows(findings, "power_law", _class_rows),
        "shells": _rows(findings, "kshell", _shell_rows),
        "core": _core_rows(findings),
        "dormant": _rows(findings, "dormant", _dormant_rows),
        "effective": _rows(findings, "effective", _effective_rows),
        "inputs": input_rows(findings),
        "chance": _rows(findings, "chance", _chance_rows),
        "relative": _relative(findings),
        "edge_changes": _rows(findings, "edge_changes", _edge_rows),
        "lives": _life_rows(findings),
        "attachment": _rows(findings, "attachment", _attachment_rows),
        "left_out_dense": findings.dense(),
        "missing": {name: findings.missing(name) for name in findings.runs[0].results},
        "references": _references(findings),
    }


def accuracy_row(metrics: pd.DataFrame) -> Row | None:
    """Last, best validation and best test accuracy, and the test accuracy where validation was best.

    Columns are recognised by the words 'test' or 'val' with 'acc'; of equally good epochs the first counts, and where
    a column ``edges`` only falls, those at its last value alone. None where neither was recorded.
    """
    if "edges" in metrics:
        metrics = metrics.iloc[final_size_from(metrics["edges"].tolist()) :]
    test, validation = _column(metrics, "test"), _column(metrics, "val")
    if test is None and validation is None:
        return None
    best = None if validation is None else validation.index[int(validation.to_numpy().argmax())]
    return {
        "last_test": None if test is None else _number(test.iloc[-1]),
        "max_test": None if test is None else _number(test.max()),
        "max_validation": None if validation is None else _number(validation.max()),
        "test_at_max_validation": None if test is None or best is None else _number(test.get(best)),
        "best_epoch": None if best is None or "epoch" not in metrics else _number(metrics["epoch"][best]),
    }


def metrics_of(series: Series) -> pd.DataFrame:
    """What was measured: the table of a recording, or the metrics of the moments."""
    if isinstance(series, Recording):
        return series.metrics
    rows = [{"step": moment.step, "epoch": moment.epoch, **moment.metrics} for moment in series.moments]
    return pd.DataFrame(rows)


def _run(run: RunFindings) -> Row:
    network = run.last
    described = dict(run.series.run) if isinstance(run.series, Recording) else {}
    config, versions = _mapping(described.get("config")), _mapping(described.get("versions"))
    return {
        "label": run.label,
        "facts": _facts(run.series, network, described),
        "layers": [_layer(network, k) for k in range(len(network.layers))],
        "blocks": [
            {
                "name": block.name,
                "kind": block.kind,
                "edges": block.n_edges,
                "possible": block.possible,
                "density": block.density,
                "mask_source": block.mask_source,
            }
            for block in network.blocks
        ],
        "config": {str(key): _text(value) for key, value in config.items()},
        "versions": {str(key): _text(value) for key, value in versions.items()},
        "accuracy": accuracy_row(metrics_of(run.series)),
    }


def _facts(series: Series, network: LayeredDAG, described: Mapping[str, Any]) -> Row:
    config, dataset = _mapping(described.get("config")), described.get("dataset") or ""
    moments = series.moments
    return {
        "method": _text(described.get("method") or config.get("method") or ""),
        "dataset": _text(dataset.get("name", "") if isinstance(dataset, dict) else dataset),
        "neurons": " - ".join(f"{layer.size:,}" for layer in network.layers),
        "edges": network.n_edges,
        "density": network.density,
        "frames": len(series),
        "last_epoch": _number(moments[-1].epoch),
        "last_step": moments[-1].step,
        "seed": _text(config.get("seed", "")),
    }


def _layer(network: LayeredDAG, position: int) -> Row:
    layer = network.layers[position]
    shape = " × ".join(map(str, layer.shape)) if layer.shape else ""
    return {"name": layer.name, "size": layer.size, "kind": layer.kind, "shape": shape}


def _degree_rows(result: DegreeDistribution) -> list[Row]:
    rows = []
    for layer in result.layers:
        values = result.values(layer=layer.name)
        numbers = {
            "mean": values.mean(),
            "median": pd.Series(values).median(),
            "max": values.max(),
            "min": values.min(),
        }
        rows.append({"layer": layer.name, **{name: _number(value) for name, value in numbers.items()}})
    return rows


def _power_law_rows(result: PowerLawTest) -> list[Row]:
    columns = [
        "layer",
        "n",
        "xmin",
        "n_tail",
        "alpha",
        "sigma",
        "distance",
        "p_value",
        "replicates",
        "verdict",
        "reason",
        "scale_free_class",
        "flags",
    ]
    return frame_rows(result.frame.tail(len(result.layers))[columns])


def _class_rows(result: PowerLawTest) -> list[Row]:
    return frame_rows(result.scale_freeness.iloc[[-1]][["tested", "scale_free_class"]])


def _shell_rows(result: KShells) -> list[Row]:
    return frame_rows(result.summary.iloc[[-1]][["k_max", "core", "crust", "isolated"]])


def _core_rows(findings: Findings) -> list[Row]:
    """A row per run and number: its value, and what random networks of the same densities and degrees have."""
    nulls = {name: findings.of(f"core_{name}") for name in ("density", "degrees")}
    return [
        {"run": label, "number": number, "value": float(result.values[-1, place])}
        | {name: _null_numbers(of[label], place) for name, of in nulls.items() if label in of}
        for label, result in nulls["density"].items()
        for place, number in enumerate(result.names)
    ]


def _null_numbers(result: NullComparison, place: int) -> Row:
    columns = ["null_mean", "low", "high", "p_holm"]
    return frame_rows(result.frame[columns])[place]


def _effective_rows(result: EffectiveSparsity) -> list[Row]:
    columns = ["block", "edges", "dead_edges", "density", "effective_density", "collapsed"]
    return frame_rows(result.frame.tail(len(result.blocks) + 1)[columns])


def _dormant_rows(result: DormantNeurons) -> list[Row]:
    columns = ["layer", "size", "below_threshold", "no_input", "no_output"]
    return frame_rows(result.frame.groupby("layer", sort=False)[columns].tail(1))


def _chance_rows(result: ChanceLevel) -> list[Row]:
    return frame_rows(result.frame.tail(1)[["distance", "chance", "chance_error", "relative"]])


def _edge_rows(result: EdgeChanges) -> list[Row]:
    """Of the last network."""
    columns = ["block", "before", "born", "dropped", "kept", "jaccard"]
    return frame_rows(result.frame.tail(len(result.blocks) + 1)[columns])


def _life_rows(findings: Findings) -> list[Row]:
    """A row per run: how long its edges live, and how much they explored."""
    curves, explored = findings.of("survival"), findings.of("exploration")
    return [
        {"run": label, **_lives(result), **_explored(explored[label])}
        for label, result in curves.items()
        if label in explored
    ]


def _lives(result: EdgeSurvival) -> Row:
    columns = ["unit", "lives", "dropped", "half_life", "half_life_low", "half_life_high", "survival", "last_age"]
    return frame_rows(result.summary[columns])[-1]


def _explored(result: Exploration) -> Row:
    return frame_rows(result.frame[["rate", "lasting_rate", "return_rate"]])[-1]


def _attachment_rows(result: Attachment) -> list[Row]:
    """Of each block and end: exponents of gain and retention with their widest intervals, and the verdicts."""
    widest = {(one.block, one.side, one.kernel): one.fit.widest for one in result.kernels}
    rows = frame_rows(result.verdicts)
    for row in rows:
        for kernel in ("gain", "retention"):
            low, high = widest[row["block"], row["side"], kernel]
            row |= {f"{kernel}_low": _number(low), f"{kernel}_high": _number(high)}
    return rows


def _relative(findings: Findings) -> Row:
    relative = findings.relative
    if isinstance(relative, str):
        return {"labels": [], "shares": [], "reason": relative}
    shares = [[_number(value) for value in row] for row in relative.matrix]
    return {"labels": list(relative.labels), "shares": shares, "reason": ""}


def _rows(findings: Findings, name: str, rows: Any) -> list[Row]:
    return [{"run": label, **row} for label, result in findings.of(name).items() for row in rows(result)]


def _references(findings: Findings) -> list[Row]:
    methods = [str(run.series.run.get("method")) for run in findings.runs if isinstance(run.series, Recording)]
    keys = [key for name in (*CITED, *methods) for key in ANALYZER_REFERENCES.get(name, ())]
    return [{"text": REFERENCES[key].text, "url": REFERENCES[key].url} for key in dict.fromkeys(keys)]


def _column(metrics: pd.DataFrame, word: str) -> pd.Series[float] | None:
    names = [name for name in map(str, metrics.columns) if word in name.lower() and "acc" in name.lower()]
    known = metrics[names[0]].dropna() if names else None
    return known if known is not None and len(known) else None


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    """What stands in ``run.json``, which anyone may have written, if it is a mapping at all."""
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
