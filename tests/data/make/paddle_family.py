"""Make the sample files of PaddlePaddle: ``python tests/data/make/paddle_family.py``.

Made with PaddlePaddle 3.3.1 and NumPy 2.4.6. ``paddle.save`` writes ``.pdparams``, ``paddle.jit.save`` a program beside
its parameters: ``.json``, or ``.pdmodel`` when ``FLAGS_enable_pir_api=0`` in the environment asks for the older form.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paddle
import zoo
from paddle import nn
from paddle.nn import functional

DATA = Path(__file__).parents[1]
warnings.filterwarnings("ignore")


class MLP(nn.Layer):
    """12-10-8-4."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(12, 10), nn.Linear(10, 8), nn.Linear(8, 4)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x)))))


class Convnet(nn.Layer):
    """The convolutional network; kernels are (out, in, height, width)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2D(3, 8, 3, padding=1), nn.BatchNorm2D(8, epsilon=1e-3)
        self.dw, self.pw = nn.Conv2D(8, 8, 3, padding=1, groups=8), nn.Conv2D(8, 8, 1)
        self.fc = nn.Linear(128, 5)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        h1 = functional.relu(self.bn1(self.conv1(x)))
        h3 = functional.relu(h1 + self.pw(functional.relu(self.dw(h1))))
        return self.fc(paddle.flatten(functional.max_pool2d(h3, 2), 1))


class Transformer(nn.Layer):
    """The encoder block; the positions are a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(11, 8), self.create_parameter([6, 8])
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))
        self.ff1, self.ff2, self.head = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, 11)
        self.ln0, self.ln1, self.ln2 = (nn.LayerNorm(8, epsilon=1e-5) for _ in range(3))

    def heads(self, x: paddle.Tensor) -> paddle.Tensor:
        return x.reshape([0, 6, 2, 4]).transpose([0, 2, 1, 3])

    def forward(self, ids: paddle.Tensor) -> paddle.Tensor:
        h = self.ln0(self.token(ids) + self.position)
        q, k, v = (self.heads(layer(h)) for layer in (self.q, self.k, self.v))
        weights = functional.softmax(paddle.matmul(q, k, transpose_y=True) * 0.5)
        attended = paddle.matmul(weights, v).transpose([0, 2, 1, 3]).reshape([0, 6, 8])
        h = self.ln1(h + self.o(attended))
        return self.head(self.ln2(h + self.ff2(functional.gelu(self.ff1(h)))))


class LSTM(nn.Layer):
    """Kernels are (4 * units, in), the gates in the order i, f, g, o."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(6, 4), nn.Linear(4, 3)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.lstm(x)[0][:, -1])


def mlp_weights() -> zoo.Arrays:
    """By the names of the state dict."""
    return {name.replace("kernel", "weight"): values for name, values in zoo.mlp().items()}


def convnet_weights() -> zoo.Arrays:
    """By the names of the state dict."""
    weights = zoo.convnet()
    made = {f"{name}.bias": weights[f"{name}.bias"] for name in ("conv1", "dw", "pw", "fc", "bn1")}
    made |= {f"{name}.weight": weights[f"{name}.kernel"].transpose(3, 2, 0, 1) for name in ("conv1", "pw")}
    made["dw.weight"] = weights["dw.kernel"].transpose(2, 3, 0, 1)
    made |= {"fc.weight": weights["fc.kernel"], "bn1.weight": weights["bn1.scale"]}
    return made | {"bn1._mean": weights["bn1.mean"], "bn1._variance": weights["bn1.variance"]}


def transformer_weights() -> zoo.Arrays:
    """By the names of the state dict."""
    renamed = {".kernel": ".weight", ".scale": ".weight"}
    made = zoo.transformer()
    for old, new in renamed.items():
        made = {name.replace(old, new): values for name, values in made.items()}
    return {name if "." in name or name == "position" else f"{name}.weight": values for name, values in made.items()}


def lstm_weights() -> zoo.Arrays:
    """By the names of the state dict; of the two biases one is 0."""
    weights = zoo.lstm()
    made = {"fc.weight": weights["fc.kernel"], "fc.bias": weights["fc.bias"]}
    for part, kernel in (("ih", "kernel"), ("hh", "recurrent")):
        made |= {f"lstm.weight_{part}_l0": weights[f"lstm.{kernel}"].T}
        made |= {f"lstm.0.cell.weight_{part}": weights[f"lstm.{kernel}"].T}
    biases = {"ih": weights["lstm.bias"], "hh": np.zeros(16, np.float32)}
    for part, values in biases.items():
        made |= {f"lstm.bias_{part}_l0": values, f"lstm.0.cell.bias_{part}": values}
    return made


NETWORKS: dict[str, tuple[type[nn.Layer], Callable[[], zoo.Arrays], list[int]]] = {
    "mlp": (MLP, mlp_weights, [2, 12]),
    "convnet": (Convnet, convnet_weights, [2, 3, 8, 8]),
    "transformer": (Transformer, transformer_weights, [2, 6]),
    "lstm": (LSTM, lstm_weights, [2, 5, 6]),
}


def built(name: str) -> nn.Layer:
    """A network with the zoo's weights, once it has computed."""
    kind, weights, shape = NETWORKS[name]
    model = kind()
    missing, unexpected = model.set_state_dict(weights())
    assert not missing
    assert not unexpected
    model.eval()
    assert np.isfinite(model(paddle.ones(shape, dtype_of(name))).numpy()).all()
    return model


def dtype_of(name: str) -> str:
    """The type of a network's input."""
    return "int64" if name == "transformer" else "float32"


def without_call_stacks(path: Path) -> None:
    """Take the names of source files out of a program of the older form."""
    program = paddle.base.core.ProgramDesc(path.read_bytes())
    block = program.block(0)
    for place in range(block.op_size()):
        block.op(place).remove_attr("op_callstack")
    path.write_bytes(program.serialize_to_string())


def main() -> None:
    """Write the files."""
    for folder in ("zoo/paddle", "samples/paddle", "zoo/paddle-inference"):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
    paddle.save(built("mlp").state_dict(), str(DATA / "zoo/paddle/mlp.pdparams"))
    for name in ("convnet", "transformer", "lstm"):
        paddle.save(built(name).state_dict(), str(DATA / f"samples/paddle/{name}.pdparams"))
    ending = "" if dict(os.environ).get("FLAGS_enable_pir_api") == "0" else "-json"
    for name, (_, _, shape) in NETWORKS.items():
        if not ending and name in ("transformer", "lstm"):
            continue  # PaddlePaddle 3.3 cannot trace a product of two values or a recurrent layer for the older form
        spec = paddle.static.InputSpec([None, *shape[1:]], dtype_of(name))
        paddle.jit.save(built(name), str(DATA / "zoo/paddle-inference" / f"{name}{ending}"), input_spec=[spec])
        if not ending:
            without_call_stacks(DATA / "zoo/paddle-inference" / f"{name}.pdmodel")


if __name__ == "__main__":
    main()
