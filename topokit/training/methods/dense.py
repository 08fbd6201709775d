"""Every possible edge, all the time: the baseline."""

from topokit.training.methods.method import Method

DENSE = Method(name="dense", sparse=False)
