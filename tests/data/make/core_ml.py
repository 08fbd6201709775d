"""Core ML files of the zoo: `tests/data/zoo/coreml/*`, as ML programs (folders) and as neural networks (one file).

Made with coremltools 9.0 from the PyTorch networks of `torch_graph.py`, traced by PyTorch 2.13.0. Run as
``python tests/data/make/core_ml.py [nets]``; coremltools need not be able to run what it writes.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import coremltools
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from torch_graph import FOLDER, NETS, built  # noqa: E402

VARIANTS = {"program": ("mlprogram", ".mlpackage"), "network": ("neuralnetwork", ".mlmodel")}


def main(names: list[str]) -> None:
    """Write the files of the nets named, or of all."""
    folder = FOLDER / "coreml"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NETS:
        example = NETS[name][1][:1]
        traced = torch.jit.trace(built(name), example)
        dtype = np.float32 if example.is_floating_point() else np.int32
        inputs = [coremltools.TensorType(name="x", shape=tuple(example.shape), dtype=dtype)]
        for variant, (target, suffix) in VARIANTS.items():
            precision = {"compute_precision": coremltools.precision.FLOAT32} if target == "mlprogram" else {}
            path = folder / f"{name}-{variant}{suffix}"
            shutil.rmtree(path, ignore_errors=True)
            coremltools.convert(traced, inputs=inputs, convert_to=target, **precision).save(str(path))


if __name__ == "__main__":
    main(sys.argv[1:])
