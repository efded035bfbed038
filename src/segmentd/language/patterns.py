"""How large a regular expression is, as RE2 compiles it: what a byte of text may cost grows with that.

RE2 takes linear time in the text, so that no pattern runs for ever. But it makes a state of each set of instructions
that it is at, as it meets them; a pattern with many instructions can have more sets than it keeps, and then every byte
of text is looked at by every one of them. 2,500 instructions came to 5 µs a byte at worst, 7,200 to 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import re2

from segmentd.language.tree import Call, Constant, Node

MAX_PATTERN_SIZE: Final = 2_500
"""Instructions: a counted repetition has those of its part so often, `\\pL` has 1,200, a plain character one."""

_COMPILED_BYTES: Final = 1 << 20
"""Room for some 10,000 instructions. Beyond, RE2 stops by itself, after milliseconds."""

_PATTERNS: Final = frozenset({"matches", "matches_string"})


def pattern_argument(call: Call) -> Node | None:
    """The pattern that a call looks for in a text; None of other calls."""
    return call.arguments[1] if call.overload in _PATTERNS else None


def literal_patterns(node: Node) -> Iterator[Constant | None]:
    """The literals that a pattern is one of, by ternaries; None for a part that is computed."""
    if isinstance(node, Call) and node.overload == "conditional":
        for branch in node.arguments[1:]:
            yield from literal_patterns(branch)
    else:
        yield node if isinstance(node, Constant) else None


@lru_cache(maxsize=1_024)
def excess(pattern: str) -> str | None:
    """How many instructions a pattern has, in words, where these are too many; None where they are not.

    None, too, where it is no pattern: the official runtime says what is wrong with it.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _COMPILED_BYTES
    try:
        size: int = re2.compile(pattern, options).programsize
    except re2.error as error:
        return "over 10000" if _TOO_LARGE in str(error) else None
    return str(size) if size > MAX_PATTERN_SIZE else None


_TOO_LARGE: Final = "pattern too large"
