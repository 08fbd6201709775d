"""The equations of Matab et al. 2024 by the letter: rates, thresholds, growth, graph and degrees."""

from __future__ import annotations

import numpy as np
import pandas as pd

import topokit as tk
from topokit.papers.experiment import Scale
from topokit.papers.matab2024.inputs import PRINTED_SIZES
from topokit.papers.matab2024.training import PROTOCOL
from topokit.papers.matab2024.untrained import first_networks
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.update_equations import draw_rates, measure_printed_update, measure_rates
from topokit.papers.verdicts import Verdict, equals, holds, lies_within
from topokit.papers.workplace import Workplace

BATCH, INTERVAL, FIRST_RATE = 128, 400, 0.5
FLOOR = 0.005
"""Below which the public code, and so the trainer, does not let the rate fall."""


def measure_equations(place: Workplace) -> Tables:
    """Tables "rates", "updates" (epochs from one to the next), "printed" (Eqs 6, 7 and 9) and "graph"."""
    network = first_networks()[0]
    degrees = tk.degrees(network).values()
    share = np.bincount(degrees) / len(degrees)
    graph = {
        "edges": sum(block.n_edges for block in network.blocks),
        "degree_sum": int(degrees.sum()),
        "adjacent": all(layers == (k, k + 1) for k, layers in enumerate(_ends(network))),
        "probability": round(float(share.sum()), 12),
        "last_cumulative": round(float(share.cumsum()[-1]), 12),
    }
    updates = [(name, INTERVAL * BATCH / sizes[3]) for name, sizes in PRINTED_SIZES.items()]
    return {
        "rates": measure_rates({**PROTOCOL, "method": "rigl"}, steps_per_epoch=45_000 // BATCH),
        "updates": pd.DataFrame(updates, columns=["dataset", "epochs"]).round(4),
        "printed": measure_printed_update(density=PROTOCOL["density"], share=FIRST_RATE),
        "graph": pd.DataFrame([graph]),
    }


def _ends(network: tk.LayeredDAG) -> list[tuple[int, int]]:
    names = [layer.name for layer in network.layers]
    return [(names.index(block.source), names.index(block.target)) for block in network.blocks]


def judge_equations(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Numbers that the text gives, and whether updates by the letter do what the text says of them."""
    rates, graph = tables["rates"], tables["graph"].iloc[0]
    epochs = tables["updates"].set_index("dataset")["epochs"]
    printed = tables["printed"].set_index("reading")
    return (
        equals("share that is pruned at the start", FIRST_RATE, float(rates["trainer"].iloc[0]), source="Eq. 5"),
        lies_within(
            "largest distance of the trainer's rate from the formula (the public code has a floor of 0.005)",
            (0, FLOOR),
            float((rates["trainer"] - rates["formula"]).abs().max()),
            source="Eq. 5",
        ),
        *(
            equals(f"epochs between updates, {name}", told, round(float(epochs[name]), 2), source="section 5.1")
            for name, told in (("cifar-10", 1.14), ("mnist", 0.95))
        ),
        *(_pruning(reading, row) for reading, row in printed.iterrows()),
        *(_growth(reading, row) for reading, row in printed.iterrows()),
        equals("edges: half the sum of all degrees", graph["edges"], graph["degree_sum"] / 2, source="Eq. 14"),
        holds(
            "edges join neighbouring layers alone",
            "V_l to V_l+1",
            "all" if graph["adjacent"] else "not all",
            bool(graph["adjacent"]),
            source="Eq. 14",
        ),
        equals("sum of P(k)", 1.0, float(graph["probability"]), source="Eq. 17", tolerance=1e-9),
        equals("F at the largest degree", 1.0, float(graph["last_cumulative"]), source="Eq. 18", tolerance=1e-9),
    )


def _pruning(reading: object, row: pd.Series) -> Verdict:
    return holds(
        f"pruning at a rate of 50 %, percentile over {reading}",
        "50 % of the connections go",
        f"{row['pruned'] / row['edges']:.1%} go, {row['created']:,} absent ones become edges".replace("%", " %"),
        bool(abs(row["pruned"] / row["edges"] - FIRST_RATE) < 0.01 and not row["created"]),
        source="Eqs 6 and 7",
        why="in a layer that is 95 % sparse the median of all magnitudes is 0: nothing lies below it, and every place "
        "is at or above it",
    )


def _growth(reading: object, row: pd.Series) -> Verdict:
    over = "places without an edge" if reading == "edges alone" else reading
    return holds(
        f"growth of {row['quota']:,} edges by gradient, largest over {over}",
        "as many connections come as went",
        f"{row['grown']:,} are new",
        bool(row["grown"] == row["quota"]),
        source="Eqs 9 and 11",
        why="TopK is not restricted to inactive connections, as RandomSelection in Eq. 8 is: it names edges that are "
        "there",
    )


EQUATIONS = Item(
    name="equations",
    title="Rates, thresholds, growth and graph, by the letter",
    says="A cosine takes the pruned share from 50 % to 0 (Eq. 5); an update every 400 batches of 128 is one in 1.14 "
    "epochs of CIFAR and 0.95 of MNIST. The threshold is a percentile of the magnitudes, what lies below it goes (Eqs "
    "6, 7), and as many connections grow (Eqs 8-11). The network is a graph of neighbouring layers (Eqs 12-14) with a "
    "degree distribution (Eqs 17, 18).",
    measure=measure_equations,
    draw=draw_rates,
    judge=judge_equations,
    scales={"exact": "computed, on one layer of 300 x 300 and on the untrained MLP"},
    remarks=(
        "Eqs 6, 7, 9 and 11 as printed let absent connections take part; read with the text, percentiles are over "
        "edges and growth over the other places, as in the trainer.",
        "The coefficient of Eq. 10 is not given. Eqs 1-4 define loss, step and mask; they hold no number.",
        "Eq. 19 calls F both the empirical and the fitted distribution function; section 8 cites Eq. 15, the Poisson "
        "law, where it means Eq. 16.",
    ),
)
