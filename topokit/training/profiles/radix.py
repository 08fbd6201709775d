"""LeNet-300-100 as a RadiX-Net: radices 10 and 10 with widths 8, 3, 1; 784 of its 800 inputs, its output layer dense.

Alford et al., Training Behavior of Sparse Neural Network Topologies, 2019; repository simonalford42/Kepner-sparse-nn.
The two sparse layers have 23,520 and 3,000 edges, one tenth of the possible ones. ``mask = 'radix-random'`` besides
gives its random twin.
"""

PROFILE: dict[str, object] = {
    "method": "static",
    "hidden": (300, 100),
    "mask": "radix",
    "radix_systems": "10,10",
    "radix_widths": (8, 3, 1),
    "dense_output": True,
}
