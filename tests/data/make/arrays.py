"""Make the sample files of NumPy, SciPy and pickle: ``python tests/data/make/arrays.py``.

Made with NumPy 2.4.6 and SciPy 1.17.1. The SET files have the form that ``set_mlp_sequential.py`` of
https://github.com/SelimaC/large-scale-sparse-neural-networks saves: one table {layer: CSR matrix} per epoch.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import zoo
from scipy import sparse

DATA = Path(__file__).parents[1]


LAYERS = ("fc1", "fc2", "fc3")


def nested() -> dict[str, Any]:
    """The network as a table of tables, as many a training script keeps it."""
    weights = zoo.mlp()
    return {name: {"W": weights[f"{name}.kernel"], "b": weights[f"{name}.bias"]} for name in LAYERS}


def matrices() -> list[sparse.csr_matrix]:
    """The kernels as SciPy keeps them."""
    weights = zoo.mlp()
    return [sparse.csr_matrix(weights[f"{name}.kernel"]) for name in LAYERS]


def epochs() -> list[dict[int, sparse.csr_matrix]]:
    """Three epochs of a SET training: the last one is the network."""
    last = dict(enumerate(matrices(), start=1))
    return [{k: sparse.csr_matrix(m.toarray()[::-1]) for k, m in last.items()} for _ in range(2)] + [last]


def pickles() -> dict[str, tuple[Any, int]]:
    """What is pickled, and by which protocol."""
    weights = zoo.mlp()
    fortran = {name: np.asfortranarray(values) for name, values in weights.items()}
    return {
        "mlp": (weights, 4),
        "mlp-protocol0": (weights, 0),
        "mlp-protocol2": (weights, 2),
        "mlp-protocol5": (fortran, 5),
        "mlp-nested": ({"epoch": 3, "params": nested(), "loss": np.float64(0.25)}, 3),
        "mlp-list": ([weights[f"{name}.kernel"].astype(">f8") for name in LAYERS], 4),
        "mlp-scipy": (matrices(), 4),
        "mlp-scipy-csc": ({str(k): sparse.csc_array(m) for k, m in enumerate(matrices())}, 5),
        "mlp-scipy-coo": ({str(k): sparse.coo_matrix(m) for k, m in enumerate(matrices())}, 2),
    }


def main() -> None:
    """Write the files."""
    for name in ("pickle", "npz", "npy"):
        (DATA / "zoo" / name).mkdir(parents=True, exist_ok=True)
    for name, (value, protocol) in pickles().items():
        (DATA / "zoo/pickle" / f"{name}.pkl").write_bytes(pickle.dumps(value, protocol))
    kernels = {name: zoo.mlp()[f"{name}.kernel"] for name in LAYERS}
    np.savez(DATA / "zoo/npz/mlp.npz", **kernels)
    np.savez_compressed(DATA / "zoo/npz/mlp-set.npz", *epochs())
    np.save(DATA / "zoo/npy/mlp-objects.npy", nested())
    np.save(DATA / "zoo/npy/mlp-list.npy", np.array([*kernels.values(), None], object)[:-1])


if __name__ == "__main__":
    main()
