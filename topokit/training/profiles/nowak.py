"""Dynamic sparse training as in the code of Nowak et al. (2023), on which the regrowth study of Matab seems to rest.

Nowak et al., Fantastic Weights and How to Find Them, NeurIPS 2023; repository alooow/fantastic_weights_paper. The step
comes first and the change after it, by the gradient of the same batch, every 400 steps to the end. The ceiling of a
cosine share, from one half down to 0.005, goes by magnitude. Random growth takes each free position by chance, so the
edges drift in number. An edge that goes and comes back at once keeps its weight, and new edges keep what momentum has
gathered. The change after the very last step, which nothing but an evaluation follows, is left out.

``method`` says how edges grow: 'set' at random, unless another one is given, 'rigl' by gradient, 'snfs' by momentum. In
that code momentum gathers everywhere whatever the growth: 'random-momentum' and 'gradient-momentum' with
``switch_fraction = 1`` do so too.
"""

PROFILE: dict[str, object] = {
    "method": "set",
    "mask": "erk",
    "validation": "last",
    "validation_fraction": 0.1,
    "update_every": 400,
    "rewire_fraction": 0.5,
    "rewire_schedule": "cosine",
    "rewire_floor": 0.005,
    "stop_fraction": 1.0,
    "switch_fraction": 0.5,
    "drop": "magnitude",
    "rounding": "ceil",
    "growth": "bernoulli",
    "redistribute": False,
    "grown_weights": "zero",
    "grown_momentum": "keep",
    "keep_regrown": True,
    "update_replaces_step": False,
    "nesterov": True,
    "weight_decay": 5e-4,
}
