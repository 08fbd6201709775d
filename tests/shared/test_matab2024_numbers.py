"""The printed accuracies of Matab's thesis against its text."""

import re
from collections import Counter
from pathlib import Path

import pytest

from topokit.papers.matab2024.numbers import published_accuracies

TITLE = "Survival of the Most Connected"
NUMBER = re.compile(r"(\d+\.\d+)\s*\}?\s*\\pm\s*(?:\\textbf\{)?\s*(\d+\.?\d*)")


@pytest.mark.shared
def test_every_number_with_a_deviation_is_in_the_text_and_no_other(shared: Path) -> None:
    (text,) = [text for path in (shared / "papers").glob("*.txt") if TITLE in (text := path.read_text())[:200]]
    printed = Counter((float(mean), float(deviation)) for mean, deviation in NUMBER.findall(text))

    rows = published_accuracies()
    assert Counter(zip(rows["mean"], rows["deviation"], strict=True)) == printed
