"""Checkpoint to layered DAG: what each tensor is, which mask belongs to which weight, in which order they chain."""
