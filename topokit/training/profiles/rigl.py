"""RigL as in the code of its authors: every 100 steps the change takes the step's place, up to 3/4 of training.

Evci et al., Rigging the Lottery, ICML 2020; repository google-research/rigl. The floor of a cosine share of each
layer's edges goes by magnitude; as many come where the gradient of the batch is largest. An edge that goes and comes
back at once keeps its weight and momentum.
"""

PROFILE: dict[str, object] = {
    "method": "rigl",
    "mask": "erk",
    "update_every": 100,
    "rewire_fraction": 0.3,
    "rewire_schedule": "cosine",
    "rewire_floor": 0.0,
    "stop_fraction": 0.75,
    "drop": "magnitude",
    "rounding": "floor",
    "grown_weights": "zero",
    "grown_momentum": "zero",
    "keep_regrown": True,
    "update_replaces_step": True,
}
