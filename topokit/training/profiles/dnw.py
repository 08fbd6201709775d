"""DNW as in the code of its authors: the same density in every layer, the first and the last included.

Wortsman et al., Discovering Neural Wirings, NeurIPS 2019; repository allenai/dnw. Give ``method = 'dnw-frozen'``
besides to fix the wiring at the end of ``freeze_epoch``. Edges are the nearest number to the density's share; that code
rounds down the number of those that go, which can leave one edge more.
"""

PROFILE: dict[str, object] = {
    "method": "dnw",
    "mask": "uniform",
    "dense_input": False,
    "dense_output": False,
}
