"""SET as in the SciPy code of the tutorial by Curci et al. (2020): its removal counts, He weights, unscaled decay.

Repository SelimaC/Tutorial-SCADS-Summer-School-2020-Scalable-Deep-Learning, ``set_mlp.py``. Thresholds are read off the
sorted weights: one to three edges more go than the share. New edges get weights from He's uniform rule over all
inputs, kept edges keep their momentum, and the weight decay is taken off the weights without the learning rate. Inputs
are in [0, 1], momentum is the classical one, and the last samples of an epoch that fill no batch are left out.
That code never changes the output layer; here it stays only where it is full, as it is at usual epsilons.
"""

PROFILE: dict[str, object] = {
    "method": "set",
    "normalise": False,
    "dropout": 0.2,
    "init": "he",
    "mask": "er-epsilon",
    "mask_draw": "bernoulli",
    "update_every": 0,
    "rewire_fraction": 0.3,
    "rewire_schedule": "constant",
    "stop_fraction": 1.0,
    "drop": "set-scipy",
    "growth": "exact",
    "grown_weights": "uniform",
    "grown_momentum": "zero",
    "reset_momentum": False,
    "keep_regrown": False,
    "update_replaces_step": False,
    "drop_last": True,
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 2e-4,
    "decay_form": "unscaled",
}
