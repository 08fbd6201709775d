"""``topokit compare``: the topological distance of two networks, beside chance and the edges that changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.convert import check_new, write_network
from topokit.cli.distance_options import DistanceCommand
from topokit.cli.tables import json_option, print_json, print_table
from topokit.errors import IncompatibleNetworksError, ParameterError

if TYPE_CHECKING:
    from topokit.analyzers import ChanceLevel, EdgeChanges, TopologyDistance
    from topokit.analyzers.matching.definition import DistanceOptions
    from topokit.dag import LayeredDAG, Moment
    from topokit.generators.null_models import NullModel
    from topokit.loaders.assembly.options import LoadOptions

CHANCE_COLUMNS = ["chance", "chance_error", "relative", "p_value", "reason"]
EDGE_COLUMNS = ["block", "before", "after", "born", "dropped", "kept", "jaccard"]
AVERAGES = {"layers": "mean over layers", "edges": "weighted by edges", "neurons": "weighted by neurons"}


@click.command(cls=DistanceCommand)
@click.argument("a")
@click.argument("b")
@click.option(
    "--chance",
    type=click.Choice(["density", "degrees"]),
    help="Set the distance beside that of random networks of the same density, or of the same degrees.",
)
@click.option(
    "--replicates", type=click.IntRange(2), default=20, show_default=True, help="Random pairs for the chance level."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the random networks.")
@click.option(
    "--align",
    "aligned",
    type=click.Path(path_type=Path),
    help="Write B with its neurons reordered to A as this .npz or .safetensors.",
)
@json_option
def compare(
    a: str,
    b: str,
    chance: NullModel | None,
    replicates: int,
    seed: int,
    aligned: Path | None,
    as_json: bool,
    distance: DistanceOptions,
    loading: LoadOptions,
) -> None:
    """Compare two checkpoints (or the last frames of two recordings) layer by layer.

    Beside the distance, which pairs neurons that are wired alike, stand the edges that come and go if neuron k is the
    same neuron in both, where A and B have the same layers.
    """
    from topokit.analyzers import nnstd, nnstd_chance
    from topokit.cli.gathering import culprits_named
    from topokit.cli.sources import open_source

    if aligned:
        _check_alignable(aligned, distance)
    series = [open_source(path, loading) for path in (a, b)]
    first, second = series[0][-1], series[1][-1]
    level = None
    with culprits_named({a: first, b: second} if a != b else {a: first}, distance):
        found = nnstd(first, second, **distance)
        if chance:
            level = nnstd_chance(first, second, null=chance, replicates=replicates, rng=seed, **distance)
    if aligned:
        _write_aligned(first, second, series[1].moments[-1], aligned, distance)
    changes = _changes(first, second)
    if as_json:
        facts = {"a": _facts(a, first), "b": _facts(b, second)}
        print_json({**facts, **_as_json(found, level, changes), "aligned": str(aligned) if aligned else None})
        return
    print_table(
        ["network", "neurons", "edges", "density"],
        [(name, net.n_neurons, net.n_edges, f"{net.density:.2%}") for name, net in ((a, first), (b, second))],
    )
    _print_distance(found, level)
    if changes:
        _print_changes(changes)
    if aligned:
        click.echo(f"{aligned}: {b} with its neurons in the order of {a}")


def _check_alignable(out: Path, distance: DistanceOptions) -> None:
    check_new(out)
    if "preset" in distance:
        raise ParameterError("--align pairs all layers by the rules of topokit: leave out --preset")


def _write_aligned(a: LayeredDAG, b: LayeredDAG, moment: Moment, out: Path, distance: DistanceOptions) -> None:
    from topokit.analyzers import align

    # Which layers are reported does not matter to the pairing, which is of all.
    options: Any = {name: value for name, value in distance.items() if name != "layers"}
    write_network(align(a, b, **options), moment, out)


def _changes(a: LayeredDAG, b: LayeredDAG) -> EdgeChanges | None:
    """Edges born and dropped; None where the networks have not the same neurons."""
    from topokit.analyzers import edge_changes

    try:
        return edge_changes([a, b])
    except IncompatibleNetworksError:
        return None


def _as_json(found: TopologyDistance, level: ChanceLevel | None, changes: EdgeChanges | None) -> dict[str, Any]:
    from topokit.analyzers.result import frame_rows

    chance = level and {"null": level.null, "summary": level.summary, "layers": frame_rows(level.frame)}
    edges = changes and frame_rows(changes.frame.drop(columns=["step", "epoch", "label", "reference", "explored"]))
    return {
        "parameters": dict(found.meta.parameters),
        "total": found.total,
        "lower_bound": found.lower_bound,
        "layers": frame_rows(found.frame),
        "chance": chance,
        "edges": edges,
    }


def _print_distance(found: TopologyDistance, level: ChanceLevel | None) -> None:
    frame = found.frame
    header = ["layer", "neurons", "paired by", "distance", "gap", "at least"]
    columns: list[list[Any]] = [
        list(found.layer_names),
        [a if a == b else f"{a} and {b}" for a, b in zip(found.sizes_a, found.sizes_b, strict=True)],
        ["wiring" if matched else "position" for matched in found.matched],
        *(frame[name].tolist() for name in ("distance", "gap", "lower_bound")),
    ]
    if level:
        header += ["chance", "of chance", "p"]
        rows = level.frame.iloc[:-1]
        columns += [rows["chance"].tolist(), [_share(value) for value in rows["relative"]], rows["p_value"].tolist()]
    beside = f"; chance: random, same {level.null}" if level else ""
    print_table(header, list(zip(*columns, strict=True)), title=f"NNSTD (0 same wiring, 1 nothing shared{beside})")
    average = AVERAGES[found.meta.parameters["average"]]
    click.echo(f"total ({average}): {found.total:.4f}; no pairing goes below {found.lower_bound:.4f}")
    if level:
        click.echo(f"{level.summary}, p = {level.p_value[-1]:.2g}")


def _share(value: float) -> str:
    return f"{value:.0%}" if value == value else "-"


def _print_changes(changes: EdgeChanges) -> None:
    rows = changes.frame[EDGE_COLUMNS].astype(object).to_numpy().tolist()
    click.echo()
    print_table([*EDGE_COLUMNS[:-1], "IoU"], rows, title="Edges from A to B, if neuron k is the same in both")


def _facts(path: str, network: LayeredDAG) -> dict[str, object]:
    return {
        "path": path,
        "neurons": network.n_neurons,
        "edges": network.n_edges,
        "density": network.density,
        "layers": [[layer.name, layer.size] for layer in network.layers],
    }
