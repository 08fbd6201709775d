"""Core ML files: `tests/data/zoo/coreml/*` as ML programs (folders) and as neural networks (one file).

Compressed ones go to `tests/data/samples/coreml/*`. Made with coremltools 9.0 from the PyTorch networks of
`torch_graph.py`, traced by PyTorch 2.13.0. Run as ``python tests/data/make/core_ml.py [nets]``; coremltools need not be
able to run what it writes.
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

import coremltools
import coremltools.optimize.coreml as optimize
import numpy as np
import torch
from coremltools.models.neural_network import quantization_utils
from torch_graph import FOLDER, NETS, built

SAMPLES = FOLDER.parent / "samples" / "coreml"
VARIANTS = {"program": ("mlprogram", ".mlpackage"), "network": ("neuralnetwork", ".mlmodel")}


def converted(name: str, target: str, **options: Any) -> coremltools.models.MLModel:
    """The network of the zoo as Core ML has it."""
    example = NETS[name][1][:1]
    dtype = np.float32 if example.is_floating_point() else np.int32
    inputs = [coremltools.TensorType(name="x", shape=tuple(example.shape), dtype=dtype)]
    if target == "mlprogram":
        options = {"compute_precision": coremltools.precision.FLOAT32} | options
    return coremltools.convert(torch.jit.trace(built(name), example), inputs=inputs, convert_to=target, **options)


def compress() -> None:
    """Write the convnet with its weights quantised, by a table and without zeros, as old and new systems store them."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    ways = {
        "quantised": optimize.OpLinearQuantizerConfig(weight_threshold=1),
        "palettised": optimize.OpPalettizerConfig(nbits=4, weight_threshold=1),
        "pruned": optimize.OpThresholdPrunerConfig(threshold=1e-9, minimum_sparsity_percentile=0.1, weight_threshold=1),
    }
    change = {
        "quantised": optimize.linear_quantize_weights,
        "palettised": optimize.palettize_weights,
        "pruned": optimize.prune_weights,
    }
    for system in ("iOS16", "iOS18"):
        model = converted("convnet", "mlprogram", minimum_deployment_target=getattr(coremltools.target, system))
        for way, told in ways.items():
            path = SAMPLES / f"convnet-{way}-{system}.mlpackage"
            shutil.rmtree(path, ignore_errors=True)
            change[way](model, optimize.OptimizationConfig(global_config=told)).save(str(path))
    for way, bits in (("linear", 8), ("linear_lut", 3)):
        spec = quantization_utils.quantize_weights(converted("mlp", "neuralnetwork"), bits, way)
        spec = spec if hasattr(spec, "SerializeToString") else spec.get_spec()
        (SAMPLES / f"mlp-{way}.mlmodel").write_bytes(spec.SerializeToString())


def main(names: list[str]) -> None:
    """Write the files of the nets named, or of all."""
    folder = FOLDER / "coreml"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NETS:
        for variant, (target, suffix) in VARIANTS.items():
            path = folder / f"{name}-{variant}{suffix}"
            shutil.rmtree(path, ignore_errors=True)
            converted(name, target).save(str(path))
    compress()


if __name__ == "__main__":
    main(sys.argv[1:])
