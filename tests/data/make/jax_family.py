"""Make the sample files of JAX, Flax, Haiku and Orbax: ``python tests/data/make/jax_family.py``.

Made with JAX 0.10.2, Flax 0.12.8, dm-haiku 0.0.17, Optax 0.2.8 and Orbax 0.12.8. The sparse states have the fields of
``SparseState`` in https://github.com/google-research/jaxpruner (``jaxpruner/base_updater.py``), which is not packaged.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import zoo
from flax import serialization
from flax.training import train_state

DATA = Path(__file__).parents[1]


Tree = dict[str, Any]
ZOO, SAMPLES = DATA / "zoo", DATA / "samples"


class SparseState(NamedTuple):
    """What jaxpruner keeps in the place of the optimizer's state."""

    masks: Any
    inner_state: Any = None
    target_sparsities: Any = None
    count: Any = None


class MLP(nn.Module):
    """12-10-8-4."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Dense(10, name="fc1")(x))
        x = nn.relu(nn.Dense(8, name="fc2")(x))
        return nn.Dense(4, name="fc3")(x)


class Convnet(nn.Module):
    """The convolutional network, channels last."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.Conv(8, (3, 3), name="conv1")(x)
        h1 = nn.relu(nn.BatchNorm(use_running_average=True, epsilon=1e-3, name="bn1")(x))
        h2 = nn.relu(nn.Conv(8, (3, 3), feature_group_count=8, name="dw")(h1))
        h3 = nn.relu(h1 + nn.Conv(8, (1, 1), name="pw")(h2))
        pooled = nn.max_pool(h3, (2, 2), (2, 2))
        return nn.Dense(5, name="fc")(pooled.reshape(pooled.shape[0], -1))


class Transformer(nn.Module):
    """The encoder block; Flax keeps a projection to heads as (in, heads, channels)."""

    @nn.compact
    def __call__(self, ids: jax.Array) -> jax.Array:
        position = self.param("position", nn.initializers.zeros, (6, 8))
        h = nn.LayerNorm(epsilon=1e-5, name="ln0")(nn.Embed(11, 8, name="token")(ids) + position)
        attended = nn.MultiHeadDotProductAttention(2, name="attention")(h, h)
        h = nn.LayerNorm(epsilon=1e-5, name="ln1")(h + attended)
        hidden = nn.gelu(nn.Dense(16, name="ff1")(h))
        h = nn.LayerNorm(epsilon=1e-5, name="ln2")(h + nn.Dense(8, name="ff2")(hidden))
        return nn.Dense(11, name="head")(h)


class LSTM(nn.Module):
    """Flax keeps each gate of the cell by itself."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = nn.RNN(nn.OptimizedLSTMCell(4, name="cell"), name="lstm")(x)
        return nn.Dense(3, name="fc")(h[:, -1])


def dense(weights: zoo.Arrays, name: str) -> Tree:
    """A layer's kernel and bias."""
    return {"kernel": weights[f"{name}.kernel"], "bias": weights[f"{name}.bias"]}


def norm(weights: zoo.Arrays, name: str) -> Tree:
    """A normalisation's scale and bias."""
    return {"scale": weights[f"{name}.scale"], "bias": weights[f"{name}.bias"]}


def mlp() -> Tree:
    """Its variables."""
    weights = zoo.mlp()
    return {"params": {name: dense(weights, name) for name in ("fc1", "fc2", "fc3")}}


def convnet() -> Tree:
    """Its variables; the rows of the last kernel are permuted to (row, column, channel)."""
    weights = zoo.convnet()
    weights["dw.kernel"] = weights["dw.kernel"].transpose(0, 1, 3, 2)
    weights["fc.kernel"] = weights["fc.kernel"].reshape(8, 4, 4, 5).transpose(1, 2, 0, 3).reshape(128, 5)
    params = {name: dense(weights, name) for name in ("conv1", "dw", "pw", "fc")} | {"bn1": norm(weights, "bn1")}
    return {"params": params, "batch_stats": {"bn1": {"mean": weights["bn1.mean"], "var": weights["bn1.variance"]}}}


def transformer() -> Tree:
    """Its variables."""
    weights = zoo.transformer()
    attention = {
        full: {"kernel": weights[f"{short}.kernel"].reshape(8, 2, 4), "bias": weights[f"{short}.bias"].reshape(2, 4)}
        for full, short in (("query", "q"), ("key", "k"), ("value", "v"))
    }
    attention["out"] = {"kernel": weights["o.kernel"].reshape(2, 4, 8), "bias": weights["o.bias"]}
    params = {name: dense(weights, name) for name in ("ff1", "ff2", "head")}
    params |= {f"ln{k}": norm(weights, f"ln{k}") for k in range(3)}
    params |= {"attention": attention, "token": {"embedding": weights["token"]}, "position": weights["position"]}
    return {"params": params}


def lstm() -> Tree:
    """Its variables: ``ii`` is the input gate of the input, ``hi`` that of the state, which has the bias."""
    weights = zoo.lstm()
    gates = {name: np.split(weights[f"lstm.{name}"], 4, axis=-1) for name in ("kernel", "recurrent", "bias")}
    cell: Tree = {}
    for k, gate in enumerate("ifgo"):
        cell[f"i{gate}"] = {"kernel": gates["kernel"][k]}
        cell[f"h{gate}"] = {"kernel": gates["recurrent"][k], "bias": gates["bias"][k]}
    return {"params": {"cell": cell, "fc": dense(weights, "fc")}}


NETWORKS: dict[str, tuple[nn.Module, Callable[[], Tree], Any]] = {
    "mlp": (MLP(), mlp, jnp.ones((2, 12))),
    "convnet": (Convnet(), convnet, jnp.ones((2, 8, 8, 3))),
    "transformer": (Transformer(), transformer, jnp.zeros((2, 6), jnp.int32)),
    "lstm": (LSTM(), lstm, jnp.ones((2, 5, 6))),
}


def checked(name: str) -> Tree:
    """The variables of a network, once Flax has computed with them."""
    module, variables, example = NETWORKS[name]
    made = jax.tree.map(jnp.asarray, variables())
    shapes = jax.tree.map(jnp.shape, module.init(jax.random.PRNGKey(0), example))
    assert shapes == jax.tree.map(jnp.shape, made)
    assert jnp.isfinite(module.apply(made, example)).all()
    return made


def trained() -> train_state.TrainState:
    """The network after one step without a gradient, so that Adam has its moments."""
    state = train_state.TrainState.create(apply_fn=MLP().apply, params=checked("mlp")["params"], tx=optax.adam(1e-3))
    return state.replace(step=1)


def masked(*, packed: bool) -> Tree:
    """Parameters without a single 0, and the masks beside them in the state of the optimizer."""
    params = checked("mlp")["params"]
    kernels = jax.tree.map(lambda values: (values != 0).astype(jnp.uint8) if values.ndim == 2 else None, params)
    dense_params = jax.tree.map(lambda values: jnp.where(values == 0, 0.5, values), params)
    masks = jax.tree.map(jnp.packbits, kernels) if packed else kernels
    inner = optax.sgd(0.1, momentum=0.9).init(params)
    return {"params": dense_params, "opt_state": SparseState(masks, inner, None, jnp.zeros([], jnp.int32)), "step": 3}


def write_flax() -> None:
    """Files of ``flax.serialization``."""
    for folder in (ZOO, SAMPLES):
        (folder / "flax-msgpack").mkdir(parents=True, exist_ok=True)
    files = {f"samples/flax-msgpack/{name}": checked(name) for name in ("convnet", "transformer", "lstm")}
    files["zoo/flax-msgpack/mlp"] = checked("mlp")
    files["zoo/flax-msgpack/mlp-train-state"] = trained()
    files["zoo/flax-msgpack/mlp-bfloat16"] = jax.tree.map(lambda x: x.astype(jnp.bfloat16), checked("mlp")["params"])
    files["zoo/flax-msgpack/mlp-masks"] = masked(packed=False)
    files["zoo/flax-msgpack/mlp-packed-masks"] = masked(packed=True)
    for name, tree in files.items():
        (DATA / f"{name}.msgpack").write_bytes(serialization.to_bytes(tree))
    whole = serialization.MAX_CHUNK_SIZE
    serialization.MAX_CHUNK_SIZE = 100
    (ZOO / "flax-msgpack/mlp-chunked.msgpack").write_bytes(serialization.to_bytes(checked("mlp")))
    serialization.MAX_CHUNK_SIZE = whole


def write_pickles() -> None:
    """Pickles of JAX arrays, and of a Haiku network."""
    (ZOO / "pickle").mkdir(parents=True, exist_ok=True)
    (ZOO / "pickle/mlp-jax.pkl").write_bytes(pickle.dumps(checked("mlp")["params"]))
    bfloat16 = jax.tree.map(lambda x: x.astype(jnp.bfloat16), checked("mlp")["params"])
    (ZOO / "pickle/mlp-jax-bfloat16.pkl").write_bytes(pickle.dumps(bfloat16))
    network = hk.without_apply_rng(hk.transform(lambda x: hk.nets.MLP([10, 8, 4])(x)))
    params = network.init(jax.random.PRNGKey(0), jnp.ones((2, 12)))
    weights = zoo.mlp()
    for k, layer in enumerate(params.values(), start=1):
        layer |= {"w": weights[f"fc{k}.kernel"], "b": weights[f"fc{k}.bias"]}
    assert jnp.isfinite(network.apply(params, jnp.ones((2, 12)))).all()
    (ZOO / "pickle/mlp-haiku.pkl").write_bytes(pickle.dumps(params))


def write_orbax() -> None:
    """Folders of Orbax, in both of its storages."""
    shutil.rmtree(ZOO / "orbax", ignore_errors=True)
    trees = {"mlp": (checked("mlp"), True), "mlp-zarr": (checked("mlp"), False)}
    trees["mlp-train-state"] = (serialization.to_state_dict(trained()), True)
    for name, (tree, is_ocdbt) in trees.items():
        handler = ocp.PyTreeCheckpointHandler(use_ocdbt=is_ocdbt, use_zarr3=False)
        with ocp.Checkpointer(handler) as checkpointer:
            checkpointer.save(ZOO / "orbax" / name, tree)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(ZOO / "orbax/mlp-standard", checked("mlp"))
    for note in ZOO.glob("orbax/*/commit_success.txt"):  # names the folder of whoever made the file
        note.unlink()


if __name__ == "__main__":
    write_flax()
    write_pickles()
    write_orbax()
