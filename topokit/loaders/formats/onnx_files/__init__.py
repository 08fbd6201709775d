"""The parts of ONNX models."""
