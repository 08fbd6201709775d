"""One-dimensional searches for a maximum, by the slope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Found = TypeVar("Found")

_MOST_STEPS = 100
# Per value: heights are mean log-likelihoods.
_SMALLEST_GAIN = 1e-13
_CLOSEST = 1e-10


@dataclass(frozen=True, slots=True)
class Place(Generic[Found]):
    """A point, the height and slope there, and what else was found there."""

    x: float
    height: float
    slope: float
    found: Found


def highest(look: Callable[[float], Place[Found]], starts: Sequence[float]) -> Place[Found]:
    """The summit next to the highest of `starts` (ascending), or the first or last of them if it goes on there.

    The slope's root is found by false position with the Illinois rule, until nothing is left to gain.
    """
    places = [look(x) for x in starts]
    best = max(range(len(places)), key=lambda i: places[i].height)
    other = best + 1 if places[best].slope > 0 else best - 1
    if not 0 <= other < len(places):
        return places[best]
    left, right = sorted((places[best], places[other]), key=lambda place: place.x)
    return _summit(look, left, right, places[best])


def _summit(
    look: Callable[[float], Place[Found]], left: Place[Found], right: Place[Found], best: Place[Found]
) -> Place[Found]:
    rise, fall, last = left.slope, right.slope, 0
    for _ in range(_MOST_STEPS):
        width = right.x - left.x
        share = rise / (rise - fall) if rise > 0 > fall else 0.5
        place = look(left.x + width * min(max(share, 0.01), 0.99))
        if place.height >= best.height:
            best = place
        if abs(place.slope) * width < _SMALLEST_GAIN or width < _CLOSEST * abs(place.x):
            break
        if place.slope > 0:
            left, rise = place, place.slope
            fall, last = (fall / 2 if last > 0 else fall), 1
        else:
            right, fall = place, place.slope
            rise, last = (rise / 2 if last < 0 else rise), -1
    return best
