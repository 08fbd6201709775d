"""What came out of a run, in the four ways that papers report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from topokit.dag import LayeredDAG
from topokit.recording.metrics import final_size_from


def summarised(rows: Sequence[Mapping[str, float]], network: LayeredDAG) -> dict[str, float]:
    """The best, last and selected accuracies of a run, and its size; of a network that rebuilds its inputs, the errors.

    Papers mean different things by "accuracy": the largest on the test data, the largest on the validation data, that
    after the last epoch, or that on the test data in the epoch that was best on the validation data. All are given.
    Where edges only went, as in pruning, the largest are those of the epochs at the final number of edges: what the
    dense network reached is not to be had from the pruned one.

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
        ``last_validation_accuracy``, ``max_validation_accuracy``, ``max_validation_epoch`` and
        ``test_accuracy_at_max_validation``; ``epochs_compared``, over which the largest were sought, all or the last
        ones; ``epochs``, ``steps``, ``edges`` and ``density``. Where no accuracy was measured,
        ``reconstruction_error`` stands for it and ``min`` for ``max``. Of equally good epochs the first counts. A
        convolution has an edge for each weight of its kernels here, as the metrics have it.
    """
    name, best = ("accuracy", max) if "test_accuracy" in rows[-1] else ("reconstruction_error", min)
    most = best.__name__
    test, validation = f"test_{name}", f"validation_{name}"
    compared = rows[final_size_from([row["edges"] for row in rows]) :]
    chosen = best(compared, key=lambda row: row[test])
    summary = {
        f"last_{test}": rows[-1][test],
        f"{most}_{test}": chosen[test],
        f"{most}_test_epoch": int(chosen["epoch"]),
    }
    if validation in rows[-1]:
        chosen = best(compared, key=lambda row: row[validation])
        summary |= {
            f"last_{validation}": rows[-1][validation],
            f"{most}_{validation}": chosen[validation],
            f"{most}_validation_epoch": int(chosen["epoch"]),
            f"{test}_at_{most}_validation": chosen[test],
        }
    size = {"epochs_compared": len(compared), "epochs": int(rows[-1]["epoch"]), "steps": int(rows[-1]["step"])}
    edges = int(rows[-1]["edges"])
    return summary | size | {"edges": edges, "density": edges / _possible_weights(network)}


def _possible_weights(network: LayeredDAG) -> int:
    """The weights of a dense network of that architecture."""
    weighted = [block for block in network.blocks if block.carries_weights]
    return sum(block.possible * (1 if block.taps is None else block.taps.count) for block in weighted)
