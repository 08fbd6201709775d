"""What the families call the modules of a transformer block."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionNames:
    """Modules of attention, relative to their block.

    Attributes
    ----------
    query, key, value : str
        One matrix each.
    fused : str
        One matrix for all three, instead of them where there is one.
    interleaved : bool
        Whether the fused matrix holds query, key and value of each head in turn.
    output : str
        Behind the heads.
    key_norm : str
        A normalisation of one head of the keys, which tells its size.
    """

    query: str = ""
    key: str = ""
    value: str = ""
    fused: str = ""
    interleaved: bool = False
    output: str
    key_norm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedForwardNames:
    """Modules of the feed-forward part, relative to their block.

    Attributes
    ----------
    up, down : str
        To the hidden units and back.
    gate : str
        What the hidden units are multiplied with, if anything. Without it, the first half of `up` is the gate where
        `up` makes twice what `down` takes.
    """

    up: str
    down: str
    gate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertNames:
    """Modules of a mixture of experts, relative to their block.

    Attributes
    ----------
    router : str
        What chooses among the experts.
    stack : str
        The numbered experts.
    expert : FeedForwardNames
        Modules of one expert, relative to it.
    shared : FeedForwardNames, optional
        Modules of an expert that every token passes.
    shared_router : str
        What weighs that one.
    """

    router: str
    stack: str
    expert: FeedForwardNames
    shared: FeedForwardNames | None = None
    shared_router: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormNames:
    """Normalisations of what enters a part of a block, of what comes out of it, and of the sum with what went past."""

    before: str = ""
    within: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockNames:
    """Modules of one block, each relative to it; normalisations that are not there are passed over.

    Attributes
    ----------
    attention, attention_norms
        Attention of a sequence to itself.
    cross, cross_norms
        Attention to another sequence, where there is any.
    feed_forward, feed_forward_norms
        What follows.
    experts : ExpertNames, optional
        Instead of `feed_forward` in blocks with a router.
    parallel : bool
        Whether attention and feed-forward part have the same input. It is so too where the normalisation before the
        feed-forward part is missing and that before attention is not.
    """

    attention: AttentionNames
    feed_forward: FeedForwardNames
    cross: AttentionNames | None = None
    experts: ExpertNames | None = None
    attention_norms: NormNames = NormNames()
    cross_norms: NormNames = NormNames()
    feed_forward_norms: NormNames = NormNames()
    parallel: bool = False
