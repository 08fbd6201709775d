"""Accuracy as a function of one setting: curves with a plateau and an exponential drop."""
