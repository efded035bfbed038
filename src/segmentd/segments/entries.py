"""Entries of a definitions file: tables that are read value by value, with file, line and entry of what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from segmentd.api.errors import nearest
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.language import Issue
from segmentd.segments.yaml_tree import List, Table, Text, Tree

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a definitions file. `issues` are an expression's, with places in its text."""

    line: int
    entry: str
    message: str
    reason: ErrorReason = ErrorReason.INVALID_FIELD
    issues: tuple[Issue, ...] = ()


class DefinitionsError(SegmentdError):
    """A definitions file cannot be used; `problems` has all that is wrong, in the order of the file."""

    reason = ErrorReason.INVALID_FIELD

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(_sentence(path, problem) for problem in self.problems), path=path)

    @classmethod
    def at(cls, path: str, line: int, entry: str, message: str) -> DefinitionsError:
        """The error for a single problem."""
        return cls(path, [Problem(line, entry, message)])


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of the file. What is wrong goes to `problems`, and reading goes on with nothing in its place."""

    tree: Tree
    label: str
    problems: list[Problem] = field(repr=False)

    def complain(self, line: int, message: str) -> None:
        """Add a problem of this entry."""
        self.problems.append(Problem(line, self.label, message))

    @property
    def table(self) -> Mapping[str, Tree]:
        """The values by key; none where the entry is no table."""
        return self.tree.entries if isinstance(self.tree, Table) else {}

    def line(self, key: str) -> int:
        """Where a key stands, or the entry where it lacks the key."""
        return self.tree.key_lines.get(key, self.tree.line) if isinstance(self.tree, Table) else self.tree.line

    def check_keys(self, allowed: Sequence[str]) -> None:
        """Complain of every key that is not allowed."""
        if not isinstance(self.tree, Table):
            self.complain(self.tree.line, f"expected keys and values: {', '.join(allowed)}")
        for key in self.table:
            if key not in allowed:
                likely = nearest(key, allowed)
                hint = f"did you mean {likely!r}?" if likely else f"allowed are {', '.join(allowed)}"
                self.complain(self.line(key), f"unknown key {key!r}; {hint}")

    def text(self, key: str) -> str | None:
        """The text of a key, None where there is none."""
        tree = self.table.get(key)
        if tree is None or isinstance(tree, Text):
            return tree.value if tree else None
        self.complain(self.line(key), f"{key} has to be a text")
        return None

    def required(self, key: str) -> str:
        """The text of a key that must be there; "" after the complaint that it is not."""
        value = self.text(key)
        if value is None and not (key in self.table and not isinstance(self.table[key], Text)):
            self.complain(self.line(key), f"{key} must be set")
        return value or ""

    def checked(self, key: str, check: Callable[[str, str], None]) -> str | None:
        """The text of a key that `check(text, key)` accepts."""
        value = self.text(key)
        return value if value is None or self.accept(key, lambda: check(value, key)) else None

    def accept(self, key: str, check: Callable[[], object]) -> bool:
        """Whether the check raises nothing; what it raises becomes a problem at the key."""
        try:
            check()
        except SegmentdError as error:
            self.complain(self.line(key), error.message)
            return False
        return True

    def choice(self, key: str, choices: Mapping[str, T]) -> T | None:
        """What the text of a key stands for."""
        value = self.text(key)
        if value is not None and value not in choices:
            self.complain(self.line(key), f"{key} is {value!r}; allowed are {', '.join(choices)}")
        return choices.get(value) if value is not None else None

    def items(self, key: str) -> tuple[Tree, ...]:
        """The items of a list."""
        tree = self.table.get(key)
        if isinstance(tree, List):
            return tree.items
        if tree is not None and not (isinstance(tree, Text) and tree.value is None):
            self.complain(self.line(key), f"{key} has to be a list")
        return ()

    def each(self, key: str, read: Callable[[Entry], T | None], identify: Callable[[T], str]) -> list[tuple[T, int]]:
        """The entries of a list with their lines; of those with one identity, the first."""
        found: dict[str, tuple[T, int]] = {}
        for index, tree in enumerate(self.items(key)):
            reader = Entry(tree, _label(self.label, key, index, tree), self.problems)
            value = read(reader)
            if value is None:
                continue
            if identify(value) in found:
                reader.complain(tree.line, f"the id is there twice, first in line {found[identify(value)][1]}")
            else:
                found[identify(value)] = (value, tree.line)
        return list(found.values())


def _sentence(path: str, problem: Problem) -> str:
    entry = f"{problem.entry}: " if problem.entry else ""
    return f"{path}:{problem.line}: {entry}{problem.message}"


def _label(parent: str, key: str, index: int, tree: Tree) -> str:
    named = tree.entries.get("id") if isinstance(tree, Table) else None
    label = f"{parent}.{key}[{index}]" if parent else f"{key}[{index}]"
    return f"{label} ({named.value})" if isinstance(named, Text) and named.value else label
