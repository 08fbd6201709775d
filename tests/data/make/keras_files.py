"""The zoo's networks as Keras saves them.

``python tests/data/make/keras_files.py [networks]`` writes each as a ``.keras`` archive under ``zoo/keras`` and as a
legacy ``.h5`` under ``zoo/keras-h5``, the chain also as a folder, as weights alone and as weights in two files. HDF5
files that Keras makes larger than is kept here are copied into the newer layout of the format, and must open in Keras
then. Made with Keras 3.15.1 on TensorFlow 2.21.0 and h5py 3.14.0.
"""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import zoo
from keras import layers

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
LARGEST = 50_000


def mlp() -> keras.Model:
    """Three dense layers, one after the other."""
    made = zoo.mlp()
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(10, activation="relu", name="fc1"),
            layers.Dense(8, activation="relu", name="fc2"),
            layers.Dense(4, name="fc3"),
        ],
        name="mlp",
    )
    for name in ("fc1", "fc2", "fc3"):
        model.get_layer(name).set_weights([made[f"{name}.kernel"], made[f"{name}.bias"]])
    return model


def convnet() -> keras.Model:
    """Channels-last; the rows of the last kernel are permuted to match."""
    made = zoo.convnet()
    image = keras.Input((8, 8, 3))
    normal = layers.BatchNormalization(name="bn1")
    h1 = layers.ReLU(name="relu1")(normal(layers.Conv2D(8, 3, padding="same", name="conv1")(image)))
    h2 = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="dw")(h1)
    h3 = layers.ReLU(name="relu3")(layers.Add(name="add")([h1, layers.Conv2D(8, 1, name="pw")(h2)]))
    flat = layers.Flatten(name="flatten")(layers.MaxPooling2D(name="pool")(h3))
    model = keras.Model(image, layers.Dense(5, name="fc")(flat), name="convnet")
    for name in ("conv1", "dw", "pw"):
        model.get_layer(name).set_weights([made[f"{name}.kernel"], made[f"{name}.bias"]])
    normal.set_weights([made[f"bn1.{part}"] for part in ("scale", "bias", "mean", "variance")])
    kernel = made["fc.kernel"].reshape(8, 4, 4, 5).transpose(1, 2, 0, 3).reshape(128, 5)
    model.get_layer("fc").set_weights([kernel, made["fc.bias"]])
    return model


def transformer() -> keras.Model:
    """Attention is Keras' own MultiHeadAttention; positions are embedded as tokens are."""
    made = zoo.transformer()
    ids, places = keras.Input((6,), dtype="int32", name="ids"), keras.Input((6,), dtype="int32", name="places")
    norms = [layers.LayerNormalization(epsilon=1e-5, name=f"ln{k}") for k in range(3)]
    token, position = layers.Embedding(11, 8, name="token"), layers.Embedding(6, 8, name="position")
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    h0 = norms[0](layers.Add(name="add0")([token(ids), position(places)]))
    h1 = norms[1](layers.Add(name="add1")([h0, attention(h0, h0)]))
    hidden = layers.Dense(16, activation="gelu", name="ff1")(h1)
    h2 = norms[2](layers.Add(name="add2")([h1, layers.Dense(8, name="ff2")(hidden)]))
    model = keras.Model([ids, places], layers.Dense(11, name="head")(h2), name="transformer")
    token.set_weights([made["token"]])
    position.set_weights([made["position"]])
    for k, norm in enumerate(norms):
        norm.set_weights([made[f"ln{k}.scale"], made[f"ln{k}.bias"]])
    for name in ("ff1", "ff2", "head"):
        model.get_layer(name).set_weights([made[f"{name}.kernel"], made[f"{name}.bias"]])
    heads = [
        part for name in "qkv" for part in (made[f"{name}.kernel"].reshape(8, 2, 4), made[f"{name}.bias"].reshape(2, 4))
    ]
    attention.set_weights([*heads, made["o.kernel"].reshape(2, 4, 8), made["o.bias"]])
    return model


def lstm() -> keras.Model:
    """Keras orders the gates i, f, g, o too."""
    made = zoo.lstm()
    steps = [keras.Input((5, 6)), layers.LSTM(4, name="lstm"), layers.Dense(3, name="fc")]
    model = keras.Sequential(steps, name="lstm_net")
    model.get_layer("lstm").set_weights([made["lstm.kernel"], made["lstm.recurrent"], made["lstm.bias"]])
    model.get_layer("fc").set_weights([made["fc.kernel"], made["fc.bias"]])
    return model


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "mlp": mlp,
    "convnet": convnet,
    "transformer": transformer,
    "lstm": lstm,
}


def check(model: keras.Model) -> None:
    """Fail unless the network computes."""
    inputs = [np.ones([2, *value.shape[1:]], value.dtype) for value in model.inputs]
    assert np.isfinite(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)).all()


def compacted(data: bytes) -> bytes:
    """The same HDF5 file with fewer bytes around its numbers."""
    made = io.BytesIO()
    with h5py.File(io.BytesIO(data)) as old, h5py.File(made, "w", libver="latest") as new:
        new.attrs.update(old.attrs)
        old.visititems(lambda name, item: copy(name, item, new))
    return made.getvalue()


def copy(name: str, item: h5py.Group | h5py.Dataset, new: h5py.File) -> None:
    """Make a group or dataset with its attributes again in another file."""
    is_group = isinstance(item, h5py.Group)
    made = new.create_group(name) if is_group else new.create_dataset(name, data=item[()])
    made.attrs.update(item.attrs)


def shrink(path: Path) -> None:
    """Compact the HDF5 part of a file that is too large to keep."""
    if path.stat().st_size < LARGEST:
        return
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, compacted(data) if name.endswith(".h5") else data)
    else:
        path.write_bytes(compacted(path.read_bytes()))


def main(names: list[str]) -> None:
    """Write the files of these networks, of all when none is named."""
    for folder in ("keras", "keras-h5"):
        (ZOO / folder).mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        model = NETWORKS[name]()
        check(model)
        for path in (ZOO / "keras" / f"{name}.keras", ZOO / "keras-h5" / f"{name}.h5"):
            model.save(path)
            shrink(path)
            check(keras.models.load_model(path))
    if not names or "mlp" in names:
        shutil.rmtree(ZOO / "keras" / "mlp-folder", ignore_errors=True)
        keras.saving.save_model(mlp(), ZOO / "keras" / "mlp-folder", zipped=False)
        mlp().save_weights(ZOO / "keras-h5" / "mlp.weights.h5")
        (ZOO / "keras-shards" / "mlp").mkdir(parents=True, exist_ok=True)
        mlp().save_weights(ZOO / "keras-shards" / "mlp" / "mlp.weights.json", max_shard_size=6e-7)


if __name__ == "__main__":
    main(sys.argv[1:])
