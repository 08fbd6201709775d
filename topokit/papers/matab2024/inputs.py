"""Data sets of the thesis of Matab, their samples, and where Boltzmann machines look in them."""

from __future__ import annotations

from functools import partial

from topokit.papers.experiment import Scale, Sweep
from topokit.papers.matab2024.cells import LABELS
from topokit.papers.matab2024.training import GROWERS, PROTOCOL
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.data_sets import draw_samples, measure_samples, measure_sizes
from topokit.papers.recipes.input_heatmaps import draw_heatmaps, measure_heatmaps
from topokit.papers.verdicts import Verdict, equals, holds, not_comparable, reduced

EXACT: dict[Scale, str] = {"exact": "full size, no training"}

PRINTED_SIZES = {
    "cifar-10": ("3x32x32", 10, 70_000, 45_000, 5_000, 10_000),
    "cifar-100": ("3x32x32", 100, 70_000, 45_000, 5_000, 10_000),
    "fashion-mnist": ("1x28x28", 10, 70_000, 53_900, 6_300, 9_800),
    "mnist": ("1x28x28", 10, 70_000, 53_900, 6_300, 9_800),
}
_SUM = "its own parts, 45,000 + 5,000 + 10,000, are 60,000: so many images the data set has"
_ROUNDED = "the printed number is the rounded share (77, 9 or 14 %) of 70,000; the files hold 60,000 + 10,000"


def judge_sizes(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Table 6 against the files."""
    found: list[Verdict] = []
    for row in tables["sizes"].astype(object).to_dict("records"):
        name = str(row["dataset"])
        printed = PRINTED_SIZES[name]
        why = _SUM if name.startswith("cifar") else _ROUNDED
        if isinstance(row["missing"], str) and row["missing"]:
            size = f"{printed[2]:,} samples of {printed[0]}, {printed[1]} classes"
            found.append(not_comparable(LABELS[name], size, source="Table 6", why="its files are not here"))
            continue
        shape = holds(
            f"features, {LABELS[name]}", printed[0], row["features"], row["features"] == printed[0], source="Table 6"
        )
        keys = ("classes", "samples", "train", "validation", "test")
        numbers = zip(keys, printed[1:], [float(row[key]) for key in keys], strict=True)
        words = ((f"{key}, {LABELS[name]}", paper, ours) for key, paper, ours in numbers)
        made = [equals(*three, source="Table 6", why=why) for three in words]
        found += [shape, *(_of_our_split(verdict) for verdict in made)]
    return tuple(found)


def _of_our_split(verdict: Verdict) -> Verdict:
    """How many training images are set aside is a choice: another one than the thesis's is no error of it."""
    split = verdict.quantity.startswith(("train", "validation"))
    return (
        reduced([verdict], f"{verdict.why}; the split here is the last tenth")[0] if split and verdict.why else verdict
    )


def judge_samples(tables: Tables, scale: Scale, *, source: str, classes: int, pixels: int) -> tuple[Verdict, ...]:
    """What the samples are; which ones the thesis shows is not told."""
    samples = tables["samples"]
    return (
        equals("classes shown", classes, float(samples["class"].nunique()), source=source),
        equals("numbers in a sample", pixels, float(tables["shape"]["size"].to_numpy(float).prod()), source="Table 6"),
        not_comparable(
            "samples",
            "which ones is not told",
            f"the first {len(samples) // classes} of each class",
            source=source,
            why="an illustration",
        ),
    )


def _machine(name: str, hidden: int, minutes: float) -> Sweep:
    words = f"Boltzmann machine of 784 x {hidden}, 95 % sparse, MNIST, three growers"
    return Sweep(
        name=f"rbm-{name}",
        what={
            "quick": f"{words}: 10,000 images, 8 of 100 epochs, 1 of 3 seeds, a change of the wiring every 20 instead "
            "of 400 steps",
            "paper": f"{words}, 100 epochs (the thesis tells none), 3 seeds",
        },
        core_minutes={"quick": 0.2, "paper": minutes},
        values=[
            {
                **{key: value for key, value in PROTOCOL.items() if key != "milestones"},
                "model": "rbm",
                "dataset": "mnist",
                "normalise": False,
                "hidden": [hidden],
                "init": "normal",
                "init_deviation": 0.05,
                "learning_rate": 0.01,
                "weight_decay": 0.0,
                "epochs": 100,
                "record_every": 0,
                "record_epochs": 1,
                "record_weights": False,
                "grid": {"method": list(GROWERS), "seed": [0, 1, 2]},
            }
        ],
        quick={"train_samples": 10000, "epochs": 8, "update_every": 20, "grid": {"method": list(GROWERS), "seed": [0]}},
    )


MACHINES = {"big": _machine("big", 500, 15), "small": _machine("small", 100, 5)}


def judge_machine(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """The thesis shows these images and says nothing about them."""
    spread = tables["spread"]
    last = (
        spread[spread["epoch"] == spread["epoch"].max()].groupby("grower", sort=False)[["richest", "mirrored"]].mean()
    )
    words = {name: ", ".join(f"{grower} {value:.2f}" for grower, value in last[name].items()) for name in last}
    return tuple(
        not_comparable(quantity, "shown, not told", words[name], source="appendix D", why="the thesis gives no number")
        for name, quantity in (
            ("richest", "share of the connections at the tenth of the pixels with most, after training"),
            ("mirrored", "correlation of the image with its mirror image, after training"),
        )
    )


def _machine_item(name: str, size: str, hidden: int) -> Item:
    experiment = MACHINES[size]
    return Item(
        name=name,
        title=f"{size.capitalize()} Boltzmann machines: connections of each pixel",
        says=f"Connections of the input neurons of {size} restricted Boltzmann machines on MNIST over training, a row "
        "for each regrowth, mean of 3 seeds. Neither sizes nor training are told.",
        measure=partial(measure_heatmaps, experiment=experiment, growers=GROWERS),
        draw=partial(draw_heatmaps, label="Connections"),
        judge=judge_machine,
        scales=dict(experiment.what),
        experiments=[experiment],
        remarks=[
            f"Sizes are not given: 784 x {hidden} is chosen here; 100 epochs, learning rate 0.01 and no weight decay "
            "too."
        ],
    )


INPUT_ITEMS = [
    Item(
        name="table6",
        title="Data sets",
        says="CIFAR-10 and CIFAR-100: 70,000 samples, 45,000 / 5,000 / 10,000. MNIST and Fashion-MNIST: 70,000 "
        "samples, 53,900 / 6,300 / 9,800.",
        measure=partial(measure_sizes, datasets=PRINTED_SIZES, validation_fraction=0.1),
        judge=judge_sizes,
        scales=EXACT,
        remarks=["The split here is that of the public code: the last tenth of the training data is for validation."],
    ),
    Item(
        name="fig14",
        title="Samples of MNIST",
        says="MNIST training examples, to compare the connections of the inputs with.",
        measure=partial(measure_samples, dataset="mnist", names=[str(digit) for digit in range(10)], each=3),
        draw=draw_samples,
        judge=partial(judge_samples, source="Fig. 14", classes=10, pixels=784),
        scales=EXACT,
    ),
    _machine_item("fig15", "big", 500),
    _machine_item("fig16", "small", 100),
    Item(
        name="fig17",
        title="Samples of CIFAR-10",
        says="CIFAR-10 training samples per class.",
        measure=partial(
            measure_samples,
            dataset="cifar-10",
            names=["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
            each=3,
        ),
        draw=draw_samples,
        judge=partial(judge_samples, source="Fig. 17", classes=10, pixels=3072),
        scales=EXACT,
    ),
]
