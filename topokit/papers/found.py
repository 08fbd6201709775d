"""Papers by their keys, and the scale at which an item is made."""

from __future__ import annotations

from pathlib import Path

from topokit.errors import ParameterError
from topokit.papers.experiment import SCALES, Scale
from topokit.papers.paper import Item, Paper
from topokit.papers.stored import stored_folder
from topokit.registry import PAPERS


def find_paper(key: str) -> Paper:
    """The paper of that key; `UnknownNameError` lists the near ones."""
    paper: Paper = PAPERS.load(key)
    return paper


def scales_of(paper: Paper, item: Item) -> tuple[Scale, ...]:
    """Where an item is made without files from elsewhere."""
    return tuple(
        scale for scale in SCALES if scale in item.scales or stored_folder(paper.key, item.name, scale) is not None
    )


def scale_for(paper: Paper, item: Item, asked: Scale | None, *, data: Path | None = None) -> Scale:
    """The scale at which an item is made: the one asked for, or 'exact' where nothing has to be trained for it.

    Without a wish it is 'exact', else 'paper' where results come with topokit or `data` are given, else 'quick'. Files
    that the authors published make it 'exact' whatever is asked.

    Raises
    ------
    ParameterError
        The item is not made at that scale.
    """
    if asked is not None and asked not in SCALES:
        raise ParameterError(f"scale={asked!r}: use {', '.join(map(repr, SCALES))}")
    if data is not None and item.published is not None and item.published.holds(data):
        return "exact"
    at_hand = scales_of(paper, item)
    if asked in at_hand:
        return asked
    if "exact" in item.scales:
        return "exact"
    if asked is not None:
        hint = f", or give --data: {item.published.what}" if asked == "exact" and item.published else ""
        raise ParameterError(
            f"{paper.key} {item.name} is not made at scale {asked!r}: use {' or '.join(at_hand)}{hint}"
        )
    return _without_a_wish(paper, item, at_hand, data)


def _without_a_wish(paper: Paper, item: Item, at_hand: tuple[Scale, ...], data: Path | None) -> Scale:
    if data is not None and "paper" in at_hand:
        return "paper"
    ready = [scale for scale in reversed(SCALES) if stored_folder(paper.key, item.name, scale) is not None]
    return ready[0] if ready and data is None else at_hand[0]
