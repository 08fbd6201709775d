"""The zoo's networks as Keras exports them to ONNX: `tests/data/zoo/onnx/*-tf2onnx.onnx`.

Made from the files of `keras_files.py` with Keras 3.15.1, TensorFlow 2.21.0 and tf2onnx 1.17.0, which cannot export the
transformer's exact GELU. Run as ``python tests/data/make/keras_onnx.py [nets]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx
from tensorflow import keras

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
NETS = ("mlp", "convnet", "lstm")


def main(names: list[str]) -> None:
    """Write the files of the nets named, or of all."""
    for name in names or NETS:
        model = keras.models.load_model(ZOO / "keras" / f"{name}.keras")
        given = model.inputs
        values = [np.zeros((2, *value.shape[1:]), value.dtype) for value in given]
        assert np.isfinite(model(values if len(values) > 1 else values[0])).all()
        signature = [
            tf.TensorSpec((None, *value.shape[1:]), value.dtype, name=f"x{k}") for k, value in enumerate(given)
        ]
        call = tf.function(lambda *values, model=model: model(list(values) if len(values) > 1 else values[0]))
        tf2onnx.convert.from_function(call, signature, opset=18, output_path=str(ZOO / "onnx" / f"{name}-tf2onnx.onnx"))


if __name__ == "__main__":
    main(sys.argv[1:])
