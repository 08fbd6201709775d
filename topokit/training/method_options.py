"""Options that do not go together with a method."""

from __future__ import annotations

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.methods import GRADUAL, PERIODIC, Method


def check_options(config: TrainConfig, method: Method) -> None:
    """Refuse what the method cannot do.

    Raises
    ------
    ConfigError
        The message says which options, and what to change.
    """
    name, timing = method.name, method.timing
    if method.uses_momentum and not config.momentum:
        raise ConfigError(f"method {name!r} grows edges by momentum, which is 0: set momentum, such as 0.9")
    if config.structure and (not method.sparse or method.start is not None):
        raise ConfigError(
            f"method {name!r} chooses the edges it starts with: a stored structure needs 'static' or 'set'"
        )
    if config.redistribute and not (method.uses_momentum and method.dense_momentum):
        raise ConfigError(f"redistribute goes by momentum, which method {name!r} does not grow by: use method 'snfs'")
    if config.update_replaces_step and timing.in_step:
        raise ConfigError(
            f"method {name!r} changes in every step: update_replaces_step would leave no step to learn in"
        )
    if config.prune_at_end and timing is not PERIODIC:
        raise ConfigError(f"prune_at_end is for methods that drop and grow, such as 'set', not {name!r}: leave it out")
    if timing.rounds and config.rewind_epoch >= config.epochs:
        raise ConfigError(
            f"rewind_epoch {config.rewind_epoch} of {config.epochs} epochs leaves nothing to train again: lower it"
        )
    if timing is GRADUAL and config.prune_begin > config.prune_end:
        raise ConfigError(
            f"pruning would begin at {config.prune_begin:g} of training and end at {config.prune_end:g}: "
            "set prune_begin below prune_end"
        )
