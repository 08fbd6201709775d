"""The parts of NumPy files."""
