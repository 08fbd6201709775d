"""SET as in the Keras code of its authors: masks, new weights 0, momentum anew every epoch, the output layer dense.

Mocanu et al., Nature Communications 9, 2018; repository dcmocanu/sparse-evolutionary-artificial-neural-networks. At the
end of an epoch, but the last one, the smallest positive weights and the negative ones closest to 0 go and as many edges
come at random. The model is compiled anew each time, and so all momentum is lost. The code's threshold can take one
edge more than the share from either sign.
"""

PROFILE: dict[str, object] = {
    "method": "set",
    "mask": "er-epsilon",
    "mask_draw": "bernoulli",
    "dense_output": True,
    "update_every": 0,
    "rewire_fraction": 0.3,
    "rewire_schedule": "constant",
    "stop_fraction": 1.0,
    "drop": "set",
    "rounding": "floor",
    "growth": "exact",
    "grown_weights": "zero",
    "reset_momentum": True,
    "keep_regrown": False,
    "update_replaces_step": False,
}
