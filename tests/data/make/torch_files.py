"""Files of PyTorch without a graph of their own or with code: zip, legacy, TorchScript and distributed.

``python tests/data/make/torch_files.py [folders]`` writes the networks of the zoo under ``zoo/torch-zip``,
``zoo/torch-legacy``, ``zoo/torchscript`` and ``zoo/torch-dcp``, and special cases under ``samples/torch``: a training
checkpoint with moments and a moving average, quantised and sparse tensors. Made with PyTorch 2.13.0.
"""

from __future__ import annotations

import inspect
import io
import os
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch_graph
from torch import fx, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor
from torch_graph import NETS, built

HERE = Path(__file__).absolute().parent


ZOO, SAMPLES = HERE.parent / "zoo", HERE.parent / "samples" / "torch"
LEGACY = {"_use_new_zipfile_serialization": False}


def transformer() -> dict[str, torch.Tensor]:
    """The state dict that ``state_dicts.py`` makes."""
    return torch.load(ZOO / "torch-zip" / "transformer.pt", weights_only=True)


def trained(net: nn.Module, example: torch.Tensor) -> dict[str, Any]:
    """What a training script saves: the network, its optimizer, a moving average of its weights."""
    optimizer = torch.optim.Adam(net.parameters(), lr=0.0)
    net(example).sum().backward()
    optimizer.step()
    average = {key: torch.full_like(values, 0.5) for key, values in net.state_dict().items()}
    rest = {"epoch": 3, "global_step": 120, "hyper_parameters": {"lr": 0.1, "hidden": [10, 8]}, "ema": average}
    return {**rest, "optimizer_states": [optimizer.state_dict()], "state_dict": net.state_dict()}


def prefixed(net: nn.Module) -> dict[str, torch.Tensor]:
    """The names of a compiled network that runs on several devices."""
    return {f"module._orig_mod.{key}": values for key, values in net.state_dict().items()}


def graph_module(net: nn.Module) -> fx.GraphModule:
    """The network as a traced graph; annotations that are text cannot be saved."""
    traced = fx.symbolic_trace(net)
    for node in traced.graph.nodes:
        node.type = None
    traced.recompile()
    return traced


def save_zip(folder: Path) -> None:
    net, example = built("mlp"), NETS["mlp"][1]
    torch.save(net.state_dict(), folder / "mlp.pt")
    torch.save(net, folder / "mlp-module.pt")
    for name in ("mlp", "convnet"):
        torch.save(graph_module(built(name)), folder / f"{name}-fx.pt")
    torch.save(prefixed(net), folder / "mlp-parallel.pt")
    torch.save({"model": nn.DataParallel(net), "epoch": 1}, folder / "mlp-parallel-module.pt")
    torch.save(trained(net, example), folder / "mlp-lightning.ckpt")


def save_legacy(folder: Path) -> None:
    torch.serialization.get_source_lines_and_file = source_of
    with warnings.catch_warnings(action="ignore"):
        for name in ("mlp", "lstm"):
            torch.save(built(name).state_dict(), folder / f"{name}.pt", **LEGACY)
        torch.save(transformer(), folder / "transformer.pt", **LEGACY)
        torch.save(built("mlp"), folder / "mlp-module.pt", **LEGACY)
        torch.save(built("mlp").state_dict(), folder / "mlp-protocol4.pt", pickle_protocol=4, **LEGACY)


def source_of(kind: type[nn.Module]) -> tuple[list[str], int, str]:
    """What old files keep of the source code of a module: its lines, and of its file only the name."""
    lines, first = inspect.getsourcelines(kind)
    return lines, first, Path(inspect.getfile(kind)).name


def save_script(folder: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        for name in NETS:
            net, example = built(name), NETS[name][1]
            save_program(torch.jit.trace(net, example), folder / f"{name}-traced.pt")
        for name in ("mlp", "convnet", "lstm"):
            save_program(torch.jit.script(built(name)), folder / f"{name}.pt")


def save_program(program: torch.jit.ScriptModule, path: Path) -> None:
    """Save a program without the tables that lead its code back to lines of files on this machine."""
    buffer = io.BytesIO()
    torch.jit.save(program, buffer)
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(path, "w") as archive:
        for info in whole.infolist():
            if not info.filename.endswith(".debug_pkl"):
                archive.writestr(info, whole.read(info))


def save_distributed(folder: Path) -> None:
    net, example = built("mlp"), NETS["mlp"][1]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with warnings.catch_warnings(action="ignore"):
        os.chdir(folder)
        dcp.save(built("mlp").state_dict(), checkpoint_id="mlp")
        dcp.save(built("lstm").state_dict(), checkpoint_id="lstm")
        dcp.save(transformer(), checkpoint_id="transformer")
        checkpoint = trained(net, example)
        dcp.save({"model": checkpoint["state_dict"], "epoch": 3}, checkpoint_id="mlp-nested")
    torch.multiprocessing.spawn(_save_shard, (Path("mlp-sharded").absolute(),), nprocs=2)


def _save_shard(rank: int, folder: Path) -> None:
    """Save the rows of every tensor that one of two processes holds."""
    dist.init_process_group("gloo", init_method=f"file://{folder}.store", rank=rank, world_size=2)
    mesh = init_device_mesh("cpu", (2,))
    sharded = {key: distribute_tensor(values, mesh, [Shard(0)]) for key, values in built("mlp").state_dict().items()}
    os.chdir(folder.parent)
    dcp.save(sharded, checkpoint_id=folder.name)
    dist.barrier()
    dist.destroy_process_group()
    Path(f"{folder}.store").unlink(missing_ok=True)


def save_samples(folder: Path) -> None:
    weights = torch.arange(-6.0, 6).reshape(3, 4) / 8
    channels = (torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, -2]), 0)
    quantised = {
        "tensor": torch.quantize_per_tensor(weights, 0.05, 3, torch.qint8),
        "channel": torch.quantize_per_channel(weights, *channels, torch.qint8),
    }
    whole = torch.arange(24.0)
    shared = {"whole": whole, "rows": whole.reshape(4, 6)[1:3], "turned": whole.reshape(4, 6).t()}
    transposed = nn.Sequential(nn.ConvTranspose2d(3, 5, 2, stride=2), nn.ReLU(), nn.Embedding(7, 4), nn.LayerNorm(4))
    with warnings.catch_warnings(action="ignore"):
        torch.save(quantised, folder / "quantised.pt")
        torch.save(shared, folder / "shared-legacy.pt", **LEGACY)
        torch.save(transposed, folder / "transposed.pt")
        sparse = {"a": torch.eye(3).to_sparse(), "b": torch.eye(3).to_sparse_csr()}
        torch.save(sparse, folder / "sparse-legacy.pt", **LEGACY)


FOLDERS: dict[str, tuple[Path, Callable[[Path], None]]] = {
    "torch-zip": (ZOO / "torch-zip", save_zip),
    "torch-legacy": (ZOO / "torch-legacy", save_legacy),
    "torchscript": (ZOO / "torchscript", save_script),
    "torch-dcp": (ZOO / "torch-dcp", save_distributed),
    "samples": (SAMPLES, save_samples),
}


def main(names: list[str]) -> None:
    """Write these folders, all when none is named; no file names a folder of this machine."""
    os.chdir(HERE)
    torch_graph.__file__ = "torch_graph.py"
    for name in names or FOLDERS:
        folder, save = FOLDERS[name]
        folder.mkdir(parents=True, exist_ok=True)
        save(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
