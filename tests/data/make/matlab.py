"""The chain of the zoo as MATLAB files.

``python tests/data/make/matlab.py``. Version 5 is written by scipy.io.savemat (SciPy 1.17.1). Version 7.3 is HDF5 that
only MATLAB itself writes; here h5py 3.16.0 lays it out as MATLAB does: 512 bytes of text before it, axes reversed,
``MATLAB_class`` on every array, the groups of sparse matrices with ``data``, ``ir`` and ``jc``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import zoo
from numpy.typing import NDArray
from scipy import sparse

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
TEXT = "MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Fri Nov 20 12:00:00 2026 HDF5 schema 1.00 ."


def variables() -> dict[str, NDArray[np.float32]]:
    """The chain under names that MATLAB allows."""
    return {name.replace(".", "_"): values for name, values in zoo.mlp().items()}


def nested(arrays: dict[str, NDArray[np.float32]]) -> dict[str, Any]:
    """The same in a structure with a cell array of kernels and one of biases."""
    cells = {}
    for part in ("kernel", "bias"):
        chosen = [values for name, values in arrays.items() if name.endswith(part)]
        cells[part] = np.empty((1, len(chosen)), object)
        cells[part][0] = chosen
    return {"net": {"name": "chain", "weights": cells["kernel"], "biases": cells["bias"]}}


def write_v73(path: Path, arrays: dict[str, Any]) -> None:
    """Write matrices, dense and sparse, as MATLAB 7.3 does."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            write_array(file, name, values)
    with path.open("r+b") as file:
        file.write(TEXT.encode().ljust(116) + b"\0" * 8 + b"\x00\x02IM")


def write_array(file: h5py.File, name: str, values: Any) -> None:
    """One matrix; a list becomes a cell array of references."""
    if isinstance(values, list):
        names = [f"#refs#/{name}_{k}" for k in range(len(values))]
        for inner, item in zip(names, values, strict=True):
            write_array(file, inner, item)
        made = file.create_dataset(name, data=np.array([[file[inner].ref] for inner in names], h5py.ref_dtype))
        made.attrs["MATLAB_class"] = np.bytes_("cell")
    elif sparse.issparse(values):
        group, columns = file.create_group(name), sparse.csc_array(values)
        group["data"], group["ir"] = columns.data.astype(np.float64), columns.indices.astype(np.uint64)
        group["jc"] = columns.indptr.astype(np.uint64)
        group.attrs["MATLAB_class"], group.attrs["MATLAB_sparse"] = np.bytes_("double"), np.uint64(columns.shape[0])
    else:
        made = file.create_dataset(name, data=np.atleast_2d(values).T)
        made.attrs["MATLAB_class"] = np.bytes_("single" if values.dtype == np.float32 else "double")


def main() -> None:
    """Write all files."""
    for folder in (ZOO / "matlab", ZOO / "matlab-hdf5"):
        folder.mkdir(parents=True, exist_ok=True)
    arrays = variables()
    pruned = {name: sparse.csc_array(values) if values.ndim == 2 else values for name, values in arrays.items()}
    doubles = {name: matrix.astype(np.float64) for name, matrix in pruned.items()}
    scipy.io.savemat(ZOO / "matlab" / "mlp.mat", arrays)
    scipy.io.savemat(ZOO / "matlab" / "mlp-compressed.mat", arrays, do_compression=True)
    scipy.io.savemat(ZOO / "matlab" / "mlp-sparse.mat", doubles)
    scipy.io.savemat(ZOO / "matlab" / "mlp-cells.mat", nested(arrays), do_compression=True)
    write_v73(ZOO / "matlab-hdf5" / "mlp.mat", arrays)
    write_v73(ZOO / "matlab-hdf5" / "mlp-sparse.mat", doubles)
    kernels = [values for name, values in arrays.items() if name.endswith("kernel")]
    write_v73(ZOO / "matlab-hdf5" / "mlp-cells.mat", {"weights": kernels})


if __name__ == "__main__":
    main()
