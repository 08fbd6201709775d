"""Make the sample files of PaddlePaddle: ``python tests/data/make/paddle_family.py``.

Made with PaddlePaddle 3.3.1 and NumPy 2.4.6. ``paddle.save`` writes ``.pdparams``, ``paddle.jit.save`` a program beside
its parameters: ``.pdmodel`` and ``.pdiparams`` when the older form is asked for.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ |= {"FLAGS_enable_pir_api": "0"}
DATA = Path(__file__).parents[1]
sys.path[0] = str(DATA.parent)
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import paddle  # noqa: E402
import zoo  # noqa: E402
from paddle import nn  # noqa: E402
from paddle.nn import functional  # noqa: E402


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


NETWORKS: dict[str, tuple[type[nn.Layer], Callable[[], zoo.Arrays], list[int]]] = {
    "mlp": (MLP, mlp_weights, [2, 12]),
    "convnet": (Convnet, convnet_weights, [2, 3, 8, 8]),
}


def built(name: str) -> nn.Layer:
    """A network with the zoo's weights, once it has computed."""
    kind, weights, shape = NETWORKS[name]
    model = kind()
    missing, unexpected = model.set_state_dict(weights())
    assert not missing
    assert not unexpected
    model.eval()
    assert np.isfinite(model(paddle.ones(shape)).numpy()).all()
    return model


def main() -> None:
    """Write the files."""
    for folder in ("zoo/paddle", "samples/paddle", "zoo/paddle-inference"):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
    paddle.save(built("mlp").state_dict(), str(DATA / "zoo/paddle/mlp.pdparams"))
    paddle.save(built("convnet").state_dict(), str(DATA / "samples/paddle/convnet.pdparams"))
    for name, (_, _, shape) in NETWORKS.items():
        spec = paddle.static.InputSpec([None, *shape[1:]], "float32")
        paddle.jit.save(built(name), str(DATA / "zoo/paddle-inference" / name), input_spec=[spec])


if __name__ == "__main__":
    main()
