"""Figure 4 of Liu et al. from the networks that they published, and the same stored with topokit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import topokit as tk
from topokit.papers import Reproduction
from topokit.papers.liu2020.drift import AUTHORS_MEANS
from topokit.papers.verdicts import AGREE, DISAGREE, NOT_COMPARABLE

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def published(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    files = shared / "golden" / "nnstd_fig4"
    return tk.reproduce("liu2020", "fig4", folder=tmp_path_factory.mktemp("repro"), data=files)


def test_first_layer_is_that_of_the_authors_code(published: Reproduction, shared: Path) -> None:
    known = json.loads((shared / "golden" / "nnstd_fig4_layer0.json").read_text())["epochs"]
    pairs = published.tables["distances"].set_index(["epoch", "a", "b"])["layer 1"]
    first, second = np.triu_indices(10, 1)
    for epoch, matrix in known.items():
        ours = [pairs[int(epoch), f"w{i}", f"w{j}"] for i, j in zip(first, second, strict=True)]
        np.testing.assert_allclose(ours, np.array(matrix)[first, second], rtol=0, atol=1.5e-6)
        assert np.mean(np.array(matrix)[first, second]) == pytest.approx(AUTHORS_MEANS[int(epoch)], abs=1e-6)


def test_published_networks_agree_with_the_figure_but_for_its_ends(published: Reproduction) -> None:
    assert published.scale == "exact"
    disagree = [verdict.quantity for verdict in published.verdicts if verdict.verdict == DISAGREE]
    assert disagree == ["largest distance at epoch 0", "largest distance at epoch 190, first layer"]
    assert sum(verdict.verdict == AGREE for verdict in published.verdicts) == 10
    weights = published.tables["weights"].query("epoch == 0")["correlation"]
    assert weights.min() > 0.99


def test_what_comes_with_topokit_is_the_same(published: Reproduction, tmp_path: Path) -> None:
    stored = tk.reproduce("liu2020", "fig4", scale="exact", folder=tmp_path)
    for name, table in published.tables.items():
        pd.testing.assert_frame_equal(stored.tables[name], table, check_dtype=False)


def test_accuracies_of_table_1_beside_published_networks(shared: Path, tmp_path: Path) -> None:
    made = tk.reproduce("liu2020", "many", folder=tmp_path, data=shared / "golden" / "nnstd_fig4")
    assert [verdict.verdict for verdict in made.verdicts] == [AGREE, AGREE, NOT_COMPARABLE]
    assert made.tables["pairs"]["distance"].mean() == pytest.approx(AUTHORS_MEANS[190], abs=1e-6)
