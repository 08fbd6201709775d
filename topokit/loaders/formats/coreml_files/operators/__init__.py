"""What each operator of an ML program becomes; its arguments have names, and the file tells all shapes.

Source: https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html.
"""

from __future__ import annotations

from topokit.loaders.formats.coreml_files.operators import elementwise, shaping, weighted
from topokit.loaders.formats.graphs.calls import Handler

HANDLERS: dict[str, Handler] = {**elementwise.HANDLERS, **shaping.HANDLERS, **weighted.HANDLERS}
