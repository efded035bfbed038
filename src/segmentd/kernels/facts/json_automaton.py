"""The automaton that reads a line of JSON: by state and byte, the state that follows, and what is to be done then.

It knows a part of JSON (RFC 8259): an object of strings without escapes, numbers, `true`, `false` and `null`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

BEGIN, _OPEN, _KEY, _NAMED, _VALUE, _TEXT, _AFTER, _NEXT, END, _WRONG = range(10)
"""States: before `{`, after it, in a key, after it, after the colon, in a string, after a value, after a comma, after
`}`; and after a byte that cannot follow, whatever comes."""
_MINUS, _ZERO, _WHOLE, _POINT, _FRACTION, _EXPONENT, _SIGN, _POWER, _WORD, _NULL, _LETTER = range(10, 21)
"""States in numbers, at the end of `true` or `false`, and of `null`; from the last on, in these words."""

STATES = 29

NOTHING, STARTS, STARTS_QUOTED, KEY_ENDS, ENDS, NULL_ENDS = range(6)
"""What is done: a literal begins with this byte, or a string after it; a key, a value or `null` ends before it."""

_BLANKS: Final = b" \t\r"
_DIGITS: Final = b"0123456789"
_LETTERS: Final = bytes(byte for byte in range(32, 256) if byte not in b'"\\')

Transition = tuple[int, bytes, int, int]
"""From a state, with any of some bytes, to a state, doing something."""

_STRUCTURE: Final[Sequence[Transition]] = (
    *((state, _BLANKS, state, NOTHING) for state in (BEGIN, _OPEN, _NAMED, _VALUE, _AFTER, _NEXT, END)),
    (BEGIN, b"{", _OPEN, NOTHING),
    (_OPEN, b"}", END, NOTHING),
    (_OPEN, b'"', _KEY, STARTS_QUOTED),
    (_NEXT, b'"', _KEY, STARTS_QUOTED),
    (_KEY, _LETTERS, _KEY, NOTHING),
    (_KEY, b'"', _NAMED, KEY_ENDS),
    (_NAMED, b":", _VALUE, NOTHING),
    (_VALUE, b'"', _TEXT, STARTS_QUOTED),
    (_TEXT, _LETTERS, _TEXT, NOTHING),
    (_TEXT, b'"', _AFTER, ENDS),
    (_AFTER, b",", _NEXT, NOTHING),
    (_AFTER, b"}", END, NOTHING),
)

_NUMBERS: Final[Sequence[Transition]] = (
    (_VALUE, b"-", _MINUS, STARTS),
    (_VALUE, b"0", _ZERO, STARTS),
    (_VALUE, _DIGITS[1:], _WHOLE, STARTS),
    (_MINUS, b"0", _ZERO, NOTHING),
    (_MINUS, _DIGITS[1:], _WHOLE, NOTHING),
    (_WHOLE, _DIGITS, _WHOLE, NOTHING),
    *((state, b".", _POINT, NOTHING) for state in (_ZERO, _WHOLE)),
    *((state, _DIGITS, _FRACTION, NOTHING) for state in (_POINT, _FRACTION)),
    *((state, b"eE", _EXPONENT, NOTHING) for state in (_ZERO, _WHOLE, _FRACTION)),
    (_EXPONENT, b"+-", _SIGN, NOTHING),
    *((state, _DIGITS, _POWER, NOTHING) for state in (_EXPONENT, _SIGN, _POWER)),
)


def _word(word: bytes, first: int, last: int) -> Sequence[Transition]:
    """A word whose inner states are numbered from `first` on."""
    states = (_VALUE, *range(first, first + len(word) - 1), last)
    return [
        (states[place], word[place : place + 1], states[place + 1], NOTHING if place else STARTS)
        for place in range(len(word))
    ]


def _ends(state: int, action: int) -> Sequence[Transition]:
    """What comes after a value that has no quotes."""
    return [(state, _BLANKS, _AFTER, action), (state, b",", _NEXT, action), (state, b"}", END, action)]


_TRANSITIONS: Final[Sequence[Transition]] = (
    *_STRUCTURE,
    *_NUMBERS,
    *_word(b"true", _LETTER, _WORD),
    *_word(b"false", _LETTER + 3, _WORD),
    *_word(b"null", _LETTER + 7, _NULL),
    *(each for state in (_ZERO, _WHOLE, _FRACTION, _POWER, _WORD) for each in _ends(state, ENDS)),
    *_ends(_NULL, NULL_ENDS),
)


def _tables() -> tuple[Any, Any]:
    follows, actions = np.full((STATES + 1, 256), _WRONG, np.uint8), np.zeros((STATES + 1, 256), np.uint8)
    for state, letters, to, action in _TRANSITIONS:
        follows[state, list(letters)], actions[state, list(letters)] = to, action
    return follows, actions


FOLLOWS, ACTIONS = _tables()
"""By state and byte, the state that follows and what is done."""
