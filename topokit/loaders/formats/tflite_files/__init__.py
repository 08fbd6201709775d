"""TensorFlow Lite: the tensors of a ``.tflite`` file and the computation they belong to."""
