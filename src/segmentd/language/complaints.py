"""Reports of the official parser and checker, said again for people: in our words and types, at the right place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from segmentd.api.errors import nearest
from segmentd.errors import ErrorReason
from segmentd.language.cel_types import message_subject, printed_types
from segmentd.language.celtree_pb2 import Expr, ParsedExpr
from segmentd.language.hints import hinted_type
from segmentd.language.issues import Issue
from segmentd.language.limits import cycle_issue
from segmentd.language.macros import MACROS, Macro, macro_of
from segmentd.language.mismatch import SELECTION, Operation, find_operations, mismatch
from segmentd.language.money import Amounts
from segmentd.language.official import MAX_DEPTH, NOW
from segmentd.language.overloads import SUPPORTED
from segmentd.language.scope import Scope
from segmentd.language.source import Source
from segmentd.language.wording import allowed, as_in, listed
from segmentd.schema import BOOL, INT64, ITEMS, ROLE, Schema

_REPORT: Final = re.compile(r"(?:^[A-Z_]+: |^|\n)ERROR: <input>:(-?\d+):(-?\d+): ")
_TAIL: Final = re.compile(r"(?:\n \|.*)?(?: \[[A-Z_]+\])?\s*\Z", re.DOTALL)
_ENDS_EARLY: Final = "the expression ends too early"
_SPELLINGS: Final = {"=": "==", "<>": "!=", "&": "&&", "and": "&&", "|": "||", "or": "||", "not": "!", "is": "=="}
"""Operators of other languages."""

_CONSEQUENCES: Final = ("<<nil>> parsetree", "*error*", "number of ERROR issues exceeded")
"""Marks of entries that only follow from others, the last of them from twenty."""

_TOO_DEEP: Final = re.compile(r"recursion (?:limit|depth)")


@dataclass(frozen=True)
class Complaints:
    """Turns reports on one text into issues. `amounts` is the text that was checked, `parsed` the given one's tree.

    `itself` is the attribute that the text computes, which the schema may lack as yet.
    """

    source: Source
    scope: Scope
    amounts: Amounts
    parsed: ParsedExpr | None = None
    itself: str | None = None

    @property
    def schema(self) -> Schema:
        """The subject's attributes."""
        return self.scope.own

    def issues(self, report: str) -> list[Issue]:
        """The issues of a report, at most one per place."""
        if _TOO_DEEP.search(report):
            return [too_deep(self.source)]
        found = {issue.position: issue for issue in reversed([self._issue(*entry) for entry in self._entries(report)])}
        return _telling(list(found.values())) or [self.syntax(0, _scrubbed(report))]

    def _entries(self, report: str) -> Iterable[tuple[int, str]]:
        """Offset in the given text, and words, of each entry."""
        written = Source(self.amounts.text)
        parts = _REPORT.split(report)[1:]
        entries = [
            (self.amounts.original_offset(written.offset(int(line), int(column))), _TAIL.sub("", words))
            for line, column, words in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
            if not any(mark in words for mark in _CONSEQUENCES)
        ]
        return _without_namespaces(entries, self._operations())

    def _operations(self) -> Mapping[int, list[Operation]]:
        return find_operations(self.parsed, self.scope, self.amounts.types) if self.parsed else {}

    def operations_at(self, offset: int) -> list[Operation]:
        """The calls and selections that stand at an offset."""
        return self._operations().get(offset, [])

    def _issue(self, offset: int, words: str) -> Issue:
        for pattern, speak in _SPEAKERS:
            if match := pattern.fullmatch(words):
                return speak(self, offset, match)
        return self.source.error(offset, ErrorReason.EXPRESSION_TYPE, _scrubbed(words))

    def syntax(self, offset: int, message: str) -> Issue:
        """An issue of the parser's."""
        place = self.source.position(offset)
        return self.source.error(offset, ErrorReason.EXPRESSION_SYNTAX, message, line=place.line, column=place.column)

    def no_field(self, offset: int, match: re.Match[str]) -> Issue:
        """`customer.incom`."""
        name, offset = match["name"], self.source.to_name(offset)
        schema = self._schema_of(message_subject(match["message"]))
        if name == self.itself and schema is self.schema:
            return cycle_issue((schema.qualified(name),) * 2, self.source, offset)
        if name in ITEMS.get(schema.subject, {}) and (self.scope.nested or schema is not self.schema):
            message = f"{name} cannot be read here: macros stand neither inside of each other nor in aggregates"
            return self.source.error(offset, ErrorReason.UNSUPPORTED_OPERATION, message, operation=name)
        fields = self.scope.items if schema is self.schema else ()
        likely = nearest(name, [*(spec.id for spec in schema), *fields])
        hint = f"; did you mean {likely!r}?" if likely else ""
        if name == ROLE and fields:
            items = schema.qualified(next(iter(fields)))
            hint = f"; a role is read inside of a macro, as in {items}.exists(x, x.role == ...)"
        return self._unknown(
            offset,
            f"no attribute {name!r} of {schema.variable}{hint}",
            given=schema.qualified(name),
            likely=schema.qualified(likely) if likely else None,
        )

    def _schema_of(self, subject: str) -> Schema:
        return next((item for item in self.scope.items.values() if item.variable == subject), self.schema)

    def _unknown(self, offset: int, message: str, *, given: str, likely: str | None) -> Issue:
        return self.source.error(offset, ErrorReason.UNKNOWN_ATTRIBUTE, message, attribute=given, nearest=likely or "")

    def undeclared(self, offset: int, match: re.Match[str]) -> Issue:
        """A variable or function that is not there."""
        name = match["name"]
        if any(operation.name == name for operation in self.operations_at(offset)):
            return self._no_function(self.source.to_name(offset), name)
        offset, (variable, dot, rest) = self.source.start_of_path(name, offset), name.partition(".")
        if self.schema.get(variable):
            meant = self.schema.qualified(variable)
            message = f"no variable {variable!r}; the attribute is read as {meant}"
            return self._unknown(offset, message, given=name, likely=meant)
        macros = dict(self._macro_variables())
        for own, item in macros.items():
            if item is not None and item.get(variable):
                message = f"no variable {variable!r}; the attribute is read as {own}.{variable}"
                return self._unknown(offset, message, given=name, likely=f"{own}.{variable}")
        variables = [self.schema.variable, NOW, *macros]
        likely = nearest(variable, variables)
        hint = f"did you mean {likely!r}?" if likely else f"allowed: {listed(variables)}"
        return self._unknown(
            offset, f"no variable {variable!r}; {hint}", given=name, likely=likely and f"{likely}{dot}{rest}"
        )

    def _macro_variables(self) -> Iterator[tuple[str, Schema | None]]:
        """Those of all macros in the text, with what they go over: which one an offset is in, its tree does not say."""
        return ((macro.variable, names.items_of(macro.items)) for _, macro, names in self._macros())

    def _macros(self) -> Iterator[tuple[int, Macro, Scope]]:
        """The macros in the text: where each stands, and the names around it."""
        if self.parsed is None:
            return
        pending: list[tuple[Expr, Scope]] = [(self.parsed.expr, self.scope)]
        while pending:
            expr, names = pending.pop()
            macro = macro_of(expr)
            if macro is not None:
                yield self.parsed.source_info.positions[expr.id], macro, names
            pending.extend(names.below(expr))

    def _no_function(self, offset: int, name: str) -> Issue:
        known = {overload.function for overload in SUPPORTED.values() if overload.function[0].isalpha()}
        likely = None if "." in name else nearest(name, sorted(known.union(MACROS)))
        hint = f"; did you mean {likely!r}?" if likely else ""
        message = f"no function {name!r}{hint}"
        if name in known:
            message = f"{name} is not written like this; allowed: {allowed(name)}"
        if name == "has":
            message = has_takes(self.schema)
        if name in MACROS:
            message = f"{name}() takes the name of a variable and a condition, as in {self._macro_example(name)}"
        return self.source.error(offset, ErrorReason.UNSUPPORTED_OPERATION, message, operation=name)

    def _macro_example(self, name: str) -> str:
        items = next(iter(self.scope.items), "accounts")
        return f"{self.schema.variable}.{items}.{name}({items[0]}, ...)"

    def bad_variable(self, offset: int, match: re.Match[str]) -> Issue:
        """A macro whose first argument is no name."""
        name = match["name"]
        message = f"{name}() takes the name of a variable first, as in {self._macro_example(name)}"
        return self.syntax(offset, message)

    def no_overload(self, offset: int, match: re.Match[str]) -> Issue:
        """Operands that do not fit."""
        macro = self.source.name_at(self.source.to_name(offset))
        if self.source.text.startswith("(", offset) and macro in MACROS and match["function"] in _STEPS:
            return self._no_condition(offset, macro, printed_types(match["types"]))
        operations = self.operations_at(offset)
        operation = next((found for found in operations if found.function == match["function"]), None)
        reason, message, metadata = mismatch(match["function"], match["types"], operation)
        return self.source.error(self.source.to_name(offset), reason, message, **metadata)

    def _no_condition(self, offset: int, name: str, types: list[str]) -> Issue:
        given = types[0] if len(types) == _TERNARY else types[-1]
        for place, macro, names in self._macros():
            inside = names.inside(macro) if place == offset else None
            given = str((inside and hinted_type(macro.predicate, inside)) or given)
        message = f"the condition of {name}() has to be {BOOL}, and is {given}"
        offset = self.source.to_name(offset)
        return self.source.error(offset, ErrorReason.EXPRESSION_TYPE, message, operation=name, left=given)


_TERNARY: Final = 3
_STEPS: Final = frozenset({"_||_", "_&&_", "_?_:_"})
"""What macros join the condition on an item to those on the items before it with."""


def _telling(issues: list[Issue]) -> list[Issue]:
    """Without the end of the text, which the parser also finds unexpected after anything else."""
    others = [issue for issue in issues if issue.message != _ENDS_EARLY]
    return others or issues


def too_deep(source: Source) -> Issue:
    """The parser gives no place for this."""
    message = (
        f"nested deeper than {MAX_DEPTH} levels, where the parser stops without saying at which place; "
        "long chains of + and - count a level per operator, && and || do not; computed attributes take parts out"
    )
    return source.error(0, ErrorReason.EXPRESSION_TOO_DEEP, message, limit=MAX_DEPTH)


def has_takes(schema: Schema) -> str:
    """What `has()` takes."""
    return f"has() takes an attribute{as_in(schema, 'has({})')}"


def _without_namespaces(
    entries: list[tuple[int, str]], operations: Mapping[int, list[Operation]]
) -> list[tuple[int, str]]:
    """`math.greatest(1)` is reported twice, as `math` and as `greatest`; keep one entry, for `math.greatest`."""
    qualified: dict[int, tuple[int, str]] = {}
    for offset, words in entries:
        for operation in operations.get(offset, []):
            if operation.namespace and f"'{operation.function}'" in words and words.startswith("undeclared"):
                qualified[operation.namespace_offset] = (offset, words.replace(operation.function, operation.name, 1))
    dropped = {offset for offset, _ in qualified.values()} | set(qualified)
    return [*qualified.values(), *(entry for entry in entries if entry[0] not in dropped)]


def _scrubbed(words: str) -> str:
    """Official words without the names of our plumbing."""
    return re.sub(r"<input>:?|ledger\.| \(in container ''\)| \[[A-Z_]+\]$", "", words).strip()


def _unexpected(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    token = match["token"]
    if token == "<EOF>":  # noqa: S105 - the parser's word for the end
        return complaints.syntax(offset, _ENDS_EARLY)
    return _unexpected_text(complaints, offset, token)


def _unexpected_text(complaints: Complaints, offset: int, text: str) -> Issue:
    before = complaints.source.text[max(offset - 1, 0) : offset]
    spelling = _SPELLINGS.get(text.strip().lower()) or _SPELLINGS.get(before + text.strip())
    hint = f"; write {spelling}" if spelling else ""
    return complaints.syntax(offset, f"unexpected {text.strip()!r}{hint}")


def _no_alternative(complaints: Complaints, offset: int, _: re.Match[str]) -> Issue:
    rest = complaints.source.text[offset:]
    token = re.match(r"\w+|\S|$", rest)
    shown = token.group() if token else ""
    return _unexpected_text(complaints, offset, shown) if shown else complaints.syntax(offset, _ENDS_EARLY)


def _no_token(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    text = match["text"]
    if text[:1] in ("'", '"'):
        return complaints.syntax(offset, f"text that starts with {text[0]} does not end")
    return _unexpected_text(complaints, offset, text)


def _missing(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    where = "the end" if match["where"] == "<EOF>" else repr(match["where"])
    return complaints.syntax(offset, f"missing {match['token']!r} before {where}")


def _bad_has(complaints: Complaints, offset: int, _: re.Match[str]) -> Issue:
    return complaints.syntax(offset, has_takes(complaints.schema))


def _reserved(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    return complaints.syntax(offset, f"{match['name']!r} is a keyword of CEL")


def _bad_number(complaints: Complaints, offset: int, _: re.Match[str]) -> Issue:
    return complaints.syntax(offset, f"number out of the range of {INT64}, -2^63 to 2^63 - 1")


def _no_fields(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    operations = complaints.operations_at(offset)
    selection = next((operation for operation in operations if operation.function == SELECTION), None)
    _, message, metadata = mismatch(SELECTION, f"({match['type']})", selection)
    at = complaints.source.to_name(offset)
    return complaints.source.error(at, ErrorReason.EXPRESSION_TYPE, message, **metadata)


def _no_range(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    """A macro over something that is no list at all."""
    given = printed_types(f"({match['type']})")[0]
    message = f"macros do not go over {given}"
    return complaints.source.error(
        complaints.source.to_name(offset), ErrorReason.EXPRESSION_TYPE, message, operation="macro", left=given
    )


def _other_syntax(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    return complaints.syntax(offset, _scrubbed(match["words"]))


def _optional_syntax(complaints: Complaints, offset: int, match: re.Match[str]) -> Issue:
    message = f"{match['syntax']} is not supported"
    # The parser places it at the start of the text.
    offset = max(complaints.source.text.find(match["syntax"]), offset)
    return complaints.source.error(offset, ErrorReason.UNSUPPORTED_OPERATION, message, operation=match["syntax"])


_SPEAKERS: Final[tuple[tuple[re.Pattern[str], Callable[[Complaints, int, re.Match[str]], Issue]], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), speak)
    for pattern, speak in (
        (r"Syntax error: (?:mismatched|extraneous) input '(?P<token>.*?)' expecting .*", _unexpected),
        (r"Syntax error: no viable alternative at input .*", _no_alternative),
        (r"Syntax error: token recognition error at: '(?P<text>.*)'", _no_token),
        (r"Syntax error: missing '(?P<token>.*)' at '(?P<where>.*)'", _missing),
        (r"Syntax error: (?P<words>.*)", _other_syntax),
        (r"reserved identifier: (?P<name>.*)", _reserved),
        (r"unsupported syntax '(?P<syntax>.*)'", _optional_syntax),
        (r"(?P<name>\w+)\(\) variable name must be a simple identifier", Complaints.bad_variable),
        (r"has\(\) argument must be a field selection", _bad_has),
        (r"invalid (?:int|hex int) literal", _bad_number),
        (r"undefined field '(?P<name>.*)' not found in struct '(?P<message>.*)'", Complaints.no_field),
        (r"undeclared reference to '(?P<name>.*)' \(in container ''\)", Complaints.undeclared),
        (r"found no matching overload for '(?P<function>.*)' applied to '(?P<types>.*)'", Complaints.no_overload),
        (r"expression of type '(?P<type>.*)' cannot be the range of a comprehension.*", _no_range),
        (r"expression of type '(?P<type>.*)' cannot be the operand of a select operation", _no_fields),
    )
)
