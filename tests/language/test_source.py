"""Places in texts, and snippets with a caret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.language.source import SNIPPET_WIDTH, Source
from segmentd.language.tree import Position

TEXTS = st.text(alphabet=st.sampled_from("ab\n\r\t 日😀e\u0301"), max_size=40)


@given(text=TEXTS, data=st.data())
def test_places_and_offsets(text: str, data: st.DataObject) -> None:
    """A place leads back to its offset, and columns count code points from 1."""
    offset = data.draw(st.integers(0, len(text)))
    position = Source(text).position(offset)
    assert Source(text).offset(position.line, position.column) == offset
    assert position == Position(text.count("\n", 0, offset) + 1, len(text[:offset].rpartition("\n")[2]) + 1)


@given(text=TEXTS, data=st.data())
def test_the_caret_is_under_the_column(text: str, data: st.DataObject) -> None:
    """As many code points stand before the caret as before the column in the line above, which ends before its CR."""
    position = Source(text).position(data.draw(st.integers(0, len(text))))
    line, below = Source(text).snippet(position).split("\n")
    assert len(below) - 1 == min(position.column - 1, len(line))
    assert below.strip("\t \u3000") == "^"
    assert line == text.split("\n")[position.line - 1].rstrip("\r").replace("\r", "\ufffd")


@pytest.mark.parametrize("offset", [0, 1, 59, 60, 61, 200, 370, 398, 399])
def test_long_lines_are_cut(offset: int) -> None:
    """The caret stays under its character, with ellipses where the line goes on."""
    text = "".join(chr(0x4E00 + index) for index in range(400))
    line, below = Source(text).snippet(Position(1, offset + 1)).split("\n")
    assert len(line) == SNIPPET_WIDTH
    assert line[len(below) - 1] == text[offset]
    assert ("…" in (line[0], line[-1])) is True


def test_names() -> None:
    """A selection stands at its name and a call at its function, not at the dot and the parenthesis."""
    source = Source("a . name + f (x) + (y)")
    assert source.to_name(2) == source.text.index("name")
    assert source.to_name(13) == source.text.index("f")
    assert source.to_name(19) == 19
    assert source.name_at(4) == "name"
    assert source.start_of_path("a.name", 2) == 0
