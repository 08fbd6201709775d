"""Lottery tickets as first published: a fifth of each layer goes in each round, and weights return to the start.

Frankle and Carbin, The Lottery Ticket Hypothesis, ICLR 2019, section 2. Their fully connected network loses half as
large a share of its output layer, which is not imitated.
"""

PROFILE: dict[str, object] = {
    "method": "imp",
    "prune_fraction": 0.2,
    "prune_scope": "layer",
    "rewind_epoch": 0,
}
