"""Gradual pruning as in TensorFlow 1 and Kepner-sparse-nn: every 200 steps from 30 % of training to its end.

Zhu and Gupta, To Prune, or Not to Prune, 2017; Alford et al., Training Behavior of Sparse Neural Network Topologies,
2019, whose code prunes the hidden layers from step 3,000 to 10,000 of 10,000 and keeps the output layer dense. Counts
are exact here where that code reads thresholds off a histogram of 2,560 bins.
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
