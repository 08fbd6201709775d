"""HDF5 files, read without the HDF5 library.

The library hangs or crashes on damaged files, opens others that a file names, and takes the memory that one declares.
This reader knows what checkpoints use of the format, reads headers within a budget of bytes, and maps tensors into
memory. Format: HDF5 File Format Specification, version 3.0
(https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html).
"""

from topokit.loaders.formats.hdf5_files.objects import Data, Object
from topokit.loaders.formats.hdf5_files.storage import data_reader
from topokit.loaders.formats.hdf5_files.superblock import SIGNATURE, open_source
from topokit.loaders.formats.hdf5_files.tree import read_root, read_tree

__all__ = ["SIGNATURE", "Data", "Object", "data_reader", "open_source", "read_root", "read_tree"]
