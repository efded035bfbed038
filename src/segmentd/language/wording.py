"""Words for operations: how they are written, and which forms of them are supported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from segmentd.language.overloads import of_function
from segmentd.schema import Schema

SHOWN: Final = 6
"""More allowed forms than this are cut."""

_NAMES: Final[Mapping[str, str]] = {
    "_[_]": "[]",
    "@in": "in",
    "-_": "-",
    "!_": "!",
    "_?_:_": "?:",
    "to_dyn": "dyn",
}


def display_name(function: str) -> str:
    """A function's name as it is written: `_<_` is `<`."""
    if function in _NAMES:
        return _NAMES[function]
    return function.strip("_") if function.startswith("_") and not function.startswith("__") else function


def as_in(schema: Schema, form: str = "{}") -> str:
    """`, as in customer.age`: an attribute that there is, in a form of words; nothing where there is none."""
    example = next(iter(schema), None)
    return f", as in {form.format(schema.qualified(example.id))}" if example else ""


def listed(words: Sequence[str]) -> str:
    """`a, b and c`; empty where there are none."""
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def allowed(function: str) -> str:
    """The supported forms of a function, `size(STRING) -> INT64, …`; empty if there are none."""
    signatures = [overload.signature for overload in of_function(function)]
    more = ", …" if len(signatures) > SHOWN else ""
    return ", ".join(signatures[:SHOWN]) + more
