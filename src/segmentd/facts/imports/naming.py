"""Whether a text names somebody: a file `customer-4711.csv` names customer `4711`, and `14711.csv` does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_DIGIT: Final = "0-9"
_LETTER: Final = r"^\W\d_"


def names_any(texts: Iterable[str], ids: Iterable[str]) -> bool:
    """Whether one of the texts has one of the ids, in any case, written as it is or as in a URL.

    A digit at an end of the id may not go on with a digit, nor a letter with a letter: that is somebody else's.
    """
    written = [form.casefold() for text in texts for form in (text, unquote(text))]
    patterns = (_pattern(id_.casefold()) for id_ in ids if id_)
    return any(pattern.search(text) for pattern in patterns for text in written)


def _pattern(id_: str) -> re.Pattern[str]:
    first, last = _more_of(id_[0]), _more_of(id_[-1])
    before = f"(?<![{first}])" if first else ""
    after = f"(?![{last}])" if last else ""
    return re.compile(before + re.escape(id_) + after)


def _more_of(character: str) -> str:
    """The class of characters that would make a longer word of one that ends with this one."""
    if character.isdecimal():
        return _DIGIT
    return _LETTER if character.isalpha() else ""
