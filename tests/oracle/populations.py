"""Generated schemas with every type of attribute, and small populations whose rows sit on the edges."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.column import Batch, ItemsOf, TextColumn
from segmentd.language.tree import Value
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    ITEMS,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
    Subject,
)
from tests.oracle import edges
from tests.oracle.calendar import local_date, start_of_day
from tests.oracle.subjects import Row

ITEMS_OF_ALL = 30
ROLES = ("OWNER", "JOINT", "gold", "Ž")
LEDGER_ZONES = ("UTC", "Europe/Prague", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A given attribute, the values it draws from, and the Arrow type that its column arrives in."""

    spec: AttributeSpec
    pool: tuple[Value, ...]
    arrow: pa.DataType


@dataclass(frozen=True)
class Held:
    """The items of a population's rows: the field they are in, and by row the places of its own, and in which roles."""

    field: str
    population: Population
    places: tuple[tuple[int, ...], ...]
    roles: tuple[tuple[str, ...], ...]

    @property
    def seen(self) -> Population:
        """The items as macros see them: with an attribute more, the role, of which there are no columns."""
        role = _attribute("role", STRING, ROLES, pa.string(), required=True)
        given = self.population.schema
        schema = Schema(given.subject, (*given.attributes, role.spec), given.time_zone)
        rows = tuple({**row, "role": ROLES[place % len(ROLES)]} for place, row in enumerate(self.population.rows))
        return replace(self.population, schema=schema, attributes=(*self.population.attributes, role), rows=rows)

    def of(self, order: npt.NDArray[np.int64]) -> ItemsOf:
        """The items of the rows at these places; the batch of all items has them backwards, and some twice."""
        count = len(self.population.rows)
        backwards = np.concatenate((np.arange(count)[::-1], np.arange(count // 2))).astype(np.int64)
        batch = batch_from_arrow(self.population.table(backwards), self.population.schema)
        held = [self.places[row] for row in order]
        offsets = np.concatenate(([0], np.cumsum([len(places) for places in held], dtype=np.int64))).astype(np.int64)
        rows = np.array([count - 1 - place for places in held for place in places], np.int64)
        codes = np.array([ROLES.index(role) for row in order for role in self.roles[row]], np.int32)
        return ItemsOf(offsets, rows, batch, {"owner.role": TextColumn(codes, pa.array(ROLES, pa.string()))})


@dataclass(frozen=True)
class Population:
    """A schema, distinct rows of it, the request's `now`, and the attributes that come without a column.

    `held`: the items that macros go over; their rows stand in the rows too.
    """

    schema: Schema
    attributes: tuple[Attribute, ...]
    rows: tuple[Row, ...]
    now_us: int
    absent: frozenset[str]
    held: Held | None = None

    @property
    def items(self) -> Mapping[str, Schema]:
        """What macros go over, by field."""
        return {self.held.field: self.held.population.schema} if self.held else {}

    @property
    def seen_items(self) -> Mapping[str, Schema]:
        """The same, as macros see them."""
        return {self.held.field: self.held.seen.schema} if self.held else {}

    def batch(self, order: npt.NDArray[np.int64]) -> Batch:
        """The rows at these places, one after the other, with their items."""
        batch = batch_from_arrow(self.table(order), self.schema)
        return replace(batch, items={self.held.field: self.held.of(order)}) if self.held else batch

    def with_computed(self, computed: Sequence[AttributeSpec]) -> Population:
        """The same rows under a schema that has these computed attributes too."""
        return replace(self, schema=Schema(self.schema.subject, (*self.schema.given, *computed), self.schema.time_zone))

    def table(self, order: npt.NDArray[np.int64]) -> pa.Table:
        """The rows at these places, one after the other, as a table with an `id` column."""
        columns = {"id": pa.array([f"c{row}" for row in range(len(order))], pa.string())}
        for attribute in self.attributes:
            if attribute.spec.id not in self.absent:
                columns[attribute.spec.id] = self._column(attribute).take(pa.array(order))
        return pa.table(columns)

    def _column(self, attribute: Attribute) -> pa.Array:
        values = [row[attribute.spec.id] for row in self.rows]
        zone = self.schema.time_zone
        return pa.array([_arrow_value(value, attribute.spec.type, zone) for value in values], attribute.arrow)


def population(random: Random, size: int, time_zone: str | None = None) -> Population:
    """A random schema of all types, in a random zone unless one is given, and `size` distinct rows."""
    zone = time_zone or random.choice(LEDGER_ZONES)
    attributes = _attributes(random, zone)
    nullable = [attribute.spec.id for attribute in attributes if not attribute.spec.required]
    absent = frozenset(random.sample(nullable, random.choice((0, 0, 1))))
    schema = Schema(random.choice(tuple(Subject)), tuple(attribute.spec for attribute in attributes), zone)
    rows = tuple(_row(random, attributes, absent, share) for share in _null_shares(random, size))
    now_us = random.choice([value for value in edges.INSTANTS if value > 0])
    return Population(schema, attributes, rows, now_us, absent)


def population_with_items(random: Random, size: int) -> Population:
    """A random population of customers with accounts, or of accounts with owners; some have none, some share some."""
    given = population(random, size)
    subject = random.choice(tuple(ITEMS))
    ((field, item),) = ITEMS[subject].items()
    items = population(random, ITEMS_OF_ALL, given.schema.time_zone)
    items = replace(items, schema=Schema(item, items.schema.attributes, given.schema.time_zone))
    places = tuple(
        tuple(random.randrange(ITEMS_OF_ALL) for _ in range(random.choice((0, 1, 1, 2, 2, 3, 7)))) for _ in given.rows
    )
    roles = tuple(tuple(random.choice(ROLES) for _ in own) for own in places)
    seen = tuple(
        tuple({**items.rows[place], "role": role} for place, role in zip(*pair, strict=True))
        for pair in zip(places, roles, strict=True)
    )
    rows = tuple({**row, field: own} for row, own in zip(given.rows, seen, strict=True))
    schema = Schema(subject, given.schema.attributes, given.schema.time_zone)
    return replace(given, schema=schema, rows=rows, held=Held(field, items, places, roles))


def plain(schema: Schema, rows: Sequence[Row], now_us: int = 0) -> Population:
    """The given rows under the given schema, each column in the Arrow type nearest to its attribute's."""
    attributes = tuple(Attribute(spec, (), _plain_arrow(spec.type)) for spec in schema.given)
    return Population(schema, attributes, tuple(rows), now_us, frozenset())


def _plain_arrow(kind: DataType) -> pa.DataType:
    if kind.kind is Kind.DECIMAL:
        return pa.decimal128(38, kind.scale)
    return {
        Kind.BOOL: pa.bool_(),
        Kind.INT64: pa.int64(),
        Kind.DOUBLE: pa.float64(),
        Kind.STRING: pa.string(),
        Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
        Kind.DATE: pa.date32(),
        Kind.LIST: pa.list_(pa.string()),
    }[kind.kind]


def _null_shares(random: Random, size: int) -> list[float]:
    """How likely a value is missing, by row: one row has all, one has none, the others some."""
    return [(0.0, 1.0)[row] if row < 2 else random.choice((0.0, 0.15, 0.15, 0.5)) for row in range(size)]


def _row(random: Random, attributes: Sequence[Attribute], absent: frozenset[str], null_share: float) -> Row:
    row: dict[str, Value] = {}
    for attribute in attributes:
        spec = attribute.spec
        missing = spec.id in absent or (not spec.required and random.random() < null_share)
        nothing: Value = () if spec.type == LIST else None
        row[spec.id] = nothing if missing else random.choice(attribute.pool)
    return row


def _attributes(random: Random, zone: str) -> tuple[Attribute, ...]:
    money = DataType(Kind.DECIMAL, random.choice((2, 2, 3)), random.choice(("EUR", "CZK", "BHD")))
    other = DataType(Kind.DECIMAL, random.choice((0, 1, 6, 9)), "USD")
    days = tuple(start_of_day(date, zone) for date in edges.DATES)
    singles = tuple(_single(value) for value in edges.DOUBLES)
    texts = tuple(random.sample(edges.TEXTS, 12))
    integers = random.choice(((pa.int8(), pa.int16()), (pa.int16(), pa.int32()), (pa.int64(), pa.int8())))
    text_types = random.sample((pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())), 3)
    instants = pa.timestamp("us", random.choice(("UTC", "Europe/Prague")))
    return (
        _attribute("isActive", BOOL, (False, True), pa.bool_()),
        _attribute("optedIn", BOOL, (False, True), pa.bool_(), required=True),
        _attribute("visits", INT64, edges.INTEGERS, pa.int64()),
        _attribute("age", INT64, edges.NARROW_INTEGERS, integers[0]),
        _attribute("children", INT64, edges.NARROW_INTEGERS, integers[1], required=True),
        _attribute("income", DOUBLE, edges.DOUBLES, pa.float64()),
        _attribute("score", DOUBLE, (0.0, 0.5, 1.0, -2.25, 18.0, 3000.0), pa.float64(), required=True),
        _attribute("ratio", DOUBLE, singles, pa.float32()),
        _attribute("balance", money, edges.MINOR_UNITS, pa.decimal128(38, money.scale)),
        _attribute("limit_", money, (0, 100, 5_000, -1, 300_000), pa.decimal128(18, money.scale), required=True),
        _attribute("assets", other, edges.MINOR_UNITS, pa.decimal128(30, other.scale)),
        _attribute("city", STRING, texts, text_types[0]),
        _attribute("tier", STRING, ("gold", "silver", "", "Ž"), text_types[1], required=True),
        _attribute("code", STRING, edges.NUMERIC_TEXTS, text_types[2]),
        _attribute("opened", TIMESTAMP, edges.INSTANTS, instants),
        _attribute("lastSeen", TIMESTAMP, edges.INSTANTS[9:], instants, required=True),
        _attribute("birthDate", DATE, days, random.choice((pa.date32(), pa.date64()))),
        _attribute("since", DATE, days[5:], pa.date32(), required=True),
        _attribute("tags", LIST, edges.LISTS, pa.list_(pa.string())),
        _attribute("labels", LIST, edges.LISTS[:5], pa.large_list(pa.string())),
    )


def _attribute(
    name: str, kind: DataType, pool: Sequence[Value], arrow: pa.DataType, *, required: bool = False
) -> Attribute:
    return Attribute(AttributeSpec(name, kind, required), tuple(pool), arrow)


def _single(value: float) -> float:
    """The nearest value that a 32-bit float holds; infinite beyond its range."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _arrow_value(value: Value, kind: DataType, zone: str) -> object:
    if value is None:
        return None
    match kind.kind:
        case Kind.DECIMAL:
            assert isinstance(value, int)
            return Decimal(value).scaleb(-kind.scale)
        case Kind.DATE:
            assert isinstance(value, int)
            return dt.date(*local_date(value, zone))
        case Kind.LIST:
            assert isinstance(value, tuple)
            return list(value)
        case _:
            return value
