"""Well-known naming schemes, for files that hold tensors and no graph.

Each family has a module of its own, which says what its modules are called and in which order the computation passes
them. A family is taken only if every weight matrix has a place in it and all sizes agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.bert import ADAPTER as BERT
from topokit.loaders.assembly.adapters.clip import ADAPTER as CLIP
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.gguf import ADAPTER as LLAMA_CPP
from topokit.loaders.assembly.adapters.gpt2 import ADAPTER as GPT2
from topokit.loaders.assembly.adapters.llama import ADAPTER as LLAMA
from topokit.loaders.assembly.adapters.mtcnn import ADAPTER as MTCNN
from topokit.loaders.assembly.adapters.names import Names
from topokit.loaders.assembly.adapters.recurrent import ADAPTER as RECURRENT
from topokit.loaders.assembly.adapters.resnet import ADAPTER as RESNET
from topokit.loaders.assembly.adapters.silero import ADAPTER as SILERO
from topokit.loaders.assembly.adapters.t5 import ADAPTER as T5
from topokit.loaders.assembly.adapters.torch_transformer import ADAPTER as TORCH_TRANSFORMER
from topokit.loaders.assembly.adapters.vgg import ADAPTER as VGG
from topokit.loaders.assembly.adapters.vit import ADAPTER as VIT
from topokit.loaders.assembly.adapters.whisper import ADAPTER as WHISPER
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.graph import GraphIR

ADAPTERS: tuple[Adapter, ...] = (
    BERT,
    CLIP,
    GPT2,
    LLAMA,
    LLAMA_CPP,
    MTCNN,
    RECURRENT,
    RESNET,
    SILERO,
    T5,
    TORCH_TRANSFORMER,
    VGG,
    VIT,
    WHISPER,
)


def graph_by_names(checkpoint: Checkpoint, weights: Sequence[TensorEntry]) -> GraphIR | None:
    """The computation of a model whose tensors have well-known names.

    Parameters
    ----------
    checkpoint : Checkpoint
        Tensors, and the configuration under ``metadata["config"]`` where there is one.
    weights : sequence of TensorEntry
        The weight matrices, each of which must have its place.

    Returns
    -------
    GraphIR or None
        None when no family fits completely.
    """
    names, config = Names.of(checkpoint), Config.of(checkpoint)
    required = [entry.name for entry in weights]
    graphs = (adapter.graph(names, config, required) for adapter in ADAPTERS)
    return next((graph for graph in graphs if graph is not None), None)
