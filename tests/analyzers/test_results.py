"""What every result can do."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import topokit as tk
from topokit.analyzers.result import Result, frame_rows


def networks() -> list[tk.LayeredDAG]:
    rng = np.random.default_rng(0)
    shapes = [(16, 30), (30, 30), (30, 4)]
    weights = [[rng.normal(size=s) * (rng.random(s) < 0.4) for s in shapes] for _ in range(3)]
    return [tk.LayeredDAG.from_adjacencies(w, input_shape=(4, 4)) for w in weights]


RESULTS = {
    "degrees": lambda nets: tk.degrees(nets),
    "power_law": lambda nets: tk.power_law(nets, replicates=5, rng=0),
    "fit_power_law": lambda nets: tk.fit_power_law([1, 1, 1, 2, 2, 3, 5, 8], replicates=5, rng=0),
    "power_analysis": lambda nets: tk.power_analysis(60, 1, 2.5, samples=3, replicates=5),
    "kshell": lambda nets: tk.kshell(nets),
    "onion_layers": lambda nets: tk.onion_layers(nets),
    "weighted_kshell": lambda nets: tk.weighted_kshell(nets),
    "bipartite_core": lambda nets: tk.bipartite_core(nets),
    "shell_layout": lambda nets: tk.shell_layout(nets),
    "dormant": lambda nets: tk.dormant(nets),
    "tau_dormant": lambda nets: tk.tau_dormant({"hidden1": np.arange(5.0)}),
    "effective_sparsity": lambda nets: tk.effective_sparsity(nets),
    "dormancy_join": lambda nets: tk.dormancy_join(nets[0], {"hidden1": np.arange(30.0)}),
    "rank_evolution": lambda nets: tk.rank_evolution(nets),
    "input_map": lambda nets: tk.input_map(nets),
    "input_significance": lambda nets: tk.input_significance(nets),
    "input_change": lambda nets: tk.input_change(nets),
    "input_correlation": lambda nets: tk.input_correlation(nets, np.arange(16)),
    "moran": lambda nets: tk.moran(nets, permutations=9),
    "against_null": lambda nets: tk.against_null(tk.kshell, nets, n=3),
    "nnstd": lambda nets: tk.nnstd(nets[0], nets[1]),
    "nnstd_matrix": lambda nets: tk.nnstd_matrix(nets),
    "nnstd_between": lambda nets: tk.nnstd_between(nets[:1], nets[1:]),
    "nnstd_against": lambda nets: tk.nnstd_against(nets),
    "nnstd_consecutive": lambda nets: tk.nnstd_consecutive(nets),
    "nnstd_chance": lambda nets: tk.nnstd_chance(nets[0], nets[1], replicates=3),
    "nnstd_chance_matrix": lambda nets: tk.nnstd_chance_matrix(nets, replicates=2),
    "edge_changes": lambda nets: tk.edge_changes(nets),
    "edge_survival": lambda nets: tk.edge_survival(nets),
    "exploration": lambda nets: tk.exploration(nets),
    "degree_inequality": lambda nets: tk.degree_inequality(nets),
    "degree_persistence": lambda nets: tk.degree_persistence(nets, replicates=5),
    "attachment": lambda nets: tk.attachment(nets, replicates=20),
    "hierarchy": lambda nets: tk.hierarchy(tk.nnstd_matrix(nets)),
    "network_map": lambda nets: tk.network_map(tk.nnstd_matrix(nets)),
    "accuracy_law": lambda nets: tk.accuracy_law([0, 0.5, 0.9, 1], [0.8, 0.81, 0.7, 0.5], replicates=9),
    "mantel": lambda nets: tk.mantel(tk.nnstd_matrix([*nets, *nets]), [1, 5, 2, 6, 3, 7], permutations=9),
}


@pytest.mark.parametrize("name", RESULTS)
def test_json_holds_the_frame_and_how_it_was_made(name: str) -> None:
    result: Result = RESULTS[name](networks())
    stored = json.loads(result.to_json())
    assert len(stored["rows"]) == len(result.frame) > 0
    assert list(stored["rows"][0]) == list(result.frame.columns)
    assert stored["meta"]["analyzer"] == name
    assert stored["meta"]["topokit"] == tk.__version__
    assert all(stored["meta"]["references"].values())
    assert "<table" in result._repr_html_()
    with pytest.raises(AttributeError):
        result.meta = None


@pytest.mark.parametrize("name", RESULTS)
def test_what_a_terminal_shows_is_the_table(name: str) -> None:
    result: Result = RESULTS[name](networks())
    shown = repr(result)
    assert shown.startswith(type(result).__name__)
    assert all(str(column) in shown for column in result.frame.columns)
    assert len(shown.splitlines()) < 120


def test_a_notebook_says_how_many_rows_it_leaves_out() -> None:
    assert "20 of 240 rows" in tk.degrees(networks())._repr_html_()


def test_rows_keep_every_digit_and_missing_numbers_are_none() -> None:
    values = [6.04e-20, 1 / 3, np.nan, np.inf]
    frame = pd.DataFrame({"p": values, "step": pd.array([1, None, 3, 4], dtype="Int64")})
    rows = json.loads(json.dumps(frame_rows(frame), allow_nan=False))
    assert [row["p"] for row in rows] == [6.04e-20, 1 / 3, None, None]
    assert [row["step"] for row in rows] == [1, None, 3, 4]
