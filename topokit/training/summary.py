"""What came out of a run, in the four ways that papers report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from topokit.dag import LayeredDAG


def summarised(rows: Sequence[Mapping[str, float]], network: LayeredDAG) -> dict[str, float]:
    """The best, last and selected accuracies of a run, and its size.

    Papers mean different things by "accuracy": the largest on the test data, the largest on the validation data, that
    after the last epoch, or that on the test data in the epoch that was best on the validation data. All are given.

    Parameters
    ----------
    rows : sequence of mapping
        One for each epoch, as in ``metrics.csv``.
    network : LayeredDAG
        The final one.

    Returns
    -------
    dict
        ``last_test_accuracy``, ``max_test_accuracy`` and ``max_test_epoch``; where validation data were kept,
        ``max_validation_accuracy``, ``max_validation_epoch`` and ``test_accuracy_at_max_validation``; ``epochs``,
        ``steps``, ``edges`` and ``density``. Of equally good epochs the first counts.
    """
    best = max(rows, key=lambda row: row["test_accuracy"])
    summary = {
        "last_test_accuracy": rows[-1]["test_accuracy"],
        "max_test_accuracy": best["test_accuracy"],
        "max_test_epoch": int(best["epoch"]),
    }
    if "validation_accuracy" in rows[-1]:
        chosen = max(rows, key=lambda row: row["validation_accuracy"])
        summary |= {
            "max_validation_accuracy": chosen["validation_accuracy"],
            "max_validation_epoch": int(chosen["epoch"]),
            "test_accuracy_at_max_validation": chosen["test_accuracy"],
        }
    size = {"epochs": int(rows[-1]["epoch"]), "steps": int(rows[-1]["step"])}
    return summary | size | {"edges": network.n_edges, "density": network.density}
