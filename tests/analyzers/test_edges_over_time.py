"""What the analyzers that follow edges through time have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import topokit as tk
from topokit.dag import Layer, LayeredDAG, Moment, Series
from topokit.errors import InsufficientDataError, InvalidNetworkError, ParameterError

FOLLOWING = [tk.attachment, tk.edge_survival, tk.exploration]


def series_at(moments: list[Moment]) -> Series:
    networks = [tk.uniform((6, 5, 4), 0.4, k) for k in range(len(moments))]
    return Series(moments, networks.__getitem__)


@pytest.mark.parametrize("analyzer", FOLLOWING)
@pytest.mark.parametrize("attribute", ["step", "epoch"])
def test_time_does_not_run_backwards(analyzer: Callable[..., Any], attribute: str) -> None:
    with pytest.raises(ParameterError, match=f"{attribute}s of the networks do not ascend.*sort"):
        analyzer(series_at([Moment(**{attribute: time}) for time in (3, 1, 2)]))


@pytest.mark.parametrize("analyzer", [*FOLLOWING, tk.edge_changes])
def test_there_are_edges_to_follow(analyzer: Callable[..., Any]) -> None:
    bare = LayeredDAG((Layer("a", 3), Layer("b", 2)), ())
    with pytest.raises(InsufficientDataError, match="no block"):
        analyzer([bare, bare])


@pytest.mark.parametrize("analyzer", FOLLOWING)
def test_a_mapping_is_no_series(analyzer: Callable[..., Any]) -> None:
    with pytest.raises(InvalidNetworkError, match="a mapping"):
        analyzer({"a": tk.uniform((3, 2), 0.5, 0), "b": tk.uniform((3, 2), 0.5, 1)})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("analyzer", [*FOLLOWING, tk.edge_changes, tk.degree_inequality])
def test_a_block_without_edges(analyzer: Callable[..., Any]) -> None:
    masks = [np.random.default_rng(seed).random((5, 4)) < 0.5 for seed in range(3)]
    result = analyzer([LayeredDAG.from_adjacencies([np.zeros((6, 5)), mask]) for mask in masks])
    assert result.to_json()


def test_no_lives_have_no_half_life() -> None:
    row = tk.edge_survival([LayeredDAG.from_adjacencies([np.zeros((3, 2))])] * 3).summary.iloc[0]
    assert np.isnan([row["half_life"], row["half_life_low"], row["half_life_high"]]).all()


def test_an_epoch_that_is_no_number_is_not_known() -> None:
    series = series_at([Moment(epoch=epoch) for epoch in (0.0, np.nan, 1.0)])
    assert tk.edge_survival(series).unit == "frame"
    with pytest.raises(ParameterError, match="not every network"):
        tk.edge_survival(series, unit="epoch")
