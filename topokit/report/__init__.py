"""Reports: what was measured in one or several runs, as one HTML file that needs no network."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from topokit.report.write import report

__all__ = ["report"]


class _CallableModule(ModuleType):
    # Importing anything from here binds `topokit.report` to this package, and people call `topokit.report(...)`.
    def __call__(self, *arguments: Any, **options: Any) -> Path:
        return report(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
