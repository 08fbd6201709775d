"""The chain of the zoo in HDF5 without a framework's marks, as h5py 3.16.0 writes it.

``python tests/data/make/hdf5.py`` writes the groups in both layouts of the format, one of them compressed.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import zoo

HERE = Path(__file__).parent


def main() -> None:
    """Write both files."""
    folder = HERE.parent / "zoo" / "hdf5"
    folder.mkdir(parents=True, exist_ok=True)
    for name, layout, filters in (
        ("mlp", "earliest", {}),
        ("mlp-new", "latest", {"compression": "gzip", "shuffle": True}),
    ):
        with h5py.File(folder / f"{name}.h5", "w", libver=layout) as file:
            for tensor, values in zoo.mlp().items():
                file.create_dataset(tensor.replace(".", "/"), data=values, **filters)


if __name__ == "__main__":
    main()
