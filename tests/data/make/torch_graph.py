"""Graph files that PyTorch writes: `tests/data/zoo/onnx/*` (both exporters) and `tests/data/zoo/torch-export/*`.

Made with PyTorch 2.13.0, onnx 1.23.2 and onnxscript 0.7.2. Run as ``python tests/data/make/torch_graph.py [nets]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import zoo
from torch import Tensor, nn
from torch.nn import functional

TESTS = Path(__file__).parents[2]


FOLDER = TESTS / "data" / "zoo"


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(12, 10), nn.Linear(10, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class Convnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8, eps=1e-3)
        self.dw = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.pw = nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(128, 5)

    def forward(self, x: Tensor) -> Tensor:
        h1 = torch.relu(self.bn1(self.conv1(x)))
        h3 = torch.relu(h1 + self.pw(torch.relu(self.dw(h1))))
        return self.fc(functional.max_pool2d(h3, 2).flatten(1))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))
        self.ff1, self.ff2, self.head = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, 11)
        self.ln0, self.ln1, self.ln2 = (nn.LayerNorm(8) for _ in range(3))
        self.register_buffer("ids", torch.arange(6), persistent=False)

    def heads(self, values: Tensor) -> Tensor:
        return values.view(values.shape[0], 6, 2, 4).transpose(1, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        h = self.ln0(self.token(tokens) + self.position(self.ids))
        context = functional.scaled_dot_product_attention(*(self.heads(part(h)) for part in (self.q, self.k, self.v)))
        h = self.ln1(h + self.o(context.transpose(1, 2).reshape(tokens.shape[0], 6, 8)))
        return self.head(self.ln2(h + self.ff2(functional.gelu(self.ff1(h)))))


class Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(6, 4, batch_first=True), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.lstm(x)[0][:, -1])


NETS = {
    "mlp": (Mlp, torch.randn(2, 12)),
    "convnet": (Convnet, torch.randn(2, 3, 8, 8)),
    "transformer": (Transformer, torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]])),
    "lstm": (Lstm, torch.randn(2, 5, 6)),
}
CONVENTIONAL = {"scale": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}


def kernel(values: Tensor) -> Tensor:
    """PyTorch's order (out, in, ...) of a kernel stored (..., in, out); a depthwise one is (channels, 1, ...)."""
    *places, last_but_one, last = range(values.ndim)
    if values.ndim > 2 and values.shape[-1] == 1:
        return values.permute(last_but_one, last, *places)
    return values.permute(last, last_but_one, *places)


def recurrent_state(leaf: str, values: Tensor) -> dict[str, Tensor]:
    """The same of the LSTM, which has two biases."""
    if leaf == "bias":
        return {"lstm.bias_ih_l0": values, "lstm.bias_hh_l0": torch.zeros_like(values)}
    return {f"lstm.weight_{'ih' if leaf == 'kernel' else 'hh'}_l0": values.T}


def state(name: str) -> dict[str, Tensor]:
    """The weights of the zoo under PyTorch's names."""
    made: dict[str, Tensor] = {}
    for key, array in zoo.WEIGHTS[name]().items():
        module, _, leaf = key.partition(".")
        values = torch.from_numpy(array)
        if module == "lstm":
            made |= recurrent_state(leaf, values)
        elif leaf == "kernel":
            made[f"{module}.weight"] = kernel(values)
        else:
            made[f"{module}.{CONVENTIONAL.get(leaf, 'weight')}"] = values
    return {key: values.contiguous() for key, values in made.items()}


def built(name: str) -> nn.Module:
    """The network of the zoo, with its weights, ready to compute."""
    module, example = NETS[name]
    net = module().eval()
    missing = net.load_state_dict(state(name), strict=False)
    assert not missing.unexpected_keys
    assert all("num_batches" in key for key in missing.missing_keys)
    assert torch.isfinite(net(example)).all()
    return net


def main(names: list[str]) -> None:
    """Write the files of the nets named, or of all."""
    for folder in ("onnx", "torch-export"):
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    for name in names or NETS:
        net, example = built(name), NETS[name][1]
        batch = ({0: torch.export.Dim("batch", min=1)},)
        program = torch.export.export(net, (example,), dynamic_shapes=batch)
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, FOLDER / "torch-export" / f"{name}.pt2")
        modern, traced = (str(FOLDER / "onnx" / f"{name}-{variant}.onnx") for variant in ("dynamo", "script"))
        torch.onnx.export(program, (), modern, dynamo=True, external_data=False, verbose=False)
        axes = {"x": {0: "batch"}}
        torch.onnx.export(net, (example,), traced, dynamo=False, input_names=["x"], dynamic_axes=axes)


if __name__ == "__main__":
    main(sys.argv[1:])
