"""A population with what is defined over it: computed attributes, segments, and the oracle's word on both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from segmentd.language import CompiledExpression, Environment, ExpressionError
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    DURATION,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
)
from tests.oracle.evaluator import Answer, Definitions, Oracle, RowAnswers
from tests.oracle.expressions import Generator
from tests.oracle.literals import literal
from tests.oracle.populations import Population, population
from tests.oracle.productions import Production
from tests.oracle.terms import Term, compose

RETIRED = "retired"
"""The id of a segment that is inactive: it has no members anywhere."""

PROBE = "probe"
Populate = Callable[[Random, int], Population]
"""What draws so many rows of a population."""

PROBED_ROWS = 8
"""Rows whose values a threshold is taken from, beside the first, which has no missing value."""


@dataclass
class Tally:
    """How many generated expressions were accepted, and why others were refused."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def refuse(self, text: str, error: ExpressionError) -> None:
        """Count a refusal under its reason; keep one text for each."""
        message = str(error).splitlines()[0]
        self.refused[error.reason.value] += 1
        self.examples.setdefault(error.reason.value, f"{text}\n{message}")


class World:
    """One population, the computed attributes of its schema, and segments defined one after the other."""

    def __init__(self, random: Random, size: int, tally: Tally, populate: Populate = population) -> None:
        self.random = random
        self.tally = tally
        self.population, self.computed_terms = _with_computed(random, populate(random, size), tally)
        self.environment = Environment(self.population.schema, self.population.items)
        self.oracle = Oracle(self.population.schema, self.population.seen_items)
        self.generator = Generator(random, self.population, self.computed_terms)
        self.computed = {
            spec.id: self.environment.compile(str(spec.expression), result=spec.type, itself=spec.id)
            for spec in self.population.schema
            if spec.expression is not None
        }
        self.generator.segments.append(RETIRED)

    def compile(self, term: Term) -> CompiledExpression | None:
        """The expression, or None and one refusal more on the tally."""
        try:
            expression = self.environment.compile(term.text, result=None if term.type != BOOL else BOOL)
        except ExpressionError as error:
            self.tally.refuse(term.text, error)
            return None
        self.tally.accepted += 1
        return expression

    def definitions(self, segments: dict[str, CompiledExpression]) -> Definitions:
        """What the oracle is asked: the computed attributes, and the segments in the order of their definition."""
        return Definitions(
            {name: expression.checked for name, expression in self.computed.items()},
            {RETIRED: None, **{name: expression.checked for name, expression in segments.items()}},
        )

    def answers(self, segments: dict[str, CompiledExpression]) -> list[RowAnswers]:
        """The oracle's answer for every distinct row."""
        return self.oracle.answers(self.definitions(segments), self.population.rows, self.population.now_us)

    def condition(self, production: Production, depth: int, segments: dict[str, CompiledExpression]) -> Term | None:
        """A condition that turns on this operation: itself, or its value beside one that some row gives."""
        term = self.generator.apply(production, depth)
        if term.type == BOOL:
            return term
        return self._comparison(term, segments)

    def _comparison(self, term: Term, segments: dict[str, CompiledExpression]) -> Term | None:
        if term.type == DURATION:
            other: Term = self.generator.constant(DURATION)
        else:
            expression = self.compile(term)
            if expression is None:
                return None
            other = self._threshold(term.type, list(self._values(expression, segments)))
        operators = ("==", "!=") if term.type == LIST else ("<", "<=", ">", ">=", "==", "!=")
        operator = self.random.choice(operators)
        return compose(BOOL, f"({{}} {operator} {{}})", term, other)

    def _values(self, expression: CompiledExpression, segments: dict[str, CompiledExpression]) -> Iterator[Answer]:
        known = self.definitions(segments)
        asked = Definitions(known.computed, {**known.segments, PROBE: expression.checked})
        first, *others = self.population.rows
        rows = [first, *self.random.sample(others, PROBED_ROWS)]
        for answer in self.oracle.values(asked, PROBE, rows, self.population.now_us):
            if isinstance(answer, bool | int | float | str | tuple) and not _has_no_literal(answer):
                yield answer

    def _threshold(self, kind: DataType, values: list[Answer]) -> Term:
        if not values or kind == DATE:
            return self.generator.constant(kind)
        value = self.random.choice(values)
        assert isinstance(value, bool | int | float | str | tuple)
        if kind == INT64 and self.random.random() < 0.3:
            return Term(INT64, str(value), constant=True)
        return Term(kind, literal(value, kind), constant=True)


def _has_no_literal(answer: Answer) -> bool:
    """An empty list has no type of elements, and a list may hold the null of a missing text."""
    return isinstance(answer, tuple) and (not answer or None in answer)


def _with_computed(random: Random, given: Population, tally: Tally) -> tuple[Population, dict[str, Term]]:
    """The population with a few computed attributes; later ones may read earlier ones."""
    terms: dict[str, Term] = {}
    specs: list[AttributeSpec] = []
    money = next(spec.type for spec in given.schema if spec.type.kind is Kind.DECIMAL)
    kinds = random.sample((BOOL, INT64, DOUBLE, STRING, TIMESTAMP, DATE, LIST, money), 4)
    for number, kind in enumerate(kinds):
        # Without macros, so that they can be read in macros.
        generator = Generator(random, replace(given.with_computed(specs), held=None), terms)
        term = generator.term(kind, 3)
        spec = AttributeSpec(f"computed{number}", kind, expression=term.text)
        try:
            Environment(given.with_computed([*specs, spec]).schema).compile(term.text, result=kind, itself=spec.id)
        except ExpressionError as error:
            tally.refuse(term.text, error)
            continue
        tally.accepted += 1
        specs.append(spec)
        terms[spec.id] = term
    return given.with_computed(specs), terms
