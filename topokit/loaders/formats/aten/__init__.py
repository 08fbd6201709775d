"""PyTorch's ATen operators as steps of a computation, for exported programs and for code."""
