"""Named sets of options: what the public codes and papers behind the published results do, one file each.

A profile says how edges are counted, dropped and grown, what becomes of weights and momentum, in which order a step and
a change of the wiring come, and which layers take part; not how large the network is or how long it learns. Options
that are given besides win. Where nothing is named, counts are exact, ties go to the first edge, and new edges have
weight and momentum 0.
"""
