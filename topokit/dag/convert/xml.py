"""Text that XML can hold."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from topokit.errors import InvalidNetworkError

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text with its special characters escaped, for element content and quoted attributes alike.

    Raises
    ------
    InvalidNetworkError
        A control character, which XML 1.0 cannot express.
    """
    if _FORBIDDEN.search(text):
        raise InvalidNetworkError(f"the name {text!r} has a control character, which XML cannot hold: rename it")
    return escape(text, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
