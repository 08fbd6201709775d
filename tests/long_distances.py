"""A script that takes a few seconds to compare networks: python long_distances.py FILE alone|pool."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import topokit as tk
from topokit.execute import process_pool


def networks(count: int = 60) -> list[list[NDArray[np.bool_]]]:
    """Independent random masks of chains."""
    shapes = list(pairwise((300, 300, 300, 10)))
    return [[np.random.default_rng(seed).random(shape) < 0.04 for shape in shapes] for seed in range(count)]


def main(store: str, how: str) -> None:
    """Compare them all, keeping what is finished."""
    if how == "alone":
        tk.nnstd_matrix(networks(), store=store)
        return
    with process_pool(2) as pool:
        tk.nnstd_matrix(networks(), store=store, executor=pool)


if __name__ == "__main__":
    main(*sys.argv[1:])
