"""The classes and functions that a TorchScript program declares, each file read when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from topokit.loaders.formats.common.archive import Archive
from topokit.loaders.formats.pickle_vm import Global
from topokit.loaders.formats.torch_files.code.parser import Parser
from topokit.loaders.formats.torch_files.code.syntax import Class, Function

_LONGEST_CODE = 2_000_000

Declared = tuple[dict[str, Class], dict[str, Function]]


@dataclass(eq=False)
class Program:
    """The code of an archive.

    Attributes
    ----------
    archive : Archive
        The archive.
    top : str
        The folder that everything in it lies in.
    unread : list of str
        Files that are too long, or of another form than programs have.
    """

    archive: Archive
    top: str
    unread: list[str] = field(default_factory=list)
    _files: dict[str, Declared] = field(default_factory=dict)
    _read: int = 0

    def class_of(self, kind: Global) -> Class | None:
        """The class of that name, if the code declares one."""
        return self._file(kind.module)[0].get(kind.name)

    def function_of(self, kind: Global) -> Function | None:
        """The function of that name, if the code declares one."""
        return self._file(kind.module)[1].get(kind.name)

    def _file(self, module: str) -> Declared:
        if module not in self._files:
            name = f"{self.top}code/{module.replace('.', '/')}.py"
            self._files[module] = self._declared(name) if name in self.archive.members else ({}, {})
        return self._files[module]

    def _declared(self, name: str) -> Declared:
        self._read += self.archive.members[name].size
        try:
            if self._read > _LONGEST_CODE:
                raise ValueError(f"the code is longer than {_LONGEST_CODE:,} bytes")
            return Parser(self.archive.data(name).tobytes().decode()).file()
        except ValueError:
            self.unread.append(name.removeprefix(self.top))
            return {}, {}
