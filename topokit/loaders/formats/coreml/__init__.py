"""Core ML: one ``.mlmodel`` file, or an ``.mlpackage`` folder with a model and its weights.

Sources: https://apple.github.io/coremltools/mlmodel/index.html (the messages) and
https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp (``weight.bin``).
"""

from topokit.loaders.formats.coreml.reader import FORMAT, open_coreml, recognises

__all__ = ["FORMAT", "open_coreml", "recognises"]
