"""The zoo's MLP and transformer quantised by ONNX Runtime: `tests/data/samples/onnx/*.onnx`.

Made from the files of `torch_graph.py` with onnxruntime 1.31.1. Run as ``python tests/data/make/quantised_onnx.py``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization import matmul_nbits_quantizer

DATA = Path(__file__).parents[1]
SAMPLES = DATA / "samples" / "onnx"


class Examples(quantization.CalibrationDataReader):
    """Some inputs for the MLP."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.given = iter([{"x": rng.standard_normal((4, 12)).astype(np.float32)} for _ in range(8)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.given, None)


def main() -> None:
    """Write all samples."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    mlp, transformer = (DATA / "zoo" / "onnx" / f"{name}-script.onnx" for name in ("mlp", "transformer"))
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quantization.shape_inference.quant_pre_process(str(mlp), str(prepared))
        forms = {"qdq": quantization.QuantFormat.QDQ, "operators": quantization.QuantFormat.QOperator}
        for name, form in forms.items():
            quantization.quantize_static(
                prepared,
                SAMPLES / f"mlp-{name}.onnx",
                Examples(),
                quant_format=form,
                per_channel=name == "qdq",
                weight_type=quantization.QuantType.QInt8,
            )
    quantization.quantize_dynamic(transformer, SAMPLES / "transformer-dynamic.onnx")
    narrow = matmul_nbits_quantizer.MatMulNBitsQuantizer(onnx.load(transformer), bits=4, block_size=16)
    narrow.process()
    onnx.save(narrow.model.model, SAMPLES / "transformer-4bits.onnx")


if __name__ == "__main__":
    main()
