"""Rules as SQL, which two engines understand with other names for some functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.rules import (
    FEW_RUNS,
    AmountCondition,
    Atom,
    Bound,
    CodeCondition,
    Comparison,
    Condition,
    Either,
    Every,
    Has,
    InSegment,
    Not,
    OneOf,
    Rule,
    Segment,
    TextCondition,
    TextTest,
    conditions,
    depths,
    minor,
    when_missing,
)

Wording = Callable[[Atom], str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine words conditions: text tests by name, decided missing values, quoted text.

    `nullable` are the columns that lack values. NULL stands for unknown.
    """

    tests: Mapping[TextTest, str]
    decide: str
    quote: Callable[[str], str]
    nullable: frozenset[str]

    def word(self, atom: Atom) -> str:
        """One condition."""
        match atom:
            case Condition(column, comparison, bound):
                sign = "=" if comparison is Comparison.EQUAL else comparison.value
                return self._decide(f"{name(column)} {sign} {self._literal(bound)}", atom)
            case OneOf(column, values):
                return self._decide(f"{name(column)} IN ({self._literals(values)})", atom)
            case TextCondition(column, test, text):
                return self.tests[test].format(name(column), self.quote(text))
            case Has(column):
                return f"{name(column)} IS NOT NULL"
            case AmountCondition(plus, minus, comparison, bound):
                total = " - ".join([" + ".join(map(name, plus)), *map(name, minus)])
                return f"{total} {comparison} {name(bound) if isinstance(bound, str) else minor(bound)}"
            case CodeCondition(column, codes, _) if not 0 < len(atom.runs) <= FEW_RUNS:
                return self._decide(f"{name(column)} IN ({self._literals(codes)})", atom)
            case CodeCondition(column):
                runs = [f"{name(column)} {_within(first, last)}" for first, last in atom.runs]
                return self._decide(f"({' OR '.join(runs)})", atom)

    def _decide(self, compared: str, atom: Condition | OneOf | CodeCondition) -> str:
        missing = when_missing(atom)
        if missing is None or atom.column not in self.nullable:
            return compared
        return self.decide.format(compared, "true" if missing else "false")

    def _literals(self, values: Sequence[int | str]) -> str:
        return ", ".join(map(self._literal, values))

    def _literal(self, value: Bound) -> str:
        """A float is written with an exponent, without which SQL reads an exact decimal."""
        match value:
            case str():
                return self.quote(value)
            case Decimal():
                return str(minor(value))
            case float():
                return f"{value!r}e0"
            case _:
                return str(value)


def duckdb_dialect(nullable: frozenset[str] = frozenset()) -> Dialect:
    """DuckDB's words."""
    tests = {
        TextTest.STARTS_WITH: "starts_with({}, {})",
        TextTest.ENDS_WITH: "ends_with({}, {})",
        TextTest.CONTAINS: "contains({}, {})",
        TextTest.MATCHES: "regexp_matches({}, {})",
    }
    return Dialect(tests, "coalesce({}, {})", lambda text: "'" + text.replace("'", "''") + "'", nullable)


def clickhouse_dialect(nullable: frozenset[str] = frozenset()) -> Dialect:
    """ClickHouse's words. It reads backslashes in quoted text as escapes."""
    tests = {
        TextTest.STARTS_WITH: "startsWith({}, {})",
        TextTest.ENDS_WITH: "endsWith({}, {})",
        TextTest.CONTAINS: "position({}, {}) > 0",
        TextTest.MATCHES: "match({}, {})",
    }
    return Dialect(tests, "ifNull({}, {})", _quote_escaped, nullable)


def sql(rule: Rule, word: Wording) -> str:
    """The rule, with its conditions worded by `word`; a segment that it refers to is a column of that name."""
    match rule:
        case InSegment(segment):
            return name(segment)
        case Not(part):
            return f"NOT ({sql(part, word)})"
        case Every(parts):
            return " AND ".join(_operand(part, word) for part in parts)
        case Either(parts):
            return " OR ".join(_operand(part, word) for part in parts)
        case _:
            return word(rule)


def verdicts(
    segments: Sequence[Segment], dialect: Dialect, *, distinct_first: bool = False, keys: Sequence[str] = ()
) -> str:
    """The query for the keys and a column a segment over the table `customers`.

    Segments that others refer to are columns of subqueries, a subquery a depth; so are the conditions, each once, if
    they are wanted `distinct_first`.
    """
    lead = "".join(f"{key}, " for key in keys)
    source: str = "customers"
    word: Wording = dialect.word
    if distinct_first:
        distinct = dict.fromkeys(found for segment in segments for found in conditions(segment.rule))
        places = {condition: f"c{index}" for index, condition in enumerate(distinct)}
        computed = ", ".join(f"{dialect.word(condition)} AS {place}" for condition, place in places.items())
        source, word = f"(SELECT {lead}{computed} FROM customers)", places.__getitem__
    *below, last = depths(segments)
    for layer in below:
        source = f"(SELECT *, {_columns(layer, word)} FROM {source})"
    if not below:
        return f"SELECT {lead}{_columns(last, word)} FROM {source}"
    names = ", ".join(name(segment.id) for segment in segments)
    return f"SELECT {lead}{names} FROM (SELECT *, {_columns(last, word)} FROM {source})"


def counts(segments: Sequence[Segment], query: str, aggregate: str, *, unknowns: bool) -> str:
    """The query for the members of each segment, and after them the unknown if they are wanted.

    `aggregate` has a place for what is counted.
    """
    names = [name(segment.id) for segment in segments]
    counted = [*names, *(f"{each} IS NULL" for each in names if unknowns)]
    return f"SELECT {', '.join(aggregate.format(each) for each in counted)} FROM ({query})"


def name(column: str) -> str:
    """A column's name, quoted."""
    return f'"{column}"'


def _columns(segments: Sequence[Segment], word: Wording) -> str:
    return ", ".join(f"{sql(segment.rule, word)} AS {name(segment.id)}" for segment in segments)


def _within(first: int, last: int) -> str:
    return f"= {first}" if first == last else f"BETWEEN {first} AND {last}"


def _operand(rule: Rule, word: Wording) -> str:
    return f"({sql(rule, word)})" if isinstance(rule, Every | Either) else sql(rule, word)


def _quote_escaped(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
