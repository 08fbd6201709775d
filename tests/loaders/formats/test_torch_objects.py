"""Modules, nested checkpoints and unknown objects: the model is found, and the rest is aside with its reason."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import same
from torch import fx, nn
from torch.sparse import SparseSemiStructuredTensorCUTLASS
from torch_samples import DATA, legacy, mlp_tensors, saved

import topokit as tk
from topokit.errors import LimitExceededError, UnsafePickleError, UnsupportedFeatureError

ZOO = DATA / "zoo" / "torch-zip"
SAMPLES = DATA / "samples" / "torch"


@pytest.mark.parametrize("path", sorted(ZOO.glob("mlp*")), ids=lambda path: path.name)
def test_the_tensors_of_the_zoo_come_back(path: Path) -> None:
    tensors = {name: entry for name, entry in tk.open_checkpoint(path).tensors.items() if not entry.aside}
    expected = mlp_tensors()
    assert set(tensors) == set(expected)
    for key, values in expected.items():
        assert same(tensors[key].read(), values)


def test_a_training_checkpoint_tells_why_tensors_are_aside() -> None:
    checkpoint = tk.open_checkpoint(ZOO / "mlp-lightning.ckpt")
    reasons = {name: entry.aside for name, entry in checkpoint.tensors.items() if entry.aside}
    assert reasons["optimizer_states.0.state.0.exp_avg"] == "optimizer state"
    assert reasons["ema.fc1.weight"] == "beside the model, which is under 'state_dict'"
    assert checkpoint.metadata["global_step"] == 120
    assert checkpoint.metadata["hyper_parameters"] == {"lr": 0.1, "hidden": [10, 8]}


def own(path: Path) -> list[str]:
    """The names of the tensors that belong to the model."""
    return [name for name, entry in tk.open_checkpoint(path).tensors.items() if not entry.aside]


def linear() -> nn.Linear:
    return nn.Linear(4, 3)


NAMES = ["weight", "bias"]
OPTIMIZER = {"state": {0: {"exp_avg": torch.ones(3, 4)}}, "param_groups": [{"params": [0]}]}


class Plain:
    """No module, but it keeps weights."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class Keeper(nn.Module):
    """A module with tensors that are no parameters, and a way back to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.mask, self.cache = linear(), torch.ones(3, 4), [torch.ones(5, 5)]
        vars(self)["me"] = vars(self)["kept"] = [self, linear().weight]


NESTED: dict[str, tuple[Any, list[str]]] = {
    "two levels": ({"checkpoint": {"state_dict": linear().state_dict(), "epoch": 1}, "run": "a"}, NAMES),
    "model and its table": ({"model": {"state_dict": linear().state_dict(), "step": 1}, "x": torch.ones(2, 2)}, NAMES),
    "a module by another name": ({"my_classifier": linear(), "epoch": 3}, NAMES),
    "a table by another name": ({"encoder_state_dict": linear().state_dict(), "optimizer": OPTIMIZER}, NAMES),
    "an object": (Plain(W=torch.ones(3, 4), lr=0.1), ["W"]),
    "an object with a module": (Plain(module_=linear(), optimizer_=OPTIMIZER), NAMES),
    "an object in a table": ({"net": Plain(W=torch.ones(3, 4))}, ["W"]),
    "two networks": ({"actor": Plain(W=linear()), "critic": linear(), "epoch": 1}, ["critic.weight", "critic.bias"]),
    "a list of modules": (nn.ModuleList([linear(), linear()]), ["0.weight", "0.bias", "1.weight", "1.bias"]),
    "a parameter list": (nn.ParameterList([torch.ones(3, 4)]), ["0"]),
    "parallel": (nn.DataParallel(linear()), NAMES),
    "compiled": ({f"_orig_mod.{k}": v for k, v in linear().state_dict().items()}, NAMES),
    "compiled inside": ({"a.weight": torch.ones(3, 4), "b._orig_mod.bias": torch.ones(3)}, ["a.weight", "b.bias"]),
    "a layer called module": ({"module.weight": torch.ones(3, 4), "bias": torch.ones(3)}, ["module.weight", "bias"]),
    "one name for two": ({"a": {"b": torch.ones(3, 4)}, "a.b": torch.ones(3, 4)}, ["a.b", "a.b#2"]),
}  # fmt: skip


@pytest.mark.parametrize("form", [saved, legacy])
@pytest.mark.parametrize(("value", "names"), NESTED.values(), ids=NESTED)
def test_the_model_is_found(value: Any, names: list[str], form: Any, tmp_path: Path) -> None:
    assert own(form(value, tmp_path)) == names


def test_other_tensors_of_modules_are_aside_and_masks_are_not(tmp_path: Path) -> None:
    path = saved(Keeper(), tmp_path)
    tensors = tk.open_checkpoint(path).tensors
    assert own(path) == ["fc.weight", "fc.bias", "mask"]
    assert {name: entry.aside for name, entry in tensors.items() if entry.aside} == {
        "cache.0": "an attribute of a module, not one of its parameters",
        "me.1": "an attribute of a module, not one of its parameters",
    }


def test_tensors_of_unknown_objects_are_aside_where_there_is_a_model(tmp_path: Path) -> None:
    path = saved({"fc.weight": torch.ones(3, 4), "noise": Plain(a=torch.ones(2, 2))}, tmp_path)
    assert own(path) == ["fc.weight"]
    assert "unknown kind, " in tk.open_checkpoint(path).tensors["noise.a"].aside


def test_masks_without_the_prefix_of_wrappers_find_their_weights(tmp_path: Path) -> None:
    mask = torch.eye(3, 4)
    weights = {"module.fc.weight": torch.ones(3, 4)}
    for masks in ({"fc.weight": mask}, {"module.fc.weight": mask}):
        network = tk.load(saved({"state_dict": weights, "masks": masks}, tmp_path))
        assert network.n_edges == 3


def test_aliases_keep_their_names_and_share_their_storage(tmp_path: Path) -> None:
    shared = nn.Linear(4, 4)
    tensors = tk.open_checkpoint(saved(nn.Sequential(shared, nn.ReLU(), shared), tmp_path)).tensors
    assert list(tensors) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert tensors["0.weight"].storage_id == tensors["2.weight"].storage_id


def test_modules_tell_what_they_are(tmp_path: Path) -> None:
    checkpoint = tk.open_checkpoint(SAMPLES / "transposed.pt")
    told = checkpoint.metadata["modules"]["0"]
    assert told["class"] == "torch.nn.modules.conv.ConvTranspose2d"
    assert (told["stride"], told["padding"], told["groups"], told["dilation"]) == ([2, 2], [0, 0], 1, [1, 1])
    tensors = checkpoint.tensors
    assert tensors["0.weight"].axes == "torch-transposed"
    assert (tensors["0.bias"].axes, tensors["2.weight"].role, tensors["3.weight"].role) == (
        "torch",
        "embedding",
        "norm",
    )


def test_traced_modules_are_read_without_their_code_being_run(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    path = saved(fx.symbolic_trace(net), tmp_path)
    assert own(path) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_quantised_tensors_come_as_stored_with_their_scales() -> None:
    tensors = tk.open_checkpoint(SAMPLES / "quantised.pt").tensors
    real = torch.load(SAMPLES / "quantised.pt", weights_only=True)
    for name, entry in tensors.items():
        told, stored = entry.quantisation, entry.read()
        assert told is not None
        assert stored.dtype == np.int8
        assert same(stored, real[name].int_repr().numpy())
        scale, zero = (np.reshape(part, (-1, 1)) for part in (told.scale, told.zero_point))
        assert np.allclose(scale * (stored - zero), real[name].dequantize().numpy())
    assert (tensors["tensor"].quantisation.axis, tensors["channel"].quantisation.axis) == (None, 0)


class _Call:
    """Unpickles to the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def semi_structured() -> Any:
    """What a 2:4 tensor, which only a GPU makes, is saved as: `torch._tensor.Tensor.__reduce_ex__` of a subclass."""
    parts = {"packed": torch.ones(4, 2), "meta": torch.ones(4, 1), "fuse_transpose_cusparselt": False}
    made = (torch.float16, (4, 4), (4, 1), 0, torch.strided, torch.device("cpu"), False)
    rebuild = torch._utils._rebuild_wrapper_subclass
    return _Call(torch._tensor._rebuild_from_type_v2, rebuild, SparseSemiStructuredTensorCUTLASS, made, parts)


ZERO = "zero_to_fp32.py"
REFUSED: dict[str, tuple[Any, str]] = {
    "semi-structured": ({"fc.weight": semi_structured()}, "to_dense"),
    "ZeRO 3 model": (
        {"module": {"fc.weight": torch.empty(0)}, "param_shapes": [{"fc.weight": torch.Size([3, 4])}]},
        ZERO,
    ),
    "ZeRO optimizer": (
        {"optimizer_state_dict": {"zero_stage": 2, "single_partition_of_fp32_groups": [torch.ones(12)]}},
        ZERO,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("value", "remedy"), REFUSED.values(), ids=REFUSED)
def test_pieces_of_models_are_refused_with_a_way_out(value: Any, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFeatureError, match=remedy):
        tk.open_checkpoint(saved(value, tmp_path))


def test_the_first_stages_of_zero_keep_the_model_whole(tmp_path: Path) -> None:
    states = {"module": {"fc.weight": torch.ones(3, 4)}, "param_shapes": [OrderedDict()], "optimizer": None}
    assert own(saved(states, tmp_path, "mp_rank_00_model_states.pt")) == ["fc.weight"]


def test_many_views_of_one_storage_exceed_the_limits(tmp_path: Path) -> None:
    whole = torch.zeros(2**24)
    views = {f"v{k}": whole[k : k + 2**23].reshape(2**11, -1) for k in range(100)}
    with pytest.raises(LimitExceededError, match="16 times over; save clones"):
        tk.open_checkpoint(saved(views, tmp_path))


def test_strict_refuses_unknown_objects_by_name_and_forbid_every_pickle(tmp_path: Path) -> None:
    plain = saved({"w": torch.ones(2, 3)}, tmp_path)
    assert list(tk.open_checkpoint(plain, pickle="strict").tensors) == ["w"]
    with pytest.raises(UnsafePickleError, match="pickles are forbidden"):
        tk.open_checkpoint(plain, pickle="forbid")
    with pytest.raises(UnsafePickleError, match=r"calls 'torch\.nn\.modules\.linear\.Linear', which is unknown"):
        tk.open_checkpoint(saved(linear(), tmp_path), pickle="strict")
    with pytest.raises(tk.errors.UnknownNameError, match="unknown way with pickles 'load'"):
        tk.open_checkpoint(plain, pickle="load")


def test_modules_in_a_row_tell_their_graph(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 6, 2, groups=2), nn.Flatten(), nn.Linear(6, 2))
    network = tk.load(saved(net, tmp_path))
    assert network.provenance.order == "graph"
    assert [(block.n_edges, block.possible) for block in network.blocks] == [(12, 12), (12, 12), (12, 12)]


def test_transposed_convolutions_chain_by_their_class(tmp_path: Path) -> None:
    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 6, 2)

    globals()["Decoder"] = Decoder
    Decoder.__qualname__ = "Decoder"
    assert [layer.size for layer in tk.load(saved(Decoder(), tmp_path)).layers] == [3, 4, 6]


def test_modules_that_nobody_knows_leave_no_graph(tmp_path: Path) -> None:
    layer = nn.TransformerEncoderLayer(8, 2)
    checkpoint = tk.open_checkpoint(saved(nn.Sequential(layer), tmp_path))
    assert checkpoint.graph is None
    assert any("nobody tells what a TransformerEncoderLayer does" in note for note in checkpoint.notes)
