"""Small Keras models of many kinds of layers, for `samples/keras` and `samples/keras-h5`.

``python tests/data/make/keras_layers.py`` with Keras 3.15.1 on TensorFlow 2.21.0 writes those of Keras 3;
``python tests/data/make/keras_layers.py tf_keras`` with tf-keras 2.21.0 and tensorflow-model-optimization 0.8.1 those
of Keras 2. Their weights are as Keras draws them, so that every weight is an edge.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).parent
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": str(int("tf_keras" in sys.argv))}


SAMPLES = HERE.parent / "samples"


def recurrent(keras: ModuleType) -> Any:
    """Both directions, then cells on top of each other."""
    layers = keras.layers
    steps = keras.Input((5, 6))
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(steps)
    stacked = layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], name="stacked")(both)
    return keras.Model(steps, layers.Dense(2, name="head")(stacked))


def maps(keras: ModuleType) -> Any:
    """Feature maps made larger, smaller, padded and cut."""
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    made = layers.SeparableConv2D(6, 3, depth_multiplier=2, name="separable")(image)
    made = layers.Conv2D(4, 3, strides=2, groups=2, name="grouped")(layers.ZeroPadding2D(2)(made))
    made = layers.Cropping2D(1)(layers.UpSampling2D(2)(made))
    made = layers.Conv2DTranspose(5, 3, strides=2, padding="same", name="transposed")(made)
    return keras.Model(image, layers.Dense(2, name="head")(layers.Flatten()(made)))


def timed(keras: ModuleType) -> Any:
    """Images over time."""
    layers = keras.layers
    films = keras.Input((4, 8, 8, 3))
    made = layers.TimeDistributed(layers.Conv2D(5, 3), name="conv")(films)
    made = layers.TimeDistributed(layers.Flatten())(layers.TimeDistributed(layers.MaxPooling2D())(made))
    made = layers.TimeDistributed(layers.Dense(6), name="fc")(made)
    return keras.Model(films, layers.Dense(2, name="head")(layers.LSTM(4, name="lstm")(made)))


def nested(keras: ModuleType) -> Any:
    """A model and a layer that are both used twice."""
    layers = keras.layers
    inside = [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="c1"), layers.Flatten(), layers.Dense(6, name="d1")]
    encoder, shared = keras.Sequential(inside, name="encoder"), layers.Dense(5, name="shared")
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    both = layers.Concatenate()([shared(encoder(left)), shared(encoder(right))])
    return keras.Model([left, right], layers.Dense(2, name="head")(both))


def operations(keras: ModuleType) -> Any:
    """Functions between layers."""
    layers = keras.layers
    rows = keras.Input((6, 8))
    made = rows + layers.Dense(8, name="fc")(rows) * 2.0
    if hasattr(keras, "ops"):
        made = keras.ops.relu(keras.ops.expand_dims(keras.ops.mean(made, axis=1), 1)[:, 0, :3])
        made = keras.ops.reshape(keras.ops.concatenate([made, made], axis=-1), [-1, 6])
    else:
        import tensorflow as tf

        made = tf.nn.relu(tf.expand_dims(tf.reduce_mean(made, axis=1), 1)[:, 0, :3])
        made = tf.reshape(tf.concat([made, made], axis=-1), [-1, 6])
    return keras.Model(rows, layers.Dense(2, name="head")(made))


def grouped_heads(keras: ModuleType) -> Any:
    """Attention whose heads share keys and values, then a layer told by an equation."""
    layers = keras.layers
    rows = keras.Input((6, 8))
    attended = layers.GroupQueryAttention(4, 4, 2, name="attention")(rows, rows)
    normal = layers.RMSNormalization(name="norm")(layers.Add(name="add")([rows, attended]))
    return keras.Model(rows, layers.EinsumDense("abc,cde->abde", output_shape=(None, 3, 5), name="head")(normal))


def trained(keras: ModuleType) -> Any:
    """A model with the state of its optimizer."""
    layers = keras.layers
    steps = [keras.Input((6,)), layers.Dense(5, name="fc1"), layers.Dropout(0.2), layers.BatchNormalization(name="bn")]
    model = keras.Sequential([*steps, layers.Lambda(abs, name="lambda"), layers.Dense(2, name="fc2")])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((8, 6)), np.ones((8, 2)), verbose=0)
    return model


def pruned(keras: ModuleType) -> Any:
    """A model that the Model Optimization toolkit prunes to one half."""
    import tensorflow_model_optimization as toolkit

    layers, sparsity = keras.layers, toolkit.sparsity.keras
    steps = [layers.InputLayer((5, 6)), layers.Conv1D(5, 3, name="conv"), layers.Flatten(), layers.Dense(4, name="fc")]
    model = sparsity.prune_low_magnitude(keras.Sequential(steps), sparsity.ConstantSparsity(0.5, 0, frequency=1))
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 5, 6)), np.ones((8, 4)), verbose=0, callbacks=[sparsity.UpdatePruningStep()])
    return model


def save(model: Any, name: str, *endings: str) -> None:
    """Save a model in one or more formats."""
    for ending in endings:
        path = SAMPLES / ("keras" if ending == ".keras" else "keras-h5") / f"{name}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(path) if ending == ".weights.h5" else model.save(path)


def main(version: str = "keras") -> None:
    """Write the samples of Keras 3 or of Keras 2."""
    if version == "tf_keras":
        import tf_keras as keras
    else:
        import keras
    keras.utils.set_random_seed(0)
    if version == "tf_keras":
        chosen, suffix = (nested, operations, trained, pruned), "-2"
    else:
        chosen, suffix = (recurrent, maps, timed, nested, operations, trained, grouped_heads), ""
        save(recurrent(keras), "recurrent", ".weights.h5")
    for make in chosen:
        save(make(keras), make.__name__ + suffix, ".keras", ".h5")


if __name__ == "__main__":
    main(*sys.argv[1:])
