"""The text of an expression: from offsets to lines and columns, and to snippets with a caret."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.issues import Issue, Severity
from segmentd.language.tree import Position

SNIPPET_WIDTH: Final = 120
"""Longer lines are cut around the caret."""

_UNSHOWN: Final = re.compile(r"[^\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")
"""Control characters, and surrogates, which UTF-8 lacks."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_BEFORE_PARENTHESIS: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t\r\n\f]*\Z")
_VARIABLE_BEFORE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t\r\n\f]*\.[ \t\r\n\f]*\Z")
_AFTER_DOT: Final = re.compile(r"\.[ \t\r\n\f]*(?=[A-Za-z_])")


@dataclass(frozen=True)
class Source:
    """A text and its lines. Offsets count code points from 0."""

    text: str

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        return (0, *(match.end() for match in re.finditer("\n", self.text)))

    def position(self, offset: int) -> Position:
        """Line and column of a code point."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def offset(self, line: int, column: int) -> int:
        """The code point at a line and column, both from 1; places outside of the text are moved into it."""
        start = self._line_starts[min(max(line, 1), len(self._line_starts)) - 1]
        return min(max(start + column - 1, 0), len(self.text))

    def name_at(self, offset: int) -> str:
        """The identifier that starts at an offset, or nothing."""
        match = _NAME.match(self.text, offset)
        return match.group() if match else ""

    def path_at(self, offset: int) -> str:
        """The name at an offset with the variable before it, `a.kind`, where one stands there."""
        before = _VARIABLE_BEFORE.search(self.text, 0, offset)
        return f"{before.group(1)}.{self.name_at(offset)}" if before else self.name_at(offset)

    def to_name(self, offset: int) -> int:
        """Where a name stands: CEL places a selection at its dot and a call at its parenthesis."""
        if after_dot := _AFTER_DOT.match(self.text, offset):
            return after_dot.end()
        if self.text.startswith("(", offset) and (name := _NAME_BEFORE_PARENTHESIS.search(self.text, 0, offset)):
            return name.start(1)
        return offset

    def start_of_path(self, path: str, offset: int) -> int:
        """Where `a.b.c` starts, of which some part stands at an offset; the offset itself if it cannot be found."""
        pattern = r"[ \t\r\n\f]*\.[ \t\r\n\f]*".join(map(re.escape, path.split(".")))
        spans = (match.span() for match in re.finditer(pattern, self.text))
        return next((start for start, end in spans if start <= offset < end), offset)

    def snippet(self, position: Position) -> str:
        """The line and, below it, a caret under the column; tabs and wide characters are followed by as wide a gap."""
        start = self._line_starts[position.line - 1]
        line = _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", self.text[start:].split("\n", 1)[0].rstrip("\r"))
        shift = max(0, min(position.column - SNIPPET_WIDTH // 2, len(line) - SNIPPET_WIDTH))
        shown = line[shift : shift + SNIPPET_WIDTH]
        marked = ("…" + shown[1:]) if shift else shown
        marked = (marked[:-1] + "…") if shift + SNIPPET_WIDTH < len(line) else marked
        gap = "".join(map(_gap, marked[: position.column - 1 - shift]))
        return f"{marked}\n{gap}^"

    def error(self, offset: int, reason: ErrorReason, message: str, **metadata: object) -> Issue:
        """An issue that makes the expression unusable."""
        return self._issue(Severity.ERROR, offset, reason, message, metadata)

    def warning(self, offset: int, message: str, **metadata: object) -> Issue:
        """An issue that leaves the expression usable."""
        return self._issue(Severity.WARNING, offset, None, message, metadata)

    def _issue(
        self, severity: Severity, offset: int, reason: ErrorReason | None, message: str, metadata: dict[str, object]
    ) -> Issue:
        position = self.position(offset)
        texts = {key: text for key, value in metadata.items() if (text := str(value))}
        return Issue(severity, reason, message, position, self.snippet(position), texts)


def _gap(character: str) -> str:
    if character == "\t":
        return "\t"
    return "\u3000" if unicodedata.east_asian_width(character) in "WF" else " "
