"""Refined NNSTD of the authors' networks, against totals of an independent implementation (SciPy's solver)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import topokit as tk

pytestmark = pytest.mark.shared


def published(shared: Path, network: int, epoch: int) -> list[Any]:
    """One of the authors' networks; the last row of each of their matrices is the bias."""
    folder = shared / "golden" / "nnstd_fig4" / f"e5_s0_w{network}" / f"epoch_{epoch:03d}"
    return [sparse.load_npz(folder / f"weight_l{k}.npz").tocsr()[:-1] for k in range(4)]


def shuffled(matrices: list[Any], rng: np.random.Generator) -> list[Any]:
    orders = [np.arange(784), *(rng.permutation(784) for _ in range(3)), np.arange(10)]
    return [matrix[orders[k]][:, orders[k + 1]] for k, matrix in enumerate(matrices)]


@pytest.mark.parametrize("ties", ["canonical", "fast"])
@pytest.mark.parametrize(("epoch", "expected"), [(0, 0.2554), (190, 0.3615)])
def test_refined_totals(shared: Path, ties: str, epoch: int, expected: float) -> None:
    a, b = published(shared, 9, epoch), published(shared, 0, epoch)
    assert tk.nnstd(a, b, ties=ties, refine=True).total == pytest.approx(expected, abs=5e-4)


def test_shuffled_networks_are_refined_as_far_from_the_start_that_remains(shared: Path) -> None:
    a, b = published(shared, 9, 0), published(shared, 0, 0)
    moved = shuffled(b, np.random.default_rng(0))
    assert tk.nnstd(a, moved, refine=True).total == pytest.approx(0.2554, abs=2e-3)
    late, moved = published(shared, 9, 190), shuffled(published(shared, 0, 190), np.random.default_rng(0))
    assert tk.nnstd(late, moved, refine=True).total < 0.3792
