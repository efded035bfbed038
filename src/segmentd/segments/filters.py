r"""Filters of segment lists: terms joined by AND, each `labels.KEY = "VALUE"`, `labels.KEY:*` or `state = ACTIVE`.

Within a value, `\"` is a quote and `\\` a backslash. Spaces around `=`, `:` and at both ends do not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from segmentd.api.names import SEGMENT_ID
from segmentd.segments.errors import InvalidFilterError
from segmentd.segments.model import Segment, State

_KEY: Final = rf"labels\.(?P<key>{SEGMENT_ID.pattern})"
_LABEL: Final = re.compile(rf'{_KEY} *= *"(?P<value>(?:[^"\\]|\\["\\])*)"')
_HAS_LABEL: Final = re.compile(rf"{_KEY} *: *\*")
_STATE: Final = re.compile(rf"state *= *(?P<state>{'|'.join(State)})")
_AND: Final = re.compile(r" +AND +")
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class LabelIs:
    """The segment has the label with this value; None: with any."""

    key: str
    value: str | None

    def matches(self, segment: Segment) -> bool:
        """Whether the segment is of this kind."""
        found = segment.labels.get(self.key)
        return found is not None if self.value is None else found == self.value


@dataclass(frozen=True, slots=True)
class StateIs:
    """The segment is in this state."""

    state: State

    def matches(self, segment: Segment) -> bool:
        """Whether the segment is of this kind."""
        return segment.state is self.state


@dataclass(frozen=True, slots=True)
class Filter:
    """All terms hold. No terms: every segment matches."""

    terms: tuple[LabelIs | StateIs, ...] = ()

    def matches(self, segment: Segment) -> bool:
        """Whether every term holds for the segment."""
        return all(term.matches(segment) for term in self.terms)


def parse_filter(text: str) -> Filter:
    """The filter that the text says; all segments for an empty one. Raises InvalidFilterError."""
    stripped = text.strip(" ")
    if not stripped:
        return Filter()
    start = text.index(stripped)
    terms, at, end = [], start, start + len(stripped)
    while True:
        term, at = _parse_term(text, at)
        terms.append(term)
        if at == end:
            # Each term once: a filter of a million equal ones must not be asked a million times of every segment.
            return Filter(tuple(dict.fromkeys(terms)))
        joined = _AND.match(text, at)
        if joined is None:
            raise InvalidFilterError(text, at + 1)
        at = joined.end()


def _parse_term(text: str, at: int) -> tuple[LabelIs | StateIs, int]:
    if found := _LABEL.match(text, at):
        return LabelIs(found["key"], _ESCAPED.sub(r"\1", found["value"])), found.end()
    if found := _HAS_LABEL.match(text, at):
        return LabelIs(found["key"], None), found.end()
    if found := _STATE.match(text, at):
        return StateIs(State(found["state"])), found.end()
    raise InvalidFilterError(text, at + 1)
