"""A small bank as plain Python, changed at random, and a view of it as arrays: what aggregates are tested on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import numpy as np
import pyarrow as pa

from segmentd.columns.build import missing_column
from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, TextColumn
from segmentd.columns.planes import pack
from segmentd.columns.zones import start_of_days
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Changes, Entities, Holdings, Items, Rows, Slots
from segmentd.ledger.fields import built_in
from segmentd.schema import BOOL, DOUBLE, INT64, STRING, AttributeSpec, DataType, Kind, Schema, Subject
from tests.oracle.aggregate_values import Value
from tests.oracle.aggregates import Account, Fact
from tests.oracle.aggregates import Subject as Owner

CURRENCY: Final = "EUR"
ROLES: Final = ("OWNER", "JOINT", "AUTHORIZED")
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US

EXTRA: Final = (
    AttributeSpec("weight", DOUBLE),
    AttributeSpec("points", INT64),
    AttributeSpec("marked", BOOL),
    AttributeSpec("note", STRING),
)
"""Given attributes of all facts."""

FACTS: Final = (RecordKind.TRANSACTION, RecordKind.BALANCE, RecordKind.ENGAGEMENT)


def schema(subject: Subject, zone: str) -> Schema:
    """The fields of a kind of record."""
    extra = EXTRA if subject is not Subject.CUSTOMER else ()
    return Schema(subject, (*built_in(subject, CURRENCY), *extra), zone)


@dataclass
class Bank:
    """Customers' slots, accounts by slot (None: deleted), who holds which, and facts by kind."""

    zone: str
    customers: list[int] = field(default_factory=list)
    accounts: list[Account | None] = field(default_factory=list)
    holdings: list[list[tuple[int, str]]] = field(default_factory=list)
    facts: dict[RecordKind, list[Fact]] = field(default_factory=lambda: {kind: [] for kind in FACTS})
    arrivals: int = 0

    def owner(self, subject: Subject, slot: int, kind: RecordKind) -> Owner:
        """What the oracle is told of a subject."""
        if subject is Subject.ACCOUNT:
            account = self.accounts[slot]
            assert account is not None
            facts = [each for each in self.facts[kind] if each.owner == slot]
            return Owner([(slot, account, "OWNER")], facts, is_customer=False)
        held = [(slot, account, role) for slot, role in self.holdings[slot] if (account := self.accounts[slot])]
        if kind is RecordKind.ACCOUNT:
            return Owner(held, [])
        if kind is RecordKind.ENGAGEMENT:
            return Owner(held, [each for each in self.facts[kind] if each.owner == slot])
        own = {account for account, _, _ in held}
        return Owner(held, [each for each in self.facts[kind] if each.owner in own])

    def copy(self) -> Bank:
        """The bank as it is now."""
        facts = {kind: list(each) for kind, each in self.facts.items()}
        holdings = [list(each) for each in self.holdings]
        return replace(
            self, customers=list(self.customers), accounts=list(self.accounts), holdings=holdings, facts=facts
        )


class Maker:
    """Random banks, and random changes of them, around a day."""

    def __init__(self, random: Random, day: int, zone: str) -> None:
        self.random = random
        self.day = day
        self.bank = Bank(zone)
        self.amounts = random.choice([3, 500, 10**6, 2**40, 2**62])

    def fill(self, customers: int, accounts: int, facts: int) -> Bank:
        """A bank of so many."""
        self.bank.holdings = [[] for _ in range(customers)]
        self.bank.customers = [slot for slot in range(customers) if self.random.random() < 0.9]
        for _ in range(accounts):
            self.add_account()
        for _ in range(facts):
            self.add_fact(self.random.choice(FACTS))
        return self.bank

    def add_account(self) -> int:
        """A new account, of no, one or more customers; its slot."""
        slot = len(self.bank.accounts)
        self.bank.accounts.append(self.account())
        for customer in range(len(self.bank.holdings)):
            for role in ROLES:
                if self.random.random() < 0.15:
                    self.bank.holdings[customer].insert(0, (slot, role))
        return slot

    def account(self) -> Account:
        """The fields of an account."""
        maybe = self._maybe
        fields: dict[str, Value | None] = {
            "kind": maybe(self.random.choice(["SAVINGS", "CHECKING"])),
            "currency": self.random.choice(["EUR", "EUR", "CZK"]),
            "external": maybe(self.random.random() < 0.5),
            "balance": maybe(self.amount()),
            "points": maybe(self.random.randrange(-3, 4)),
        }
        opened = maybe(self.day + self.random.choice([-400, -100, -40, -35, -10, -3, 0, 2]))
        closed = self.day + self.random.choice([-300, -36, -20, -5, -1, 0, 1, 40])
        return Account(opened, closed if self.random.random() < 0.3 else None, fields)

    def amount(self) -> int:
        """An amount that occurs again, or is as large as can be."""
        return self.random.randint(-self.amounts, self.amounts)

    def moment(self) -> int:
        """A time near the day: often midnight in the zone or so, or one that occurs again."""
        if self.random.random() < 0.3:
            day = self.day - self.random.randrange(75)
            return int(start_of_days(np.array([day]), self.bank.zone)[0]) + self.random.choice([-1, 0, 1])
        span = self.random.choice([1, 3, 40, 70, 70, 120, 500])
        return self.day * DAY_US - self.random.randrange(-2 * 24, span * 24) * HOUR_US

    def add_fact(self, kind: RecordKind) -> Fact | None:
        """A new fact of someone."""
        owners = len(self.bank.holdings) if kind is RecordKind.ENGAGEMENT else len(self.bank.accounts)
        if not owners:
            return None
        owner = self.random.randrange(owners)
        fact = Fact(owner, self.moment(), self.bank.arrivals, *self._fields(kind))
        self.bank.arrivals += 1
        self.bank.facts[kind].append(fact)
        return fact

    def change(self) -> None:
        """Something that happens to a bank: facts come, are corrected or deleted, accounts and customers change."""
        random = self.random
        kind = random.choice(FACTS)
        facts = self.bank.facts[kind]
        match random.randrange(8):
            case 0 | 1 | 2:
                self.add_fact(kind)
            case 3 if facts:
                facts.pop(random.randrange(len(facts)))
            case 4 if facts:
                place = random.randrange(len(facts))
                fields, unknown = self._fields(kind)
                facts[place] = replace(facts[place], fields=fields, unknown=unknown, time=self.moment())
            case 5 if self.bank.accounts:
                slot = random.randrange(len(self.bank.accounts))
                if self.bank.accounts[slot] is not None:
                    self.bank.accounts[slot] = self.account()
            case 6:
                self._change_owners()
            case _:
                self.add_account()

    def _change_owners(self) -> None:
        random, bank = self.random, self.bank
        match random.randrange(4):
            case 0:
                bank.holdings.append([])
                bank.customers.append(len(bank.holdings) - 1)
            case 1 if bank.customers:
                gone = bank.customers.pop(random.randrange(len(bank.customers)))
                bank.holdings[gone] = []
                bank.facts[RecordKind.ENGAGEMENT] = [
                    each for each in bank.facts[RecordKind.ENGAGEMENT] if each.owner != gone
                ]
            case 2 if bank.accounts:
                self._delete_account(random.randrange(len(bank.accounts)))
            case _ if bank.holdings and bank.accounts:
                pair = random.randrange(len(bank.accounts)), random.choice(ROLES)
                if bank.accounts[pair[0]] is not None:
                    bank.holdings[random.randrange(len(bank.holdings))].append(pair)

    def _delete_account(self, slot: int) -> None:
        bank = self.bank
        bank.accounts[slot] = None
        bank.holdings = [[pair for pair in held if pair[0] != slot] for held in bank.holdings]
        for kind in (RecordKind.TRANSACTION, RecordKind.BALANCE):
            bank.facts[kind] = [each for each in bank.facts[kind] if each.owner != slot]

    def _fields(self, kind: RecordKind) -> tuple[dict[str, Value | None], frozenset[str]]:
        maybe, pick = self._maybe, self.random.choice
        fields: dict[str, Value | None] = {
            "weight": maybe(pick([0.0, -0.0, 0.1, 0.2, -1.5, 1e300, 1e16, 1 / 3])),
            "points": maybe(pick([-2, 0, 1, 2, 2**62, -(2**63)])),
            "marked": maybe(pick([True, False])),
            "note": maybe(pick(["a", "b", "c"])),
        }
        if kind is RecordKind.ENGAGEMENT:
            fields |= {"channel": maybe(pick(["WEB", "BRANCH"])), "duration_s": maybe(pick([0, 60, 1300]))}
            return fields, frozenset()
        fields["amount"] = self.amount()
        if kind is RecordKind.TRANSACTION:
            fields["balance_after"] = maybe(self.amount())
            fields["category"] = maybe(pick(["INCOME/SALARY", "SPENDING/FOOD", "OTHER"]))
            fields["counterparty"] = maybe(pick(["x", "y"]))
        if self.random.random() < 0.01:
            fields["amount"] = None
            return fields, frozenset({"amount"} | ({"balance_after"} if fields.get("balance_after") is None else set()))
        return fields, frozenset()

    def _maybe(self, value: Any) -> Any:
        return None if self.random.random() < 0.15 else value


def changes(before: Bank, after: Bank) -> Changes:
    """Whose facts, records or accounts are others."""
    accounts = {
        slot
        for slot in range(len(after.accounts))
        if slot >= len(before.accounts) or before.accounts[slot] != after.accounts[slot]
    }
    customers = {
        slot
        for slot in range(len(after.holdings))
        if slot >= len(before.holdings) or before.holdings[slot] != after.holdings[slot]
    }
    customers |= set(before.customers) ^ set(after.customers)
    for kind in FACTS:
        moved = {*_identities(before, kind)} ^ {*_identities(after, kind)}
        (customers if kind is RecordKind.ENGAGEMENT else accounts).update(owner for owner, *_ in moved)
    for bank in (before, after):
        for customer, held in enumerate(bank.holdings):
            if any(slot in accounts for slot, _ in held):
                customers.add(customer)
    return Changes(np.array(sorted(customers), np.int32), np.array(sorted(accounts), np.int32))


class ArrayView:
    """A version of a bank as arrays. `sorted_from`: the bank, of fewer facts, of which the sorted facts are."""

    def __init__(self, bank: Bank, version: int = 0, sorted_from: Bank | None = None) -> None:
        self.bank = bank
        self.version = version
        self.changes: dict[int, Changes | None] = {}
        self._sorted = sorted_from or bank

    @property
    def ledger_id(self) -> str:
        """The ledger."""
        return "main"

    def entities(self, kind: RecordKind) -> Entities:
        """The customers or the accounts."""
        if kind is RecordKind.CUSTOMER:
            slots, count, columns = self.bank.customers, len(self.bank.holdings), {}
        else:
            slots = [slot for slot, account in enumerate(self.bank.accounts) if account is not None]
            count = len(self.bank.accounts)
            columns = self._account_columns([account for account in self.bank.accounts if account is not None])
        row_of = np.full(count, -1, np.int32)
        row_of[slots] = np.arange(len(slots))
        ids = pa.array([f"{kind}-{slot}" for slot in slots], pa.string())
        return Entities(kind, Batch(len(slots), columns, ids), np.array(slots, np.int32), row_of)

    def holdings(self) -> Holdings:
        """Who owns which accounts."""
        counts = [len(held) for held in self.bank.holdings]
        pairs = [pair for held in self.bank.holdings for pair in held]
        return Holdings(
            np.concatenate((np.zeros(1, np.int64), np.cumsum(np.array(counts, np.int64)))),
            np.array([slot for slot, _ in pairs], np.int32),
            np.array([ROLES.index(role) for _, role in pairs], np.int16),
            ROLES,
        )

    def sorted_items(self, kind: RecordKind) -> Items:
        """The facts as they were."""
        return self._items(kind, self._sorted, range(self._owners(kind)))

    def touched(self, kind: RecordKind) -> Slots:
        """The owners whose facts are others now."""
        before, now = ({*_identities(bank, kind)} for bank in (self._sorted, self.bank))
        return np.array(sorted({owner for owner, *_ in before ^ now}), np.int32)

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """The facts of some owners."""
        return self._items(kind, self.bank, [int(owner) for owner in owners])

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:
        """The rows of ids."""
        known = {name: row for row, name in enumerate(self.entities(kind).batch.ids.to_pylist())}  # type: ignore[union-attr]
        return np.array([known.get(each, -1) for each in ids.to_pylist()], np.int64)

    def changes_since(self, version: int) -> Changes | None:
        """What changed after a version, as the test says."""
        return self.changes.get(version)

    def _owners(self, kind: RecordKind) -> int:
        return len(self.bank.holdings) if kind is RecordKind.ENGAGEMENT else len(self.bank.accounts)

    def _items(self, kind: RecordKind, bank: Bank, owners: Iterable[int]) -> Items:
        by_owner: dict[int, list[Fact]] = {}
        for fact in sorted(bank.facts[kind], key=lambda each: (each.time, each.arrival)):
            by_owner.setdefault(fact.owner, []).append(fact)
        each_owner = [by_owner.get(owner, []) for owner in owners]
        offsets = np.concatenate(
            (np.zeros(1, np.int64), np.cumsum([len(facts) for facts in each_owner], dtype=np.int64))
        )
        facts = [fact for facts in each_owner for fact in facts]
        times = np.array([fact.time for fact in facts], np.int64)
        given = schema(Subject(kind.value), bank.zone)
        columns = {spec.id: column_of(spec.type, [fact.fields.get(spec.id) for fact in facts]) for spec in given}
        for name in ("booking_time", "time"):
            if name in columns:
                columns[name] = column_of(given.get(name).type, list(times))  # type: ignore[union-attr]
        return Items(kind, offsets, times, Batch(len(facts), columns))

    def _account_columns(self, accounts: Sequence[Account]) -> dict[str, Column]:
        given = schema(Subject.ACCOUNT, self.bank.zone)
        columns = {spec.id: column_of(spec.type, [each.fields.get(spec.id) for each in accounts]) for spec in given}
        for name in ("opened", "closed"):
            days = [getattr(each, name) for each in accounts]
            starts = [None if day is None else int(start_of_days(np.array([day]), self.bank.zone)[0]) for day in days]
            columns[name] = column_of(given.get(name).type, starts)  # type: ignore[union-attr]
        return columns


def column_of(type_: DataType, values: Sequence[Any]) -> Column:
    """The column of plain values, None where there is none."""
    known = np.array([value is not None for value in values], np.bool_)
    validity = None if known.all() else pack(known)
    match type_.kind:
        case Kind.STRING:
            texts = sorted({value for value in values if value is not None})
            codes = [len(texts) if value is None else texts.index(value) for value in values]
            return TextColumn(np.array(codes, np.int32), pa.array(texts, pa.string()))
        case Kind.BOOL:
            return BoolColumn(pack(np.array([bool(value) for value in values], np.bool_)), validity)
        case Kind.LIST:
            return missing_column(type_, len(values))
    element = np.float64 if type_.kind is Kind.DOUBLE else np.int64
    return FixedColumn(type_, np.array([0 if value is None else value for value in values], element), validity)


def _identities(bank: Bank, kind: RecordKind) -> list[tuple[int, int, int]]:
    return [(fact.owner, fact.arrival, id(fact)) for fact in bank.facts[kind]]


def values_of(column: Column, rows: int) -> list[Any]:
    """A column as plain values, None where there is none."""
    match column:
        case TextColumn():
            texts = [*column.dictionary.to_pylist(), None]
            return [texts[code] for code in column.codes]
        case BoolColumn() | FixedColumn():
            known = [True] * rows if column.validity is None else _bits(column.validity, rows)
            values = _bits(column.values, rows) if isinstance(column, BoolColumn) else column.values.tolist()
            return [value if there else None for value, there in zip(values, known, strict=True)]
        case _:
            raise TypeError(f"no test has a column of {column.type}")


def _bits(plane: Any, rows: int) -> list[bool]:
    return [bool(int(plane[row // 64]) >> (row % 64) & 1) for row in range(rows)]
