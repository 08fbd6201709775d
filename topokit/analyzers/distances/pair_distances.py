"""Distances of many pairs of networks: each of them once, in tiles of few networks, kept in a file as they come."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from math import ceil, isqrt
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.distances.distance_store import DistanceStore, Key, Row
from topokit.analyzers.matching.comparable import check_comparable
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.match import match_networks
from topokit.analyzers.matching.prepared import PreparedNetwork

Pair = tuple[int, int]
Path = str | PathLike[str]

# Enough tiles for many workers to end together, each of about a second of work at most.
TILES, TILE_EDGES = 256, 2_000_000


@dataclass(frozen=True, slots=True)
class Tile:
    """Pairs of few networks, to be computed together.

    Attributes
    ----------
    networks : tuple of PreparedNetwork
        Those that occur in the pairs.
    pairs : tuple of pair of int
        Positions in `networks`.
    """

    networks: tuple[PreparedNetwork, ...]
    pairs: tuple[Pair, ...]


def pair_distances(
    networks: Sequence[PreparedNetwork],
    pairs: Sequence[Pair],
    definition: Definition,
    *,
    executor: Executor | None = None,
    store: Path | None = None,
) -> NDArray[np.float64]:
    """Distance of each reported layer and the total, (n_pairs, L + 1).

    Networks of equal digest are one network: what has the same two is computed once, and a network and itself are at
    distance 0 without work, but for ``ties="scipy"``, whose solver may pair neurons that are alike the other way
    round.

    Parameters
    ----------
    networks : sequence of PreparedNetwork
        All that occur.
    pairs : sequence of pair of int
        Positions in `networks`, the first network first; at least one network.
    definition : Definition
        What to compute.
    executor : concurrent.futures.Executor, optional
        Where to compute; this process unless given. A task carries the networks of a tile of pairs, not those of one.
    store : path, optional
        File that keeps what is finished and gives what was.

    Raises
    ------
    IncompatibleNetworksError, NotAChainError
        Two networks that cannot be compared; found before any is.
    OutputError
        A file that holds something else, or cannot be written.
    """
    _check_all(networks, pairs, definition)
    names = [_name(network, definition) for network in networks]
    keys = [(names[i], names[j]) for i, j in pairs]
    asked = {
        key: (i, j)
        for key, (i, j) in zip(keys, pairs, strict=True)
        if networks[i].digest != networks[j].digest or definition.ties == "scipy"
    }
    reported = networks[0].positions(definition)
    zeros = (0.0,) * (len(reported) + 1)
    with DistanceStore(store, definition, reported) if store is not None else nullcontext() as kept:
        found = {key: kept.known[key] for key in asked if key in kept.known} if kept else {}
        missing = {key: pair for key, pair in asked.items() if key not in found}
        with closing(_computed(networks, missing, definition, executor)) as computed:
            for key, row in execute.progress(computed, "NNSTD", total=len(missing)):
                found[key] = row
                if kept:
                    kept.add(key, row)
    return np.array([found.get(key, zeros) for key in keys]).reshape(len(keys), len(zeros))


def _computed(
    networks: Sequence[PreparedNetwork],
    missing: dict[Key, Pair],
    definition: Definition,
    executor: Executor | None,
) -> Generator[tuple[Key, Row]]:
    """The distances of the missing pairs, as they are finished."""
    keys = {pair: key for key, pair in missing.items()}
    work = cut(list(keys), _pairs_per_tile(networks, len(keys), executor))
    tiles = (_tile(networks, pairs) for pairs in work)
    compute = partial(tile_distances, definition=definition)
    with closing(execute.as_finished(compute, tiles, executor)) as finished:
        for position, rows in finished:
            yield from zip([keys[pair] for pair in work[position]], rows, strict=True)


def tile_distances(tile: Tile, *, definition: Definition) -> list[Row]:
    """Distance of each reported layer and the total, for each pair of a tile."""
    rows = []
    for i, j in tile.pairs:
        match = match_networks(tile.networks[i], tile.networks[j], definition)
        rows.append((*map(float, match.distances), match.total))
    return rows


def cut(pairs: Sequence[Pair], size: int) -> list[list[Pair]]:
    """Runs of at most `size` pairs that share networks: the squares of a grid, one after another, cut in pieces."""
    side = isqrt(max(0, size - 1)) + 1
    ordered = sorted(pairs, key=lambda pair: (pair[0] // side, pair[1] // side, pair))
    return [ordered[begin : begin + size] for begin in range(0, len(ordered), size)]


def _pairs_per_tile(networks: Sequence[PreparedNetwork], count: int, executor: Executor | None) -> int:
    if executor is None:
        return 1
    edges = sum(len(layer.sets.members) for network in networks for layer in network.layers)
    affordable = TILE_EDGES * len(networks) // max(1, edges)
    return max(1, min(affordable, ceil(count / TILES)))


def _tile(networks: Sequence[PreparedNetwork], pairs: Sequence[Pair]) -> Tile:
    places = {network: place for place, network in enumerate(sorted({k for pair in pairs for k in pair}))}
    return Tile(tuple(networks[k] for k in places), tuple((places[i], places[j]) for i, j in pairs))


def _name(network: PreparedNetwork, definition: Definition) -> str:
    """What networks share whose distances to others are the same."""
    if not definition.refine:
        return network.digest.hex()
    # The descent also starts from the pairing by the networks' own numbers, which the digest does not know.
    numbers = blake2b(network.digest, digest_size=16)
    for order in network.orders:
        numbers.update(order.tobytes())
    return numbers.hexdigest()


def _check_all(networks: Sequence[PreparedNetwork], pairs: Sequence[Pair], definition: Definition) -> None:
    """Compare the shapes of the networks, of which there are few kinds, before any distance is computed."""
    shapes = [_shape(network) for network in networks]
    for i, j in {(shapes[i], shapes[j]): (i, j) for i, j in reversed(pairs)}.values():
        check_comparable(networks[i], networks[j], definition)


def _shape(network: PreparedNetwork) -> tuple[object, ...]:
    layers = tuple((layer.name, layer.group, layer.sources, layer.counted) for layer in network.layers)
    return network.groups, layers
