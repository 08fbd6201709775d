"""Is every word of a figure inside it, and does none lie on another?"""

from __future__ import annotations

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def assert_legible(figure: Figure | Axes) -> None:
    """Draw the figure; fail when a text is cut off, lies on another text, or a panel shows nothing."""
    whole = figure.get_figure(root=True) if isinstance(figure, Axes) else figure
    canvas = FigureCanvasAgg(whole)
    canvas.draw()
    boxes = [(text.get_text().strip(), text.get_window_extent()) for text in _texts(whole)]
    for words, box in boxes:
        inside = box.x0 > -1 and box.y0 > -1 and box.x1 < whole.bbox.width + 1 and box.y1 < whole.bbox.height + 1
        assert inside, f"{words!r} is cut off"
    for (first, a), (second, b) in combinations(boxes, 2):
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, up) < 1.5, f"{first!r} lies on {second!r}"
    for axes in whole.axes:
        assert axes.lines or axes.patches or axes.images or axes.collections or axes.texts, "a panel is empty"


def _texts(figure: Figure) -> list[Text]:
    out_of_sight = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    out_of_sight |= {id(tick.label1), id(tick.label2)}
    found = figure.findobj(
        lambda artist: isinstance(artist, Text) and artist.get_visible() and artist.get_text().strip()
    )
    return [text for text in found if id(text) not in out_of_sight]
