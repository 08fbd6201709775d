"""SET of a restricted Boltzmann machine as in Mocanu's SciPy code: one step of the chain, no momentum.

Repository dcmocanu/sparse-evolutionary-artificial-neural-networks, ``set_rbm_sparse_data_structures.py``. Hidden units
are drawn and visible ones keep their chances; edges are drawn with replacement; after each epoch edges go as in
`topokit.training.profiles.set_scipy` and come with normal weights, and after the last one they only go. The decay is
taken off weights and biases without the learning rate, which is 0.1 there; inputs are in [0, 1].
"""

PROFILE: dict[str, object] = {
    "method": "set",
    "model": "rbm",
    "hidden": (500,),
    "normalise": False,
    "cd_steps": 1,
    "sample_visible": False,
    "init": "normal",
    "init_deviation": 0.05,
    "mask": "er-epsilon",
    "mask_draw": "replacement",
    "update_every": 0,
    "rewire_fraction": 0.3,
    "rewire_schedule": "constant",
    "stop_fraction": 1.0,
    "drop": "set-scipy",
    "growth": "exact",
    "grown_weights": "normal",
    "grown_deviation": 0.05,
    "grown_momentum": "zero",
    "reset_momentum": False,
    "prune_at_end": True,
    "keep_regrown": False,
    "update_replaces_step": False,
    "drop_last": True,
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 2e-7,
    "decay_form": "unscaled",
}
