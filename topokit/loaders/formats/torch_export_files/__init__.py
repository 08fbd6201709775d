"""The parts of exported PyTorch programs."""
