"""One file per format: bytes to `Checkpoint`, without any framework and without running anything of the file."""
