"""Data sets for the reference trainer, as arrays: digits, MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100.

``DATASETS.load(name).load(folder)`` of `topokit.registry` gives a `Data`; `fetch` brings the files to this machine.
"""

from topokit.training.data.base import Data, Dataset, default_folder

__all__ = ["Data", "Dataset", "default_folder"]
