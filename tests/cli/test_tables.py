"""Tables fit the terminal they are printed on, lose no letter, and let no letter steer the terminal."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.cli import tables
from topokit.cli.tables import print_table

WORDS = st.text(st.sampled_from("abc._ /->"), min_size=1, max_size=60).map(str.strip).filter(bool)


def lines_of(capsys: pytest.CaptureFixture[str], header: Any, rows: Any, **how: Any) -> list[str]:
    capsys.readouterr()
    print_table(header, rows, **how)
    return capsys.readouterr().out.splitlines()


@given(text=WORDS, width=st.integers(1, 30))
def test_folding_keeps_every_letter_within_the_width(text: str, width: int) -> None:
    lines = tables._folded(text, width)
    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one word more", 8, ["one word", "more"]),
        ("encoder.layer.weight", 14, ["encoder.layer.", "weight"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("重み重み", 4, ["重み", "重み"]),
    ],
)
def test_lines_end_where_words_and_names_do(text: str, width: int, lines: list[str]) -> None:
    assert tables._folded(text, width) == lines


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [(f"model.layers.{k}.self_attn.q_proj.weight", 10**k, "a reason in several words") for k in range(9)]
    lines = lines_of(capsys, ("tensor", "non-zeros", "became"), rows, title="a title")
    assert lines[0] == "a title"
    assert lines[1].split() == ["tensor", "non-zeros", "became"]
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()).count("reason") == 9


def test_numbers_stand_right_and_are_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    lines = lines_of(capsys, ("name", "value"), [("x", 1234567), ("y", None), ("z", 0.25), ("w", True)])
    assert lines[2:6] == ["x     1,234,567", "y             -", "z          0.25", "w           yes"]


def test_headings_fold_between_words_where_nothing_else_gives_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    lines = lines_of(capsys, ("source", "highest shell", "isolated"), [("run", 12, 3)])
    assert [line.split() for line in lines[:2]] == [["source", "highest", "isolated"], ["shell"]]
    assert max(map(len, lines)) <= 24 + 1


def test_no_name_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(lines_of(capsys, ("name",), [("\x1b[31mred\x07",), ("two\nlines",)]))
    assert "\x1b" not in text
    assert "�[31mred�" in text
    assert "two�lines" in text


def test_ten_thousand_rows_take_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"model.layers.{k}.weight", "4096x4096", k, "a long reason that must fold " * 3) for k in range(10_000)]
    begun = time.perf_counter()
    assert len(lines_of(capsys, ("tensor", "shape", "non-zeros", "became"), rows)) > 20_000
    assert time.perf_counter() - begun < 10
