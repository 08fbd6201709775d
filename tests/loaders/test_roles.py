"""What a tensor is, by its name, shape and neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

import topokit as tk
from topokit.loaders.assembly.roles import mask_target, roles_of
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.naming import leaf_of, module_of, natural_key


def entry(
    name: str, *shape: int, dtype: str = "float32", axes: Literal["torch", "source-target"] = "torch"
) -> TensorEntry:
    return TensorEntry(
        name=name,
        shape=shape,
        dtype=dtype,
        nbytes=0,
        path=Path("x"),
        format="test",
        reader=lambda: np.zeros(shape),
        axes=axes,
    )


@pytest.mark.parametrize(
    ("name", "shape", "role"),
    [
        ("fc.weight", (3, 4), "weight"),
        ("fc.bias", (3,), "bias"),
        ("bias", (1, 10), "bias"),
        ("b1", (3,), "bias"),
        ("b1", (3, 4), "weight"),
        ("lstm.bias_hh_l0", (3,), "bias"),
        ("attn.in_proj_bias", (3,), "bias"),
        ("conv.weight", (3, 4, 5, 5), "weight"),
        ("W", (3, 4), "weight"),
        ("arr_0", (3, 4), "weight"),
        ("norm.weight", (4,), "norm"),
        ("bn.running_mean", (4,), "buffer"),
        ("bn.num_batches_tracked", (), "buffer"),
        ("embeddings.position_ids", (1, 512), "buffer"),
        ("embed.weight", (100, 8), "embedding"),
        ("bert.embeddings.word_embeddings.weight", (100, 8), "embedding"),
        ("transformer.wte.weight", (100, 8), "embedding"),
        ("cls_token", (1, 1, 8), "embedding"),
        ("embedder_net.weight", (3, 4), "weight"),
        ("document_embeddings.rnn.weight_hh_l0", (12, 4), "weight"),
        ("document_embeddings.word_reprojection_map.weight", (3, 4), "weight"),
        ("patch_embed.proj.weight", (8, 3, 4, 4), "weight"),
        ("document_embeddings.list_embedding_0.embedding_layer.weight", (9, 4), "embedding"),
        ("encoder.layernorm.weight", (1, 264), "norm"),
        ("optimizer.state.0.exp_avg", (3, 4), "optimizer"),
        ("state.exp_avg_sq", (3, 4), "optimizer"),
        ("fc.scores", (3, 4), "unknown"),
        ("fc.empty", (0, 4), "unknown"),
        ("roi.mask_head.weight", (3, 4), "weight"),
        ("mask_head.weight", (3, 4), "weight"),
    ],
)
def test_roles_by_name_and_shape(name: str, shape: tuple[int, ...], role: str) -> None:
    assert roles_of([entry(name, *shape)])[name] == role


def test_the_bias_of_a_normalisation_is_part_of_it() -> None:
    roles = roles_of([entry("bn.weight", 4), entry("bn.bias", 4), entry("bn.running_mean", 4), entry("fc.bias", 4)])
    assert roles == {"bn.weight": "norm", "bn.bias": "norm", "bn.running_mean": "buffer", "fc.bias": "bias"}


def test_large_integers_are_buffers_of_frameworks_and_matrices_of_numpy() -> None:
    assert roles_of([entry("ids", 3, 4, dtype="int64")])["ids"] == "buffer"
    assert roles_of([entry("fc.weight", 3, 4, dtype="int32")])["fc.weight"] == "weight"
    assert roles_of([entry("a", 3, 4, dtype="int64", axes="source-target")])["a"] == "weight"
    assert roles_of([entry("a", 3, 4, dtype="complex64")])["a"] == "unknown"
    assert roles_of([entry("a", 3, 4, dtype="str96")])["a"] == "unknown"


@pytest.mark.parametrize(
    ("mask", "target"),
    [
        ("fc1.weight_mask", "fc1.weight"),
        ("fc1_mask", "fc1"),
        ("mask_fc1", "fc1"),
        ("mask_fc1.weight", "fc1.weight"),
        ("mask_layers___0___weight", "layers.0.weight"),
        ("fc1.mask", "fc1"),
        ("fc1.weight.mask", "fc1.weight"),
        ("fc1/mask", "fc1"),
        ("masks.fc1", "fc1"),
        ("mask.fc1.weight", "fc1.weight"),
        ("weight_mask", "weight"),
    ],
)
def test_every_way_to_name_a_mask(mask: str, target: str) -> None:
    assert mask_target(mask) == target
    assert roles_of([entry(mask, 3, 4), entry(target, 3, 4)])[mask] == "mask"


@pytest.mark.parametrize("name", ["fc1.weight", "masked", "unmask", "maskrcnn.weight", "a.masked_bias"])
def test_other_names_are_no_masks(name: str) -> None:
    assert mask_target(name) is None


def test_names_sort_as_people_count() -> None:
    names = ["layer.weight", "layer2.weight", "layer10.weight", "layers.2.w", "layers.10.w", "layers.10a.w"]
    shuffled = [names[k] for k in (3, 5, 1, 0, 4, 2)]
    assert sorted(shuffled, key=natural_key) == names


def test_names_of_modules() -> None:
    assert module_of("a.fc1.weight_orig") == "a.fc1"
    assert module_of("scope/dense/kernel") == "scope/dense"
    assert module_of("weight") == "weight"
    assert module_of("arr_0") == "arr_0"
    assert leaf_of("a.b/c") == "c"


@pytest.mark.parametrize("prefix", ["ema.", "ema_model.", "model_ema.", "swa_model."])
@pytest.mark.parametrize("model", ["model.", ""])
def test_moving_averages_beside_the_weights_are_left_out(prefix: str, model: str, tmp_path: Path) -> None:
    """The sizes of an autoencoder chain with those of its own copy."""
    shapes = {"enc.weight": (3, 8), "dec.weight": (8, 3)}
    tensors = {before + name: torch.rand(shape) for before in (model, prefix) for name, shape in shapes.items()}
    torch.save({"state_dict": tensors}, tmp_path / "x.ckpt")
    network = tk.load(tmp_path / "x.ckpt")
    assert [layer.size for layer in network.layers] == [8, 3, 8]
    assert {s.tensor: s.reason for s in network.provenance.skipped}[f"{prefix}enc.weight"].endswith(
        f"'{model}enc.weight'"
    )
    averaged = tk.load(tmp_path / "x.ckpt", order=[f"{prefix}enc", f"{prefix}dec"])
    assert [layer.size for layer in averaged.layers] == [8, 3, 8]


def test_an_average_without_its_weights_is_the_model(tmp_path: Path) -> None:
    torch.save({"ema": {"fc.weight": torch.ones(2, 3)}}, tmp_path / "x.pt")
    assert tk.load(tmp_path / "x.pt").n_edges == 6
