"""PyTorch programs that `torch.export.save` writes (``.pt2``, PyTorch 2.9 and later), without PyTorch.

The graph is JSON, the weights are raw numbers. Source: ``torch/_export/serde/schema.py`` and
``torch/export/pt2_archive/constants.py`` of https://github.com/pytorch/pytorch.
"""

from topokit.loaders.formats.torch_export.reader import FORMAT, open_torch_export, recognises

__all__ = ["FORMAT", "open_torch_export", "recognises"]
