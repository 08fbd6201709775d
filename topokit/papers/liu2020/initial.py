"""Figure 3 of Liu et al. 2020: how far sparse networks are apart before training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topokit.dag import LayeredDAG
from topokit.generators import erdos_renyi
from topokit.generators.rewiring import rewiring_chain
from topokit.papers.experiment import Scale
from topokit.papers.liu2020.training import FASHION_DENSITIES
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.distance_matrices import draw_distances, first_layer_distances
from topokit.papers.recipes.distances_before_after import from_the_start
from topokit.papers.recipes.er_epsilon import epsilon_of
from topokit.papers.verdicts import Verdict, equals, holds, lies_within
from topokit.papers.workplace import Workplace

WIDTHS = (784, 784, 784, 784, 10)
GENERATIONS = 9
CHANGED = 0.01


def fashion_networks() -> dict[str, LayeredDAG]:
    """The first layers of the 96 sparse networks of section 4.2, and of two dense ones."""
    widths = (WIDTHS[0], WIDTHS[1], WIDTHS[-1])
    networks: dict[str, LayeredDAG] = {}
    for level, density in enumerate(FASHION_DENSITIES):
        for root in range(2):
            # Of one seed the edges of sparser networks would be among those of denser ones.
            rng = np.random.default_rng([level, root])
            first = erdos_renyi(widths, epsilon=epsilon_of(density, *widths[:2]), rng=rng)
            chain = rewiring_chain(first, CHANGED, rng=rng, generations=3)
            networks |= {network_name(density, root, k): network for k, network in enumerate(chain)}
    dense = erdos_renyi(widths, density=1.0)
    return {**networks, "dense a": dense, "dense b": dense}


def network_name(density: float, root: int, generation: int) -> str:
    """Such as 0.6%a2: density, root, generation."""
    return f"{100 * density:g}%{'ab'[root]}{generation}"


def related(pairs: pd.DataFrame) -> pd.Series:
    """What the two networks of each pair share: root, density, or nothing."""
    levels, roots = ([pairs[name].str.split("%").str[k] for name in "ab"] for k in (0, 1))
    same_root = roots[0].str[:1] == roots[1].str[:1]
    kinds = np.where(same_root, "root", "density")
    return pd.Series(np.where(levels[0] == levels[1], kinds, "nothing"), pairs.index)


def measure_generations(place: Workplace) -> Tables:
    """A chain of ten networks, each with 1 % of the edges of the one before moved."""
    root = erdos_renyi(WIDTHS, epsilon=epsilon_of(0.006, *WIDTHS[:2]), rng=0)
    chain = rewiring_chain(root, CHANGED, rng=0, generations=GENERATIONS)
    return {"distances": first_layer_distances({f"w{k}": network for k, network in enumerate(chain)})}


def judge_generations(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Distances from the root, which the paper gives in words."""
    pairs = tables["distances"]
    values = from_the_start(pairs)
    largest = float(pairs["distance"].max())
    return (
        holds(
            "distance from the root",
            "increases with the generation",
            " ".join(f"{value:.3f}" for value in values),
            bool((np.diff(values) > 0).all()),
            source="section 4.3",
        ),
        lies_within("distance of the first generation: 'close to zero'", (0, 0.05), values[0], source="section 4.3"),
        lies_within(
            "largest distance: 'around 0.2', what rounds to it", (0.15, 0.25), largest, source="section 4.3, Fig. 3a"
        ),
    )


def measure_levels(place: Workplace) -> Tables:
    """All pairs of the 98 networks."""
    return {"distances": first_layer_distances(fashion_networks()).drop(columns="panel").round(4)}


def level_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean distance between unrelated networks by their densities in percent: columns low, high, distance."""
    sparse = pairs[~pairs["a"].str.startswith("dense") & ~pairs["b"].str.startswith("dense")]
    apart = sparse[related(sparse) != "root"]
    levels = pd.DataFrame({name: apart[name].str.split("%").str[0].astype(float) for name in "ab"})
    frame = pd.DataFrame({"low": levels.min(axis=1), "high": levels.max(axis=1), "distance": apart["distance"]})
    return frame.groupby(["low", "high"])["distance"].mean().reset_index()


def judge_levels(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Statements about densities that are alike and densities that are not."""
    pairs = tables["distances"]
    sparse = pairs[~pairs["a"].str.startswith("dense") & ~pairs["b"].str.startswith("dense")]
    kinds = sparse.groupby(related(sparse))["distance"]
    root, density, nothing = (kinds.get_group(kind) for kind in ("root", "density", "nothing"))
    means = level_means(pairs)
    steps = [step for _, row in means.groupby("low") for step in np.diff(row["distance"])]
    equal = means[means["low"] == means["high"]]
    return (
        equals(
            "largest distance: 'up to 1'", 1.0, float(pairs["distance"].max()), tolerance=0.005, source="section 4.3"
        ),
        holds(
            "distance between densities",
            "can be much larger than within one density",
            f"mean {nothing.mean():.3f} between, {density.mean():.3f} within; one density alone has up to "
            f"{density.max():.3f}",
            float(nothing.mean()) > float(density.mean()),
            source="section 4.3, Fig. 3b",
        ),
        holds(
            "distance from a density to denser ones",
            "increases with the difference of density",
            f"{sum(step > 0 for step in steps)} of {len(steps)} steps upwards",
            all(step > 0 for step in steps),
            source="section 4.3, Fig. 3b",
            why="two unrelated networks of equal density are at their chance level, which is largest around 3 % and "
            "falls again towards dense networks, and some neighbouring density is nearer than the network's own",
        ),
        holds(
            "distance within a density, from other seeds",
            "'very big', by the side of generations of one root",
            f"from {equal['distance'].min():.2f} to {equal['distance'].max():.2f}; "
            f"of one root at most {root.max():.3f}",
            float(density.min()) > float(root.max()),
            source="section 4.3, Fig. 3b",
        ),
    )


BEFORE_TRAINING = (
    Item(
        name="fig3a",
        title="Distances between ten generations of one network",
        says="Ten networks of density 0.6 %, each with 1 % of the connections of the one before changed: the distance "
        "from the first starts close to zero, grows with the generation and stays small, around 0.2.",
        measure=measure_generations,
        draw=draw_distances,
        judge=judge_generations,
        scales={"exact": "full size, no training"},
        remarks=("Moving a share f of the edges gives 2f / (1 + f) in the first layer: 0.02 for one generation.",),
    ),
    Item(
        name="fig3b",
        title="Distances between networks of twelve densities",
        says="98 networks, eight of each density (two seeds, four generations) and two dense ones, before training: up "
        "to 1, the larger the more the densities differ, and very big between seeds of one density.",
        measure=measure_levels,
        draw=draw_distances,
        judge=judge_levels,
        scales={"exact": "full size, first layer, no training: 4,753 pairs"},
        minutes=2.0,
        remarks=(
            "The distance between unrelated networks is a chance level of their two densities. It is no measure of "
            "their difference: within one density it goes from 0.37 at 0.1 % to 0.90 at 3 % and back to 0.62 at 50 %.",
            "The paper does not say whether a seed makes related networks at several densities, as it does where an "
            "edge is there when a random number is small enough; here every density has seeds of its own.",
        ),
    ),
)
