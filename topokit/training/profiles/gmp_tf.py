"""Gradual pruning as in TensorFlow 1: every 200 steps from 30 % of training to its end, the output layer dense.

Zhu and Gupta, To Prune, or Not to Prune, 2017; Alford et al., Training Behavior of Sparse Neural Network Topologies,
2019, whose text has pruning go from step 3,000 to 10,000 of 10,000. Their code, Kepner-sparse-nn, prunes the output
layer too: that is ``dense_output = False``. Counts are exact here where that code reads thresholds off a histogram of
2,560 bins.
"""

PROFILE: dict[str, object] = {
    "method": "gradual",
    "mask": "uniform",
    "dense_output": True,
    "update_every": 200,
    "prune_begin": 0.3,
    "prune_end": 1.0,
    "prune_scope": "layer",
}
