"""The zoo's networks as TensorFlow saves them, and checkpoints as its users have them.

``python tests/data/make/tensorflow_files.py [networks]`` writes checkpoints, SavedModels and frozen graphs under
``zoo``; ``python tests/data/make/tensorflow_files.py samples`` writes ``samples``. The networks are those of
`keras_files.py`; only the transformer of the SavedModel is written in plain TensorFlow, which makes a smaller file.
Made with TensorFlow 2.21.0 and Keras 3.15.1.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf
import zoo
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
SAMPLES = HERE.parent / "samples" / "tf-checkpoint"
LIGHT = tf.saved_model.SaveOptions(save_debug_info=False)


def _keras_networks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("keras_networks", HERE / "keras_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    kept = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = kept
    return module


KERAS = _keras_networks()


def fresh(path: Path) -> Path:
    """An empty folder in the place of what was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def serving(model: Any) -> Any:
    """The network as a function of its inputs."""
    signature = [tf.TensorSpec([None, *one.shape[1:]], one.dtype, name=one.name) for one in model.inputs]

    @tf.function(input_signature=signature)
    def serve(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output": model(list(values) if len(values) > 1 else values[0], training=False)}

    return serve


def check(result: tf.Tensor) -> None:
    """Fail unless the network computes."""
    assert np.isfinite(result.numpy()).all()


def small_transformer() -> tuple[tf.Module, Any]:
    """The transformer with queries, keys and values in one product, as GPT has them."""
    made = zoo.transformer()
    module = tf.Module()
    stacked = ("ln0", "ln1", "ln2", "o.bias", "ff2.bias")
    arrays = {name: values for name, values in made.items() if name[0] not in "qkv" and not name.startswith(stacked)}
    arrays["back.bias"] = np.stack([made["o.bias"], made["ff2.bias"]])
    for part, axis in (("kernel", 1), ("bias", 0)):
        arrays[f"qkv.{part}"] = np.concatenate([made[f"{one}.{part}"] for one in "qkv"], axis)
    for part in ("scale", "bias"):
        arrays[f"ln.{part}"] = np.stack([made[f"ln{k}.{part}"] for k in range(3)])
    module.v = v = {name: tf.Variable(values, name=name.replace(".", "/")) for name, values in arrays.items()}

    def norm(x: tf.Tensor, k: int) -> tf.Tensor:
        x -= tf.reduce_mean(x, -1, keepdims=True)
        variance = tf.reduce_mean(x * x, -1, keepdims=True)
        return x * tf.math.rsqrt(variance + 1e-5) * v["ln.scale"][k] + v["ln.bias"][k]

    def linear(x: tf.Tensor, name: str) -> tf.Tensor:
        bias = v["back.bias"][["o", "ff2"].index(name)] if name in ("o", "ff2") else v[f"{name}.bias"]
        return tf.matmul(x, v[f"{name}.kernel"]) + bias

    @tf.function(input_signature=[tf.TensorSpec([None, 6], tf.int32, name="ids")])
    def serve(ids: tf.Tensor) -> dict[str, tf.Tensor]:
        h = norm(tf.gather(v["token"], ids) + v["position"], 0)
        heads = tf.transpose(tf.reshape(linear(h, "qkv"), [-1, 6, 3, 2, 4]), [2, 0, 3, 1, 4])
        q, k, value = tf.unstack(heads)
        attended = tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 2), value)
        h = norm(h + linear(tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [-1, 6, 8]), "o"), 1)
        h = norm(h + linear(tf.nn.gelu(linear(h, "ff1")), "ff2"), 2)
        return {"output": linear(h, "head")}

    check(serve(tf.zeros([2, 6], tf.int32))["output"])
    return module, serve


def save_checkpoint(name: str, model: Any) -> None:
    """Only the chain of layers: a checkpoint does not tell what its variables do."""
    if name == "mlp":
        tf.train.Checkpoint(model=model).write(str(fresh(ZOO / "tf-checkpoint" / name) / "ckpt"))


def save_model(name: str, model: Any) -> None:
    """Only the serving signature is tracked, so that the files stay small."""
    module = tf.Module()
    module.v = [variable.value for variable in model.variables]
    serve = serving(model)
    if name == "transformer":
        module, serve = small_transformer()
    path = fresh(ZOO / "savedmodel" / name)
    tf.saved_model.save(module, str(path), signatures=serve.get_concrete_function(), options=LIGHT)
    shutil.rmtree(path / "assets", ignore_errors=True)


def save_graph(name: str, model: Any) -> None:
    """A graph with variables frozen to constants; loops are left whole, and lowered to those of TensorFlow 1 too."""
    (ZOO / "graphdef").mkdir(parents=True, exist_ok=True)
    function = serving(model).get_concrete_function()
    for file, lower in [(name, False)] + [("lstm-lowered", True)] * (name == "lstm"):
        frozen = convert_variables_to_constants_v2(function, lower_control_flow=lower)
        (ZOO / "graphdef" / f"{file}.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())


def save_training() -> None:
    """An MLP with its optimizer, whose variables the optimizer's path leads to first."""
    model = KERAS.mlp()
    model.compile("adam", "mse")
    model.fit(np.ones((4, 12)), np.ones((4, 4)), verbose=0)
    path = fresh(SAMPLES / "training")
    tf.train.CheckpointManager(tf.train.Checkpoint(model=model, optimizer=model.optimizer), str(path), 1).save()


def save_graph_mode(folder: str, make: Callable[[], None]) -> None:
    """Variables of a TensorFlow 1 graph, saved by name."""
    path = fresh(SAMPLES / folder)
    with tf.Graph().as_default():
        make()
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            tf.compat.v1.train.Saver(save_relative_paths=True).save(
                session, str(path / "model.ckpt"), write_meta_graph=False
            )


def _masked() -> None:
    """As RigL and tf.contrib.model_pruning name weights and masks, with the slot of an optimizer."""
    made = zoo.mlp()
    for name in ("fc1", "fc2", "fc3"):
        with tf.compat.v1.variable_scope(name):
            kernel = made[f"{name}.kernel"]
            dense = np.where(kernel == 0, 1, kernel)
            tf.compat.v1.get_variable("weights", initializer=dense)
            tf.compat.v1.get_variable("weights/Momentum", initializer=np.ones_like(kernel))
            tf.compat.v1.get_variable("mask", initializer=(kernel != 0).astype(np.float32))
            tf.compat.v1.get_variable("biases", initializer=made[f"{name}.bias"])


def _partitioned() -> None:
    """Kernels in slices along either axis."""
    made = zoo.mlp()
    for name, axis in (("fc1", 0), ("fc2", 1), ("fc3", 0)):
        partitioner = tf.compat.v1.fixed_size_partitioner(3, axis=axis)
        with tf.compat.v1.variable_scope(name, partitioner=partitioner):
            tf.compat.v1.get_variable(
                "kernel", made[f"{name}.kernel"].shape, initializer=_constant(made[f"{name}.kernel"])
            )


def _constant(values: np.ndarray) -> Callable[..., tf.Tensor]:
    def initial(shape: Any, dtype: Any = None, partition_info: Any = None) -> tf.Tensor:
        start = partition_info.var_offset
        return tf.constant(values[tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))])

    return initial


def main(names: list[str]) -> None:
    """Write the files of these networks, of all and the samples when none is named."""
    for name in names or KERAS.NETWORKS:
        if name in KERAS.NETWORKS:
            model = KERAS.NETWORKS[name]()
            KERAS.check(model)
            save_checkpoint(name, model)
            save_model(name, model)
            save_graph(name, model)
    if "samples" in names or not names:
        save_training()
        save_graph_mode("masked", _masked)
        save_graph_mode("partitioned", _partitioned)


if __name__ == "__main__":
    main(sys.argv[1:])
