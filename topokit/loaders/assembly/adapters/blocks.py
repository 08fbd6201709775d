"""The blocks of transformers: attention, feed-forward part and mixtures of experts, and the sums around them."""

from __future__ import annotations

from topokit.loaders.assembly.adapters.attention import attention
from topokit.loaders.assembly.adapters.block_names import BlockNames, ExpertNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError


def blocks(builder: Builder, stack: str, names: BlockNames, config: Config, value: str, memory: str = "") -> str:
    """The numbered blocks of a stack, one after the other; `memory` is the sequence that cross-attention reads.

    Raises
    ------
    MismatchError
        There is none, or one lacks a module.
    """
    stems = builder.names.stack(stack)
    if not stems:
        raise MismatchError(f"no {stack}.0")
    for stem in stems:
        value = block(builder, stem, names, config, value, memory)
    return value


def block(builder: Builder, stem: str, names: BlockNames, config: Config, value: str, memory: str = "") -> str:
    """One block; `memory` is the sequence that cross-attention reads."""
    entered = builder.norm(stem + names.attention_norms.before, value)
    branch = attention(builder, stem, names.attention, config, entered)
    if _is_parallel(builder, stem, names):
        own = stem + names.feed_forward_norms.before
        fed = _feed(builder, stem, names, builder.norm(own, value) if own in builder.names else entered)
        return builder.together("add", stem + "add", value, branch, fed)
    value = _joined(builder, stem, names.attention_norms, value, branch)
    if names.cross and memory:
        entered = builder.norm(stem + names.cross_norms.before, value)
        branch = attention(builder, stem, names.cross, config, entered, memory)
        value = _joined(builder, stem, names.cross_norms, value, branch)
    fed = _feed(builder, stem, names, builder.norm(stem + names.feed_forward_norms.before, value))
    return _joined(builder, stem, names.feed_forward_norms, value, fed)


def _is_parallel(builder: Builder, stem: str, names: BlockNames) -> bool:
    first, second = names.attention_norms.before, names.feed_forward_norms.before
    lacks_second = bool(first and second) and stem + first in builder.names and stem + second not in builder.names
    return names.parallel or lacks_second


def _joined(builder: Builder, stem: str, norms: NormNames, value: str, branch: str) -> str:
    total = builder.together("add", stem + "add", value, builder.norm(stem + norms.within, branch))
    return builder.norm(stem + norms.after, total)


def feed_forward(builder: Builder, stem: str, names: FeedForwardNames, value: str) -> str:
    """To the hidden units, which a gate may multiply, and back."""
    hidden = builder.linear(stem + names.up, value)
    width = builder.names[stem + names.down].size("i")
    if names.gate:
        hidden = builder.together("multiply", stem + "gated", builder.linear(stem + names.gate, value), hidden)
    elif builder.widths[hidden] == 2 * width:
        hidden = builder.together("multiply", stem + "gated", *builder.split(stem + names.up, hidden, [width, width]))
    return builder.linear(stem + names.down, hidden)


def _feed(builder: Builder, stem: str, names: BlockNames, value: str) -> str:
    if names.experts is not None and stem + names.experts.router in builder.names:
        return mixture(builder, stem, names.experts, value)
    return feed_forward(builder, stem, names.feed_forward, value)


def mixture(builder: Builder, stem: str, names: ExpertNames, value: str) -> str:
    """The sum of what the experts make of a value.

    The routers weigh the experts and hand on nothing of the value; they are left out and said to be.
    """
    builder.aside(stem + names.router, stem + names.shared_router)
    builder.note("the routers weigh the experts and hand on no values: left out")
    experts = builder.names.stack(stem + names.stack)
    router = builder.names[stem + names.router]
    if len(experts) < 2 or (router.size("o"), router.size("i")) != (len(experts), builder.widths[value]):
        raise MismatchError(f"{stem}{names.router} does not choose among the experts")
    made = [feed_forward(builder, expert, names.expert, value) for expert in experts]
    if names.shared is not None and stem + names.shared.down in builder.names:
        made.append(feed_forward(builder, stem, names.shared, value))
    return builder.together("add", stem + "experts", *made)
