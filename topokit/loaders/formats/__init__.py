"""Files to `Checkpoint`, without any framework and without running anything of the file.

Each module of this folder is one format, `format` and `unsupported` apart. What only one family of formats needs lies
in the folder named after it (``onnx_files``, ``torch_files``, ...); what several need in ``common`` (archives, names
inside checkpoints, types of numbers, wire formats), ``pickle_vm`` and ``objects`` (pickles and what they hold),
``graphs`` and ``aten`` (computations).
"""
