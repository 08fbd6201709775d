"""What TensorFlow's formats share: checkpoints' tables, graphs as protocol buffers or JSON, and their translation."""
