"""Do trades of edges run long enough to forget the network they started from?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from topokit.dag import EdgeBlock, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError
from topokit.generators.null_models import same_degrees
from topokit.generators.patterns import Random

if TYPE_CHECKING:
    import pandas as pd


def mixing(
    network: LayeredDAG, *, rounds: Sequence[int] = (1, 2, 4, 8, 16, 32), draws: int = 10, rng: Random = 0
) -> pd.DataFrame:
    """Edges that the networks of `topokit.same_degrees` share with the given one, by the length of their chains.

    The share falls to what equal degrees alone make two networks share, which is not 0, and stays there: where the
    rows of 16 rounds (the default of `same_degrees`) and of 32 agree within their errors the chain has forgotten its
    start as far as edges tell. Blocks without free edges, full and empty ones, are left out.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    rounds : sequence of int
        Lengths of the chains, each at least 1.
    draws : int
        Independent chains of each length, at least 2.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Returns
    -------
    DataFrame
        A row per block and length: block, rounds, kept (mean share of the edges kept), error (its standard error).

    Raises
    ------
    ParameterError
        Fewer than 2 draws, or as in `topokit.same_degrees`.
    InsufficientDataError
        No block has edges that could lie elsewhere.

    References
    ----------
    Strona et al. (2014), who follow the share of cells that differ from the start.
    """
    import pandas as pd

    if draws < 2:
        raise ParameterError(f"draws={draws}: at least 2 chains are needed for an error")
    blocks = [block for block in network.blocks if block.carries_weights and 0 < block.n_edges < block.possible]
    if not blocks:
        raise InsufficientDataError(f"{network!r} has only full and empty blocks: none of their edges can move")
    generator = np.random.default_rng(rng)
    rows = []
    for length in rounds:
        drawn = [same_degrees(network, generator, rounds=length) for _ in range(draws)]
        for block in blocks:
            shares = np.array([_shared(block, each.block(block.name)) for each in drawn]) / block.n_edges
            rows.append((block.name, length, shares.mean(), shares.std(ddof=1) / np.sqrt(draws)))
    return pd.DataFrame(rows, columns=["block", "rounds", "kept", "error"])


def _shared(a: EdgeBlock, b: EdgeBlock) -> int:
    return int(a.adjacency().multiply(b.adjacency()).nnz)
