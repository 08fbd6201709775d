"""The runs that one TOML file describes: every combination of some values.

::

    dataset = "fashion-mnist"        # keys of `TrainConfig`, and `profile`: what all runs share
    epochs = 20

    [grid]                           # every combination of these
    rewire_fraction = [0.3, 0.9]
    seed = [0, 1, 2]

    [[variants]]                     # optional: values that go together, each with the whole grid
    method = "set"
    drop = "magnitude"

    [[variants]]
    method = "rigl"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig

RUNS_FOLDER = "runs"
_LONGEST_NAME = 200


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep.

    Attributes
    ----------
    name : str
        Its folder: the values given for it and not for all, such as ``method=set,seed=0``.
    swept : mapping
        Its value of every key that varies.
    config : TrainConfig
        All of them.
    """

    name: str
    swept: Mapping[str, Any]
    config: TrainConfig


def planned(values: Mapping[str, Any], *, source: str = "sweep") -> tuple[PlannedRun, ...]:
    """The runs that a sweep's tables describe, in order: variants, then the grid with its last key fastest.

    Parameters
    ----------
    values : mapping
        As the TOML file has them.
    source : str
        Where they come from, for error messages.

    Raises
    ------
    ConfigError
        A key that is none, an empty or repeated value, a key that is set twice, or two runs that are the same.
    """
    shared = {key: value for key, value in values.items() if key not in ("grid", "variants")}
    grid, variants = values.get("grid", {}), values.get("variants", [{}])
    _check_shape(grid, variants, source)
    keys, runs = dict.fromkeys([*(key for variant in variants for key in variant), *grid]), []
    for variant in variants:
        _check_once(shared, variant, grid, source)
        for combination in product(*grid.values()):
            given = {**variant, **dict(zip(grid, combination, strict=True))}
            config = TrainConfig.from_dict({**shared, **given}, source=source)
            # What only some variants set has a value in the others too.
            swept = {key: given.get(key, getattr(config, key, None)) for key in keys}
            runs.append(PlannedRun(_name(given, source), swept, config))
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise ConfigError(f"{source}: two runs are {max(names, key=names.count)!r}: give each value once")
    return tuple(runs)


def read_sweep(path: str | os.PathLike[str]) -> tuple[PlannedRun, ...]:
    """The runs that a TOML file describes; see `topokit.training.planned_runs`.

    Raises
    ------
    ConfigError
        No such file, not TOML, or what `planned` refuses.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; give the path of a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}; write lines such as seed = [0, 1, 2] below [grid]") from error
    return planned(values, source=str(path))


def _check_shape(grid: Any, variants: Any, source: str) -> None:
    if not isinstance(grid, Mapping) or not all(isinstance(values, list) and values for values in grid.values()):
        raise ConfigError(f"{source}: [grid] has lists of values, such as seed = [0, 1, 2]")
    if not isinstance(variants, list) or not variants or not all(isinstance(one, Mapping) for one in variants):
        raise ConfigError(f"{source}: variants are tables, each under a line [[variants]]")


def _check_once(shared: Mapping[str, Any], variant: Mapping[str, Any], grid: Mapping[str, Any], source: str) -> None:
    for key in grid:
        if key in shared or key in variant:
            raise ConfigError(f"{source}: {key!r} stands in [grid] and outside of it: keep one")
    for key in variant:
        if key in shared:
            raise ConfigError(f"{source}: {key!r} stands in a variant and for all runs: keep one")


def _name(swept: Mapping[str, Any], source: str) -> str:
    name = ",".join(f"{key}={_word(value)}" for key, value in swept.items()) or "run"
    if len(name) > _LONGEST_NAME:
        raise ConfigError(f"{source}: a run would be called {name[:60]!r}...: vary fewer keys, or shorten their values")
    return name


def _word(value: Any) -> str:
    text = "-".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return "".join(letter if letter.isalnum() or letter in "._-+" else "_" for letter in text)
