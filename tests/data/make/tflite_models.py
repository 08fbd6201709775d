"""The zoo's networks as the converter of TensorFlow Lite writes them.

``python tests/data/make/tflite_models.py [networks]`` writes each under ``zoo/tflite``: in float32, in float16, and
with the converter's own sparse encoding; the mlp and the convnet quantised to int8 under ``samples/tflite``. Made with
TensorFlow 2.21.0 and Keras 3.15.1. Of the LSTM of Keras 3 the converter makes a loop (``lstm-loop``), of that of
tf_keras 2.21.0 one fused operator (``lstm``).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
import zoo
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

HERE = Path(__file__).parent


ZOO, SAMPLES = HERE.parent / "zoo" / "tflite", HERE.parent / "samples" / "tflite"
QUANTISED = ("mlp", "convnet")


def keras_networks() -> dict[str, Callable[[], Any]]:
    """The networks that the script of Keras builds."""
    spec = importlib.util.spec_from_file_location("zoo_keras", HERE / "keras_files.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.NETWORKS)


def fused_lstm() -> bytes:
    """The file of the LSTM of Keras 2, whose gates are ordered i, f, g, o too."""
    made = zoo.lstm()
    steps = [tf_keras.Input((5, 6), batch_size=1), tf_keras.layers.LSTM(4, name="lstm")]
    model = tf_keras.Sequential([*steps, tf_keras.layers.Dense(3, name="fc")])
    model.get_layer("lstm").set_weights([made["lstm.kernel"], made["lstm.recurrent"], made["lstm.bias"]])
    model.get_layer("fc").set_weights([made["fc.kernel"], made["fc.bias"]])
    call = tf.function(lambda value: model(value)).get_concrete_function(tf.TensorSpec([1, 5, 6], tf.float32))
    with TemporaryDirectory() as folder:
        model.save(folder, save_format="tf", signatures=call)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    check(content)
    return content


def converter(model: Any) -> Any:
    """A converter of the model with its weights as constants and a batch of one."""
    signature = [tf.TensorSpec([1, *value.shape[1:]], value.dtype) for value in model.inputs]
    call = tf.function(lambda *values: model(list(values) if len(values) > 1 else values[0]))
    frozen = convert_variables_to_constants_v2(call.get_concrete_function(*signature))
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen], model)


def examples(model: Any) -> Iterator[list[Any]]:
    """Inputs from which the quantiser learns the ranges of values."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        yield [rng.standard_normal([1, *value.shape[1:]]).astype(np.float32) for value in model.inputs]


def variants(model: Any, name: str) -> Iterator[tuple[Path, Any]]:
    """Files and what writes them."""
    name = name.replace("lstm", "lstm-loop")
    yield ZOO / f"{name}.tflite", converter(model)
    half = converter(model)
    half.optimizations, half.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    yield ZOO / f"{name}-float16.tflite", half
    sparse = converter(model)
    sparse.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    yield ZOO / f"{name}-sparse.tflite", sparse
    if name in QUANTISED:
        whole = converter(model)
        whole.optimizations, whole.representative_dataset = [tf.lite.Optimize.DEFAULT], lambda: examples(model)
        whole.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        yield SAMPLES / f"{name}-int8.tflite", whole


def check(content: bytes) -> None:
    """Fail unless the network computes; the interpreter does not run sparse kernels of every kind."""
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for told in interpreter.get_input_details():
        interpreter.set_tensor(told["index"], np.ones(told["shape"], told["dtype"]))
    interpreter.invoke()
    assert np.isfinite(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])).all()


def main(names: list[str]) -> None:
    """Write the files of these networks, of all when none is named."""
    networks = keras_networks()
    for folder in (ZOO, SAMPLES):
        folder.mkdir(parents=True, exist_ok=True)
    for name in names or networks:
        for path, writer in variants(networks[name](), name):
            content = writer.convert()
            check(content)
            path.write_bytes(content)
        if name == "lstm":
            (ZOO / "lstm.tflite").write_bytes(fused_lstm())


if __name__ == "__main__":
    main(sys.argv[1:])
