"""A seeded generator of typed expressions over the whole language, up to a depth, on a population's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from segmentd.language.tree import Value
from segmentd.schema import BOOL, DATE, DURATION, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType, Kind
from tests.oracle import edges
from tests.oracle.calendar import local_date
from tests.oracle.literals import literal, rfc3339, seconds, text_literal
from tests.oracle.populations import Population
from tests.oracle.productions import VARIABLE, Hole, Operand, Production, macros, productions
from tests.oracle.terms import Term, compose

MOMENTS = (TIMESTAMP, DATE)
TABULABLE = frozenset({Kind.STRING, Kind.LIST, Kind.BOOL, Kind.INT64})
READ_OUTSIDE = 0.2
"""How often an attribute that is read inside of a macro is one of the subject outside of it."""

WORDS = ("a", "b", "", "😀", "é", ",", "Praha", " ", "\u0301", "abc", "z")


class Generator:
    """Draws expressions over one population. Everything it draws comes from its `random`.

    `segments` are the ids that conditions may ask membership of; the caller adds to it as it defines some. `outside`:
    what generates around the macro that this one's expressions stand in, whose attributes may be read there too.
    """

    def __init__(
        self, random: Random, population: Population, computed: Mapping[str, Term], outside: Generator | None = None
    ) -> None:
        self._random = random
        self._population = population
        self._subject = VARIABLE if outside else population.schema.subject.value
        self._computed = computed
        self._outside = outside
        self._inside = Generator(random, population.held.seen, {}, self) if population.held else None
        self.segments: list[str] = []
        decimals = dict.fromkeys(spec.type for spec in population.schema.given if spec.type.kind is Kind.DECIMAL)
        over = f"{self._subject}.{population.held.field}" if population.held else None
        self.productions = (*productions(decimals), *(macros(over) if over else ()))
        self._by_result: dict[DataType, list[Production]] = {}
        for production in self.productions:
            self._by_result.setdefault(production.result, []).append(production)
        self.conditions = [each for each in self.productions if each.result == BOOL and each.operands]

    def term(self, kind: DataType, depth: int, *, tabulable: bool = False) -> Term:
        """An expression of the type, at most `depth` operations deep."""
        if depth <= 0 or self._random.random() < 0.12:
            return self._leaf(kind, tabulable=tabulable)
        choices = [choice for choice in self._by_result[kind] if not (tabulable and choice.macro)]
        production = self._random.choices(choices, [choice.weight for choice in choices])[0]
        return self.apply(production, depth - 1, tabulable=tabulable)

    def apply(self, production: Production, depth: int, *, tabulable: bool = False) -> Term:
        """An expression whose outermost operation is this one."""
        inside = tabulable or production.tabulated
        operands = tuple(self._operand(operand, production, depth, tabulable=inside) for operand in production.operands)
        if all(operand.constant for operand in operands):
            operands = self._with_a_read(production, operands, tabulable=inside)
        exempt = production.result == STRING and production.pattern.startswith("({} ?")
        return compose(
            production.result,
            production.pattern,
            *operands,
            tabulable=False
            if production.macro
            else all(operand.tabulable for operand in operands[1:])
            if exempt
            else None,
        )

    def constant(self, kind: DataType) -> Term:
        """A literal of the type, oftener than not a value that some row has."""
        value = self._value(kind)
        if kind != DATE:
            return Term(kind, literal(value, kind), constant=True)
        year, month, day = local_date(int(str(value)), self._population.schema.time_zone)
        return Term(DATE, f'date("{year:04}-{month:02}-{day:02}")', constant=True)

    def _with_a_read(self, production: Production, operands: tuple[Term, ...], *, tabulable: bool) -> tuple[Term, ...]:
        """The operands with one literal exchanged for an attribute: constants alone are folded, or refused."""
        places = [place for place, operand in enumerate(production.operands) if isinstance(operand, DataType)]
        if not places or production.result == DATE:
            return operands
        place = self._random.choice(places)
        read = self._read(operands[place].type, tabulable=tabulable)
        return operands if read is None else (*operands[:place], read, *operands[place + 1 :])

    def _operand(self, operand: Operand, production: Production, depth: int, *, tabulable: bool) -> Term:
        if isinstance(operand, Hole):
            return self._fill(operand, production, depth, tabulable=tabulable)
        if production.result == STRING and production.pattern.startswith("({} ?") and operand == BOOL:
            # The condition of a ternary of texts is planned apart from it, so it may read anything.
            return self.term(BOOL, depth)
        return self.term(operand, depth, tabulable=tabulable)

    def _fill(self, hole: Hole, production: Production, depth: int, *, tabulable: bool) -> Term:
        choose = self._random.choice
        match hole:
            case Hole.PREDICATE:
                assert self._inside is not None
                return self._inside.apply(choose(self._inside.conditions), depth)
            case Hole.MOMENT:
                return self.term(choose(MOMENTS), depth, tabulable=tabulable)
            case Hole.INDEX:
                return self._small(INT64, str(choose((0, 0, 1, 1, 2, 3, 5, -1))), depth, tabulable=tabulable)
            case Hole.WORD:
                return self._small(STRING, text_literal(choose(WORDS)), depth, tabulable=tabulable)
            case Hole.RESULT:
                return self._read(production.result, tabulable=tabulable) or self.constant(production.result)
            case Hole.DECIMAL:
                return self.constant(next(kind for kind in production.operands if isinstance(kind, DataType)))
            case Hole.ATTRIBUTE | Hole.READ:
                return self._any_read(hole, tabulable=tabulable)
            case _:
                return Term(STRING, text_literal(self._special_text(hole)), constant=True)

    def _special_text(self, hole: Hole) -> str:
        """The text of a literal that only one place takes."""
        match hole:
            case Hole.ZONE:
                return self._random.choice(edges.ZONES)
            case Hole.PATTERN:
                return self._random.choice(edges.PATTERNS)
            case Hole.DAY:
                return self._random.choice(edges.DATES).isoformat()
            case Hole.INSTANT:
                return rfc3339(self._instant())
            case _:
                return self._length()

    def _small(self, kind: DataType, text: str, depth: int, *, tabulable: bool) -> Term:
        if self._random.random() < 0.7:
            return Term(kind, text, constant=True)
        return self.term(kind, depth, tabulable=tabulable)

    def _length(self) -> str:
        if self._random.random() < 0.3:
            return self._random.choice(("1h30m", "24h", "-1.5h", "90s", "100ms", "36h0m1s", "876600h"))
        return seconds(self._random.choice(edges.DURATIONS_US))

    def _any_read(self, hole: Hole, *, tabulable: bool) -> Term:
        kinds = [spec.type for spec in self._specs(tabulable=tabulable)]
        if hole is Hole.READ:
            kinds = [kind for kind in kinds if kind != LIST]
        read = self._read(self._random.choice(kinds), tabulable=tabulable)
        assert read is not None
        return read

    def _leaf(self, kind: DataType, *, tabulable: bool) -> Term:
        draw = self._random.random()
        if kind == BOOL and self.segments and not tabulable and draw < 0.35:
            return self._membership()
        if kind == TIMESTAMP and not tabulable and draw < 0.15:
            return Term(TIMESTAMP, "now", tabulable=False)
        read = self._read(kind, tabulable=tabulable)
        if read is not None and (kind.kind is Kind.DECIMAL or draw < 0.75):
            return read
        if kind == BOOL and self._random.random() < 0.8:
            return self._leaf(kind, tabulable=tabulable)
        return self.constant(kind)

    def _membership(self) -> Term:
        segment = self._random.choice(self.segments)
        return Term(BOOL, f'("{segment}" in {self._subject}.segments)', tabulable=False)

    def _read(self, kind: DataType, *, tabulable: bool) -> Term | None:
        if self._outside is not None and self._random.random() < READ_OUTSIDE:
            read = self._outside._read(kind, tabulable=tabulable)
            if read is not None:
                return read
        specs = [spec for spec in self._specs(tabulable=tabulable) if spec.type == kind]
        if not specs:
            return None
        spec = self._random.choice(specs)
        return Term(kind, f"{self._subject}.{spec.id}", tabulable=self._is_tabulable(spec))

    def _specs(self, *, tabulable: bool) -> Sequence[AttributeSpec]:
        specs = self._population.schema.attributes
        return [spec for spec in specs if self._is_tabulable(spec)] if tabulable else specs

    def _is_tabulable(self, spec: AttributeSpec) -> bool:
        if spec.expression is not None:
            return self._computed[spec.id].tabulable
        return spec.type.kind in TABULABLE

    def _value(self, kind: DataType) -> Value:
        """A value of some row, or an edge of the type."""
        if kind == DURATION:
            return self._random.choice(edges.DURATIONS_US)
        found: list[Value] = [
            value
            for spec in self._population.schema.given
            if spec.type == kind
            for row in self._population.rows
            if (value := row[spec.id]) not in (None, ())
        ]
        pool = _POOLS.get(kind.kind)
        return self._random.choice(found if found and (pool is None or self._random.random() < 0.7) else pool or found)

    def _instant(self) -> int:
        return int(str(self._value(TIMESTAMP)))


_POOLS: Mapping[Kind, Sequence[Value]] = {
    Kind.BOOL: (False, True),
    Kind.INT64: edges.NARROW_INTEGERS,
    Kind.DOUBLE: edges.DOUBLES,
    Kind.DECIMAL: edges.MINOR_UNITS,
    Kind.STRING: edges.TEXTS,
    Kind.LIST: edges.LISTS[1:],
    Kind.TIMESTAMP: edges.INSTANTS,
}
