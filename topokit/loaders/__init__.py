"""Any saved network as a layered DAG, without its framework and without running anything of its file.

`formats` knows files and lists their tensors, `assembly` decides what the tensors are and joins them.
"""

from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.inspect import inspect
from topokit.loaders.inspection import Inspection
from topokit.loaders.limits import Limits
from topokit.loaders.load import load
from topokit.loaders.opening import open_checkpoint
from topokit.loaders.series import load_series

__all__ = ["Checkpoint", "Inspection", "Limits", "TensorEntry", "inspect", "load", "load_series", "open_checkpoint"]
