"""NNSTD against the values of the authors' code, on their networks and on small cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import topokit as tk

pytestmark = pytest.mark.shared

EPOCHS = (0, 10, 20, 30, 40, 50, 100, 150, 190)
CASES = (
    "01_identical",
    "02_hidden_permuted",
    "05_random_same_density",
    "06_dense_vs_sparse",
    "07_dense_vs_dense",
    "08_all_empty_both",
    "11_chain_rewire_g1",
    "11_chain_rewire_g9",
    "12_density_5_vs_30",
    "13_single_layer",
    "14_unequal_1layer_n1_lt_n2",
    "17_unequal_2layer_n1_gt_n2",
    "19_nan_weights",
    "20_output_permuted",
)
UNEQUAL = ("14_unequal_1layer_n1_lt_n2", "17_unequal_2layer_n1_gt_n2")


def published(shared: Path, network: int, epoch: int) -> list[Any]:
    """One of the authors' networks; the last row of each of their matrices is the bias."""
    folder = shared / "golden" / "nnstd_fig4" / f"e5_s0_w{network}" / f"epoch_{epoch:03d}"
    return [sparse.load_npz(folder / f"weight_l{k}.npz").tocsr()[:-1] for k in range(4)]


def case(shared: Path, name: str) -> tuple[dict[str, Any], list[Any], list[Any]]:
    folder = shared / "golden" / "nnstd_cases"
    facts = {entry["name"]: entry for entry in json.loads((folder / "index.json").read_text())["cases"]}[name]
    with np.load(folder / f"{name}.npz") as arrays:
        x, y = ([arrays[f"{side}{k}"] for k in range(len(facts["d_layers"]))] for side in "xy")
    return facts, x, y


def test_no_case_is_forgotten(shared: Path) -> None:
    index = json.loads((shared / "golden" / "nnstd_cases" / "index.json").read_text())
    assert sorted(entry["name"] for entry in index["cases"]) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_authors_preset_equals_the_authors_code(shared: Path, name: str) -> None:
    facts, x, y = case(shared, name)
    distance = tk.nnstd(x, y, preset="authors")
    np.testing.assert_allclose(distance.layers, facts["d_layers"], rtol=0, atol=1e-12)
    assert distance.total == pytest.approx(np.mean(facts["d_layers"]), abs=1e-12)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(UNEQUAL)))
def test_scipy_ties_are_bit_equal_on_equal_widths(shared: Path, name: str) -> None:
    facts, x, y = case(shared, name)
    masks = [[matrix != 0 for matrix in network] for network in (x, y)]
    np.testing.assert_array_equal(tk.nnstd(*masks, ties="scipy", output="matched").layers, facts["d_layers"])
    reverse = tk.nnstd(*masks[::-1], ties="scipy", output="matched")
    np.testing.assert_array_equal(reverse.layers, facts["d_layers_reversed"])


@pytest.mark.parametrize("name", sorted(set(CASES) - set(UNEQUAL)))
def test_every_mode_agrees_where_ties_do_not_matter(shared: Path, name: str) -> None:
    facts, x, y = case(shared, name)
    masks = [[matrix != 0 for matrix in network] for network in (x, y)]
    robust = np.array(facts["tie_robust_layers"])
    expected = np.array(facts["d_layers"])[robust]
    for ties in ("fast", "scipy"):
        distance = tk.nnstd(*masks, ties=ties, output="matched")
        np.testing.assert_allclose(distance.layers[robust], expected, rtol=0, atol=1e-12)
    hidden = robust[:-1]
    if hidden.any():
        skipped = tk.nnstd(*masks, output="skip").layers
        labelled = tk.nnstd(*masks).layers[:-1]
        np.testing.assert_array_equal(skipped, labelled)
        np.testing.assert_allclose(skipped[hidden], np.array(facts["d_layers"])[:-1][hidden], rtol=0, atol=1e-12)


def test_unequal_widths_reversed(shared: Path) -> None:
    facts, x, y = case(shared, "14_unequal_1layer_n1_lt_n2")
    reverse = tk.nnstd(y, x, preset="authors")
    np.testing.assert_allclose(reverse.layers, facts["d_layers_reversed"], rtol=0, atol=1e-12)
    facts, x, y = case(shared, "17_unequal_2layer_n1_gt_n2")
    assert facts["reversed_error"].startswith("IndexError")
    with pytest.raises(tk.TopokitError, match=r"30 neurons .* 45 .*swap"):
        tk.nnstd(y, x, preset="authors")


def test_labelled_outputs_tell_permuted_outputs_apart(shared: Path) -> None:
    _, x, y = case(shared, "20_output_permuted")
    assert tk.nnstd(x, y, output="matched").total == 0
    assert tk.nnstd(x, y).layers[-1] > 0


@pytest.mark.parametrize("entry", range(3))
def test_published_networks_all_layers(shared: Path, entry: int) -> None:
    known = json.loads((shared / "golden" / "nnstd_fig4_authors.json").read_text())[entry]
    pair = [published(shared, known[side], known["epoch"]) for side in ("w1", "w2")]
    distance = tk.nnstd(*pair, preset="authors", layers=range(known["upto_layer"] + 1))
    np.testing.assert_allclose(distance.layers, known["d"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("epoch", EPOCHS)
def test_published_networks_first_layer(shared: Path, epoch: int) -> None:
    known = json.loads((shared / "golden" / "nnstd_fig4_layer0.json").read_text())["epochs"][str(epoch)]
    networks = {f"w{k}": published(shared, k, epoch) for k in range(10)}
    np.testing.assert_allclose(tk.nnstd_matrix(networks, layers=[0]).matrix, known, rtol=0, atol=1e-6)
