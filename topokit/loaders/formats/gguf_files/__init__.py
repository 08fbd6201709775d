"""The parts of GGUF files."""
