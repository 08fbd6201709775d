"""The code that TorchScript programs and traced modules carry: read as text, followed symbolically, never run."""
