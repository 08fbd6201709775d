"""A sparse mask that stays as it was drawn."""

from topokit.training.methods.method import Method

STATIC = Method(name="static")
