"""RadiX-Nets in Alford et al.: what they draw, and those that take the place of LeNet-300-100."""

from __future__ import annotations

from functools import partial

from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.radix_nets import Radix, draw_in_degrees, draw_nets, measure_radix
from topokit.papers.verdicts import Verdict, equals, holds, not_comparable

NO_TRAINING = "full size, no training"

EXAMPLE = {"RadiX-Net (2, 2, 2)": Radix([(2, 2, 2)]), "random twin": Radix([(2, 2, 2)], twin=True)}

KINDS = {
    "one system (2, 3)": Radix([(2, 3)]),
    "two systems (2, 2), (4)": Radix([(2, 2), (4,)]),
    "Kronecker (2, 2), B = (1, 2, 1)": Radix([(2, 2)], (1, 2, 1)),
    "random twin of the last": Radix([(2, 2)], (1, 2, 1), twin=True),
}


def judge_example(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Density, degrees and paths of the drawn network and its twin."""
    paths = tables["paths"].set_index("network").to_dict("index")
    layers = tables["layers"]
    net, twin = EXAMPLE
    ends = layers[layers["network"] == net][["least_out", "most_out", "least_in", "most_in"]].to_numpy()
    source = "Fig. 5"
    return (
        equals("density, as 75 % sparse", 2 / 8, float(paths[net]["density"]), source=source),
        holds(
            "degrees",
            "2 for every neuron, in and out",
            f"{ends.min()} to {ends.max()}",
            bool((ends == 2).all()),
            source="Robinett and Kepner 2019",
        ),
        holds(
            "paths from an input to an output",
            "as many for each pair, at least one",
            f"{paths[net]['least_paths']} to {paths[net]['most_paths']}",
            bool(0 < paths[net]["least_paths"] == paths[net]["most_paths"]),
            source="Robinett and Kepner 2019",
        ),
        not_comparable(
            "connections of its random equivalent",
            "each with a chance of 1 - s",
            f"{paths[twin]['edges']}, as many as the RadiX-Net has",
            source="section II-B",
            why="the twin here is drawn with the same number",
        ),
        not_comparable(
            "paths in its random equivalent",
            "path-connected 'asymptotically': not promised for 8 neurons",
            f"{paths[twin]['least_paths']} to {paths[twin]['most_paths']} for a pair",
            source="section II-B",
            why="one drawing of many",
        ),
    )


def judge_kinds(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Every kind has as many paths between each pair."""
    expected = {"one system (2, 3)": 1, "two systems (2, 2), (4)": 4, "Kronecker (2, 2), B = (1, 2, 1)": 2}
    return tuple(_as_many_paths(tables, name, number) for name, number in expected.items())


def _as_many_paths(tables: Tables, name: str, number: int) -> Verdict:
    paths = tables["paths"].set_index("network").to_dict("index")[name]
    least, most = int(paths["least_paths"]), int(paths["most_paths"])
    return holds(
        f"{name}: paths from an input to an output",
        f"{number} for each pair",
        f"{least} to {most}",
        least == most == number,
        source="Robinett and Kepner 2019, theorem 1",
    )


NETS = {
    "800-300-100": Radix([(10, 10)], (8, 3, 1)),
    "784-300-100": Radix([(10, 10)], (8, 3, 1), 784),
    "800-3000-100": Radix([(10, 10)], (8, 30, 1)),
    "784-3000-100": Radix([(10, 10)], (8, 30, 1), 784),
}

IN_DEGREES_CUT = {80: 225, 70: 21} | dict.fromkeys(range(71, 80), 6)


CONNECTIONS = {
    "800-300-100": (24000, 3000),
    "784-300-100": (23520, 3000),
    "800-3000-100": (240000, 30000),
    "784-3000-100": (235200, 30000),
}
PATHS = {"800-300-100": 3, "784-300-100": 3, "800-3000-100": 30, "784-3000-100": 30}
"""Connections of each layer, and paths between each pair, by N and B."""


def judge_radix(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """All that follows from N and B, counted by products of matrices."""
    nets = [verdict for name in NETS for verdict in (*_sizes(tables, name), _as_many_paths(tables, name, PATHS[name]))]
    edges = tables["paths"].set_index("network")["edges"]
    constant = equals(
        "connections of 784-3000-100 and of the dense 784-300-100",
        784 * 300 + 300 * 100,
        float(edges["784-3000-100"]),
        source="section II-B: the total connections remain constant",
    )
    return (*nets, _degrees_before_cut(tables), constant, _degrees_after_cut(tables))


def _sizes(tables: Tables, name: str) -> tuple[Verdict, ...]:
    """Neurons, sparsity and connections of a network's layers."""
    rows, source = tables["layers"][tables["layers"]["network"] == name], "section II-B"
    shape = "-".join(map(str, [*rows["sources"], rows["targets"].iloc[-1]]))
    expected, found = CONNECTIONS[name], tuple(int(count) for count in rows["edges"])
    return (
        holds(f"{name}: neurons of each layer", name, shape, shape == name, source=source),
        holds(
            f"{name}: sparsity of each layer",
            "90 %",
            ", ".join(f"{100 * (1 - density):g} %" for density in rows["density"]),
            all(abs(density - 0.1) < 1e-9 for density in rows["density"]),
            source=source,
        ),
        holds(
            f"{name}: connections",
            " + ".join(map(str, expected)),
            " + ".join(map(str, found)),
            found == expected,
            source="from N and B",
        ),
    )


def _degrees_before_cut(tables: Tables) -> Verdict:
    uncut = tables["layers"][tables["layers"]["network"].isin(["800-300-100", "800-3000-100"])]
    constant = bool((uncut["least_out"] == uncut["most_out"]).all() and (uncut["least_in"] == uncut["most_in"]).all())
    return holds(
        "degrees before the cut",
        "the same for all neurons of a layer",
        "the same" if constant else "different",
        constant,
        source="Robinett and Kepner 2019",
    )


def _degrees_after_cut(tables: Tables) -> Verdict:
    table = tables["in_degrees"]
    cut = table[(table["network"] == "784-300-100") & (table["layer"] == 1)]
    degrees = dict(zip(cut["in_degree"].astype(int), cut["neurons"].astype(int), strict=True))
    return holds(
        "in-degrees of the 300 hidden neurons after 16 inputs are cut",
        "by N and B: 225 keep 80, 54 have 71 to 79, 21 have 70; the paper does not say",
        ", ".join(f"{neurons} with {degree}" for degree, neurons in sorted(degrees.items())),
        degrees == IN_DEGREES_CUT,
        source="from N and B",
    )


ITEMS = [
    Item(
        name="fig5",
        title="RadiX-Net (2, 2, 2) and its random equivalent",
        says="A two-layer RadiX-Net with radix values (2, 2, 2) and 75 % sparsity, with its random equivalent beside.",
        measure=partial(measure_radix, nets=EXAMPLE, with_edges=True),
        draw=draw_nets,
        judge=judge_example,
        scales={"exact": NO_TRAINING},
        remarks=["'Two-layer' counts hidden layers: three radices make three layers of weights of 8 x 8."],
    ),
    Item(
        name="fig6",
        title="Kinds of RadiX-Nets",
        says="Examples of the different types of RadiX-Nets tested: from a mixed-radix system N and a Kronecker "
        "structure B.",
        measure=partial(measure_radix, nets=KINDS, with_edges=True),
        draw=draw_nets,
        judge=judge_kinds,
        scales={"exact": NO_TRAINING},
        remarks=["The paper does not say which N and B it draws: these are small ones of each kind."],
    ),
    Item(
        name="radix",
        title="RadiX-Nets in place of LeNet-300-100",
        says="N = (10, 10) with B = (8, 30, 1) and (8, 3, 1) make networks with the shape of LeNet-300-100, 90 % "
        "sparse, the former with ten times its hidden neurons; the top 16 of 800 input neurons "
        "are removed to match 784 pixels.",
        measure=partial(measure_radix, nets=NETS, with_edges=False),
        draw=draw_in_degrees,
        judge=judge_radix,
        scales={"exact": NO_TRAINING},
        remarks=[
            "'Networks with the same shape as Lenet-300-100' is true of B = (8, 3, 1) alone; (8, 30, 1) has 3,000 "
            "hidden neurons.",
            "The output layer, 100 x 10, is dense and belongs to neither.",
            "Cutting inputs keeps the number of paths for each pair that is left, but not the constant in-degree.",
        ],
    ),
]
