"""YAML as plain texts, lists and tables that know their lines.

Scalars stay the text that was written, so that a country `NO` is no boolean and an id `007` no number. Tags, anchors
and aliases are refused. The tree is built from the parser's events, with a limit to nesting: PyYAML's own composer
crashes the process on a file of many thousand brackets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

MAX_DEPTH: Final = 16

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


class YamlError(Exception):
    """The text is no YAML, or more of YAML than is taken here. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written; `value` is None where nothing, `~` or `null` was."""

    line: int
    value: str | None


@dataclass(frozen=True, slots=True)
class List:
    """A sequence."""

    line: int
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping from texts, in the order of the file, each key once."""

    line: int
    entries: dict[str, Tree]
    key_lines: dict[str, int]


Tree = Text | List | Table


def read_tree(text: str) -> Tree:
    """The only document of a text; an empty table where there is none. Raises YamlError."""
    try:
        events = yaml.parse(text, Loader=_LOADER)
        tree = _document(events)
        if any(isinstance(event, yaml.DocumentStartEvent) for event in events):
            raise YamlError(_end_line(tree), "a second document begins after this; a file has one")
    except yaml.YAMLError as error:
        raise YamlError(_error_line(error, text), _error_text(error)) from error
    except RecursionError as error:
        raise YamlError(1, f"nested deeper than {MAX_DEPTH} levels") from error
    return tree


def _document(events: Iterator[Any]) -> Tree:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            tree = _tree(next(events), events, depth=1)
            return tree if tree != Text(tree.line, None) else Table(tree.line, {}, {})
    return Table(1, {}, {})


def _tree(event: Any, events: Iterator[Any], depth: int) -> Tree:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise YamlError(line, "anchors and aliases are not taken; write the values out")
    if event.tag is not None:
        raise YamlError(line, f"tags are not taken, and this is {event.tag!r}")
    if depth > MAX_DEPTH:
        raise YamlError(line, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(event, yaml.ScalarEvent):
        plain, _quoted = event.implicit
        missing = plain and event.value in _NULLS
        return Text(line, None if missing else event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        return List(line, tuple(_items(events, depth)))
    return _table(line, events, depth)


def _items(events: Iterator[Any], depth: int) -> Iterator[Tree]:
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            return
        yield _tree(event, events, depth + 1)


def _table(line: int, events: Iterator[Any], depth: int) -> Table:
    entries: dict[str, Tree] = {}
    key_lines: dict[str, int] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        key = _tree(event, events, depth + 1)
        if not isinstance(key, Text) or key.value is None:
            raise YamlError(key.line, "a key has to be a text")
        if key.value in entries:
            raise YamlError(key.line, f"{key.value!r} is there twice, first in line {key_lines[key.value]}")
        key_lines[key.value] = key.line
        entries[key.value] = _tree(next(events), events, depth + 1)
    return Table(line, entries, key_lines)


def _end_line(tree: Tree) -> int:
    match tree:
        case Table() if tree.entries:
            return _end_line(list(tree.entries.values())[-1])
        case List() if tree.items:
            return _end_line(tree.items[-1])
    return tree.line


def _error_line(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None)
    # What is missing at the end is said to be missing in the line after it.
    return min(mark.line, text.count("\n")) + 1 if mark else 1


def _error_text(error: yaml.YAMLError) -> str:
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    return ", ".join(part for part in parts if part) or str(error)
