"""Models that transformers saved are wired as automatic differentiation in the framework says."""

from __future__ import annotations

from pathlib import Path

import influence
import pytest

import topokit as tk

FAMILIES = Path(__file__).parents[2] / "data" / "samples" / "families"
BEHIND_THE_CLASS_TOKEN = {
    "clip": {("vision_model.embeddings.patch_embedding.weight", "visual_projection.weight")},
    "deit": {
        ("deit.embeddings.patch_embeddings.projection.weight", "cls_classifier.weight"),
        ("deit.embeddings.patch_embeddings.projection.weight", "distillation_classifier.weight"),
    },
    "vit": {("vit.embeddings.patch_embeddings.projection.weight", "classifier.weight")},
}
"""Skips from the patches to what sees the class token alone: a wiring by features does not tell tokens apart."""


@pytest.mark.parametrize("folder", sorted(FAMILIES.iterdir()), ids=lambda folder: folder.name)
def test_influences_are_those_of_the_framework(folder: Path) -> None:
    found, expected = influence.wired(folder), influence.unpacked(folder / "influences.npz")
    assert found >= expected
    assert {edge[:2] for edge in found - expected} == BEHIND_THE_CLASS_TOKEN.get(folder.name, set())
    assert tk.load(folder).provenance.order == "adapter"
