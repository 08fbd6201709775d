"""What all PyTorch files have in common once their bytes are found: a pickle, storages, and what they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.graphs.entries import placed
from topokit.loaders.formats.objects.state_dict import contents_of
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Machine, Placeholder
from topokit.loaders.formats.pickle_vm.stream import Data
from topokit.loaders.formats.torch_files.entries import entries_of, is_tensor
from topokit.loaders.formats.torch_files.objects import TORCH_CONSTRUCTORS
from topokit.loaders.formats.torch_files.source import SEQUENTIAL, TRACED, Source, Told
from topokit.loaders.formats.torch_files.storages import Storages
from topokit.loaders.limits import Limits

_MOST_UNKNOWN = 8


def machine_for(data: Data, storages: Storages, limits: Limits) -> Machine:
    """The inert machine for a pickle whose storages are `storages`."""
    return Machine(
        data,
        storages.path,
        storages.format,
        constructors={**CONSTRUCTORS, **TORCH_CONSTRUCTORS},
        persistent=storages.checked,
        limits=limits,
    )


def checkpoint_from(
    root: Any,
    storages: Storages,
    limits: Limits,
    *,
    unknown: Iterable[object] = (),
    more: Iterable[TensorEntry] = (),
    graph: Callable[[Source], Told] | None = None,
) -> Checkpoint:
    """The checkpoint that an object from a pickle holds.

    Parameters
    ----------
    root : object
        What the machine made.
    storages : Storages
        Where its tensors lie.
    limits : Limits
        What is accepted.
    unknown : iterable
        Names of objects that the machine left unmade.
    more : iterable of TensorEntry
        Tensors that lie elsewhere in the file.
    graph : callable, optional
        Translates the computation that the file tells; that of a module traced by ``torch.fx`` unless given.

    Raises
    ------
    UnsupportedFeatureError
        It is one piece of a model that several processes wrote.
    """
    _check_whole(root, storages)
    contents = contents_of(root, is_tensor, storages.path, storages.format, limits)
    listed = by_name([*entries_of(contents.tensors, storages, contents.modules), *more], storages.path, limits)
    names = {id(named.value): named.name for named in reversed(contents.tensors)}
    told = (graph or _traced)(Source(contents.model, names, listed))
    tensors = listed if told.weights is None else placed(listed, told.weights, None)
    unmade = sorted({str(name) for name in unknown})[:_MOST_UNKNOWN]
    return Checkpoint(
        path=storages.path,
        format=storages.format,
        files=(storages.path,),
        tensors=by_name(tensors.values(), storages.path, limits),
        order="insertion",
        metadata={**contents.metadata, **({"modules": contents.modules} if contents.modules else {})},
        notes=contents.notes + told.notes + ((f"objects left unmade: {', '.join(unmade)}",) if unmade else ()),
        graph=told.graph,
        limits=limits,
    )


def _traced(source: Source) -> Told:
    """The graph of a traced module or of modules in a row; what follows code is imported for those that have any."""
    kind = source.root.kind if isinstance(source.root, Placeholder) else None
    if kind is None or (kind.name != TRACED and kind != SEQUENTIAL):
        return Told()
    from topokit.loaders.formats.torch_files.code.graph import traced_graph

    return traced_graph(source)


def _check_whole(root: Any, storages: Storages) -> None:
    """Refuse what DeepSpeed leaves of a model whose weights it spread over processes (ZeRO stage 3, optimizer shards).

    The keys are those of ``deepspeed/checkpoint/constants.py``.
    """
    if not isinstance(root, dict):
        return
    shard, weights = root.get("optimizer_state_dict"), root.get("module")
    is_optimizer = isinstance(shard, dict) and "zero_stage" in shard
    tensors = [value for value in weights.values() if is_tensor(value)] if isinstance(weights, dict) else []
    is_emptied = "param_shapes" in root and bool(tensors) and all(0 in tensor.shape for tensor in tensors)
    if is_optimizer or is_emptied:
        raise UnsupportedFeatureError(
            storages.path,
            "is one process's piece of a DeepSpeed ZeRO checkpoint, with the weights in flat pieces",
            format=storages.format,
            remedy="run the zero_to_fp32.py that DeepSpeed put beside it, and give the file that it makes",
        )
