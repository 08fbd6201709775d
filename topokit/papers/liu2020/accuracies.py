"""Figures 2 and 7 and Table 1 of Liu et al. 2020: what sparse networks reach."""

from __future__ import annotations

from functools import partial

import numpy as np

from topokit.papers.experiment import Scale
from topokit.papers.liu2020.training import (
    CIFAR_DENSE,
    CIFAR_SPARSE,
    FASHION_DENSE,
    FASHION_SPARSE,
    RETRAINED,
    SET_CIFAR,
    SET_CIFAR_SPARSER,
    SET_FASHION,
)
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.accuracy_against_density import DENSE, draw_densities, mean_accuracy, measure_densities
from topokit.papers.recipes.retrained_wirings import draw_retrained, mean_at, measure_retrained
from topokit.papers.recipes.run_accuracies import measure_accuracies
from topokit.papers.verdicts import Verdict, equals, holds, lies_within, mean_equals, reduced

NETWORKS = {"static": "Fix-MLP", "set": "SET-MLP"}
CURVES = {"": "SET", "new": "again, new weights", "stored": "again, weights of SET"}

SIMILAR = 1.0
"""Percentage points that are no difference on the axes of Fig. 2, which go from 0.5 to 0.9."""

VALIDATION = (
    "What Table 1 calls test accuracy is the best accuracy of all epochs on the 12,000 validation images: the "
    "maxima of the seven logs that are published are the printed numbers to two decimals, and multiples of 1/12,000 "
    "but not all of 1/10,000."
)
SIGNS = "SET drops the fraction of the positive and of the negative weights each: see item 'set'."
UNKNOWN_SPLIT = (
    "which images are the validation set, whether a network is evaluated before or after its wiring changes, and the "
    "initial weights are not told"
)
SHORT = "after a small part of the training, on a part of the data"


def judge_densities(tables: Tables, scale: Scale, *, sparsest: float, reaches: float) -> tuple[Verdict, ...]:
    """Sparse networks beside dense ones, and SET beside a wiring that stays."""
    runs = tables["runs"]
    levels = sorted(runs.loc[runs["network"] != DENSE, "density"].unique())
    dense = mean_accuracy(tables, DENSE, 100.0)
    fix, evolved = ({level: mean_accuracy(tables, name, level) for level in levels} for name in NETWORKS.values())
    at_least = levels[-1] if scale == "quick" else np.nextafter(sparsest, np.inf)
    large = [level for level in levels if level >= at_least]
    gains = {level: evolved[level] - fix[level] for level in levels}
    verdicts = (
        *(
            lies_within(
                f"{name} from {min(large, default=sparsest):g} % on: largest distance from dense, percentage points",
                (0, SIMILAR),
                max((abs(found[level] - dense) for level in large), default=np.nan),
                source="section 4.2, Fig. 2",
            )
            for name, found in zip(NETWORKS.values(), (fix, evolved), strict=True)
        ),
        lies_within(
            f"SET-MLP at {reaches:g} % above dense, percentage points: reaches or outperforms it",
            (-SIMILAR if reaches < 1 else 0, np.inf),
            evolved.get(reaches, np.nan) - dense,
            source="section 4.2, Fig. 2",
        ),
        holds(
            "SET-MLP above Fix-MLP, mean over the densities, percentage points",
            "better",
            f"{np.mean([*gains.values()]):+.2f}; "
            + ", ".join(f"{level:g} %: {gain:+.2f}" for level, gain in gains.items()),
            bool(np.mean([*gains.values()]) > 0),
            source="section 4.2, Fig. 2",
        ),
    )
    return reduced(verdicts, SHORT) if scale == "quick" else verdicts


def judge_table(
    tables: Tables, scale: Scale, *, accuracies: tuple[float, ...], why: str = UNKNOWN_SPLIT
) -> tuple[Verdict, ...]:
    """The printed numbers beside what they are, and beside what the caption says they are."""
    runs, printed = tables["runs"], np.array(accuracies)
    mean, deviation = round(float(printed.mean()), 2), round(float(printed.std(ddof=1)), 2)
    verdicts = (
        *(
            mean_equals(
                f"{words}, mean of the networks (%)",
                mean,
                runs[column],
                deviation=deviation,
                runs=len(printed),
                source=f"Table 1; {told}",
                why=why,
            )
            for column, words, told in (
                ("validation", "best validation accuracy", "what the numbers are"),
                ("test", "test accuracy at the best validation accuracy", "what the caption says"),
            )
        ),
        equals(
            "standard deviation over the networks, percentage points: 'very similar'",
            deviation,
            round(float(runs["validation"].std()), 3),
            tolerance=deviation,
            source="Table 1",
        ),
    )
    return reduced(verdicts, SHORT) if scale == "quick" else verdicts


def judge_retrained(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    """Whether wirings become better, and whether they are enough."""
    during, new, stored = (mean_at(tables, name) for name in CURVES.values())
    epochs = new.index
    gain, more = new - during[epochs], stored - new
    late = gain[epochs > 400]
    told = ", ".join(f"{epoch:g}: {value:+.2f}" for epoch, value in gain.items())
    verdicts = (
        holds(
            "accuracy of wirings trained again from new weights",
            "consistently increases with the epoch of the wiring",
            " ".join(f"{value:.2f}" for value in new),
            bool((np.diff(new) > 0).all()),
            source="section 4.4, Fig. 7",
            why="mean over the networks; steps between late wirings may be smaller than the spread of the runs",
        ),
        holds(
            "new weights above SET by epoch of the wiring, percentage points",
            "no longer match SET after about epoch 400",
            told,
            bool(len(late) and (late < 0).all() and gain.iloc[0] > 0),
            source="section 4.4, Fig. 7",
        ),
        holds(
            "weights of SET trained on above new weights, percentage points",
            "significantly better than random re-initialization",
            ", ".join(f"{epoch:g}: {value:+.2f}" for epoch, value in more.items()),
            bool((more > 0).all()),
            source="section 4.4, Fig. 7",
        ),
    )
    return reduced(verdicts, SHORT) if scale == "quick" else verdicts


FIGURES = (
    Item(
        name="fig2a",
        title="Accuracy over density on Fashion-MNIST",
        says="Above 20 % of the connections sparse MLPs reach the accuracy of dense ones, with and without changes of "
        "the wiring; below it falls, yet the dense accuracy is still reached with 0.6 %. SET is slightly better than a "
        "fixed wiring.",
        measure=partial(measure_densities, sparse=FASHION_SPARSE, dense=FASHION_DENSE, names=NETWORKS),
        draw=draw_densities,
        judge=partial(judge_densities, sparsest=20.0, reaches=0.6),
        scales=dict(FASHION_SPARSE.what),
        experiments=(FASHION_SPARSE, FASHION_DENSE),
        remarks=(
            "Accuracies here are those on the test data in the epoch that is best on the validation data, as section "
            "4.1 says; the paper may show the latter, as its Table 1 does.",
        ),
    ),
    Item(
        name="fig2b",
        title="Accuracy over density on CIFAR-10",
        says="A fixed wiring matches dense MLPs above 20 % of the connections only; SET outperforms them with 5 %.",
        measure=partial(measure_densities, sparse=CIFAR_SPARSE, dense=CIFAR_DENSE, names=NETWORKS),
        draw=draw_densities,
        judge=partial(judge_densities, sparsest=20.0, reaches=5.0),
        scales=dict(CIFAR_SPARSE.what),
        experiments=(CIFAR_SPARSE, CIFAR_DENSE),
        remarks=(
            "Section 4.1 says 1000 epochs, section 4.2 says 900; these are 900.",
            "How far images are turned and cropped is not told: here by up to 10 degrees and 4 pixels.",
        ),
    ),
)

TABLES = tuple(
    Item(
        name=name,
        title=f"Accuracies of ten networks trained with SET on {data}",
        says=f"Test accuracies of ten networks that end up with very different wiring: {min(numbers):.2f} to "
        f"{max(numbers):.2f} %, all very similar.",
        measure=partial(measure_accuracies, experiment=experiment, columns=columns),
        judge=partial(judge_table, accuracies=numbers),
        scales=dict(experiment.what),
        experiments=(experiment,),
        remarks=remarks,
    )
    for name, data, experiment, columns, numbers, remarks in (
        (
            "table1",
            "Fashion-MNIST",
            SET_FASHION,
            ("generation", "seed"),
            (87.48, 87.53, 87.41, 87.54, 88.01, 87.58, 87.34, 87.70, 87.77, 88.02),
            (VALIDATION, SIGNS),
        ),
        (
            "table1-cifar",
            "CIFAR-10",
            SET_CIFAR,
            ("seed",),
            (65.46, 65.62, 65.26, 65.46, 65.00, 65.57, 65.61, 64.92, 64.86, 65.58),
            (
                "No logs are published for CIFAR-10; as Table 1's other row is made of validation accuracies, these "
                "may be too.",
                "Section 4.1 says 1000 epochs, section 4.3 says 900; these are 900.",
            ),
        ),
    )
)

RETRAINING = Item(
    name="fig7",
    title="Wirings of SET trained again",
    says="Ten networks of density 0.5 % are trained with SET on CIFAR-10; their wiring of every 100th epoch is trained "
    "for 1000 more epochs. From new weights the accuracy rises with the epoch of the wiring, and falls behind SET "
    "after about 400; from the weights of SET it is significantly better than from new ones.",
    measure=partial(measure_retrained, source=SET_CIFAR_SPARSER, again=RETRAINED, names=CURVES),
    draw=draw_retrained,
    judge=judge_retrained,
    scales=dict(RETRAINED.what),
    experiments=(SET_CIFAR_SPARSER, RETRAINED),
    remarks=(
        "Networks trained again see 1000 epochs, more than the SET network has at any epoch: where they are better "
        "than it, that is no advantage of the wiring alone.",
        "Whether wirings that are trained again change any more is not told; here they stay.",
        "Biases and the parameters of SReLU begin anew even with the weights of SET.",
    ),
)
