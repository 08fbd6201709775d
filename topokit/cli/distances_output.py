"""The tables and figures that ``topokit distances`` writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.errors import TopokitError

if TYPE_CHECKING:
    import pandas as pd

    from topokit.analyzers import DistanceMatrix, MantelTest
    from topokit.cli.gathering import Gathered
    from topokit.dag import Moment

MOST_RUNS = 9


def write_all(
    matrix: DistanceMatrix, gathered: Gathered, metric: str | None, folder: Path, suffix: str
) -> MantelTest | None:
    """Write every frame (CSV) and figure; return the Mantel test, if there is a metric and it can be made."""
    from topokit.analyzers import hierarchy, network_map
    from topokit.plots import save

    tree = hierarchy(matrix)
    chart = network_map(matrix, dimensions=min(2, len(matrix.labels) - 1))
    mantel = _mantel(matrix, gathered, metric) if metric else None
    matrix.frame.to_csv(folder / "distances.csv", index=False)
    matrix.table.to_csv(folder / "matrix.csv")
    network_table(gathered).to_csv(folder / "networks.csv", index=False)
    for name, result in {"dendrogram": tree, "map": chart, "mantel": mantel}.items():
        if result:
            result.frame.to_csv(folder / f"{name}.csv", index=False)
    figures: dict[str, Callable[[], Any]] = {
        "matrix": lambda: matrix.plot(order=tree.order),
        "dendrogram": tree.plot,
        "map": lambda: chart.plot(**_map_style(gathered)),
    }
    for name, draw in (figures | ({"mantel": mantel.plot} if mantel else {})).items():
        save(draw().figure, folder / f"{name}.{suffix}")
    return mantel


def network_table(gathered: Gathered) -> pd.DataFrame:
    """label, source, step, epoch, edges, density and the recorded metrics: one row per network."""
    import pandas as pd

    from topokit.analyzers.result import time_columns

    times = time_columns(gathered.moments)
    own = pd.DataFrame({"label": list(gathered.labels), "source": list(gathered.sources)})
    sizes = pd.DataFrame(
        [{"edges": network.n_edges, "density": network.density} for network in gathered.networks.values()]
    )
    return pd.concat([own, times, sizes, pd.DataFrame([dict(m.metrics) for m in gathered.moments])], axis=1)


def _mantel(matrix: DistanceMatrix, gathered: Gathered, metric: str) -> MantelTest | None:
    from topokit.analyzers import mantel

    try:
        return mantel(matrix, [moment.metrics[metric] for moment in gathered.moments])
    except TopokitError as error:
        click.echo(f"Mantel test left out: {error}", err=True)
        return None


def _map_style(gathered: Gathered) -> dict[str, Any]:
    """Colours by epoch or step where they differ; a line per source that has several networks, names otherwise."""
    counts = Counter(gathered.sources)
    runs = max(counts.values()) > 1 and len(counts) <= MOST_RUNS
    return {**_colours(gathered.moments), "runs": gathered.sources if runs else None, "names": not runs}


def _colours(moments: Sequence[Moment]) -> dict[str, Any]:
    for attribute, label in (("epoch", "Epoch"), ("step", "Step")):
        values = [getattr(moment, attribute) for moment in moments]
        if len({value for value in values if value is not None}) > 1:
            known = [float("nan") if value is None else float(value) for value in values]
            return {"values": known, "values_label": label}
    return {}
