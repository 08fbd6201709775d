"""Files of PaddlePaddle: state dicts, and programs with their parameters."""
