"""A naive book: dictionaries of records, one at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from segmentd.facts.kinds import AMOUNT, FIELDS, OWNER, REQUIRED, TIME, RecordKind
from segmentd.ledger.currencies import EXPONENTS

Record = dict[str, Any]
ZONE: Final = ZoneInfo("Europe/Prague")
OWN: Final = "EUR"
UNSAID: Final = type("Unsaid", (), {"__repr__": lambda _: "UNSAID"})()
"""The value of a field of which a row says nothing."""
ENTITIES: Final = (RecordKind.CUSTOMER, RecordKind.ACCOUNT, RecordKind.RATE)


@dataclass(frozen=True)
class Given:
    """A batch as Python values: fields of rows by column, None for no value, `UNSAID` where nothing is said of it."""

    kind: RecordKind
    ids: Sequence[str]
    columns: Mapping[str, Sequence[Any]]
    deletions: Sequence[str] = ()
    scales: Mapping[str, int] = field(default_factory=dict)
    all_or_nothing: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a batch. `rejected`: row and field."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: tuple[tuple[int, str], ...] = ()


class NaiveBook:
    """Records by kind and id. `#arrival` of a record: the number of its last change."""

    def __init__(self) -> None:
        self.records: dict[RecordKind, dict[str, Record]] = {kind: {} for kind in RecordKind}
        self._arrivals = count()

    def copied(self) -> dict[RecordKind, dict[str, Record]]:
        """The records as they are now."""
        return copy.deepcopy(self.records)

    def write(self, given: Given) -> Outcome:
        """Apply a batch."""
        rows = [
            {name: values[row] for name, values in given.columns.items() if values[row] is not UNSAID}
            for row in range(len(given.ids))
        ]
        rejected = self._rejected(given, rows)
        if given.all_or_nothing and rejected:
            return Outcome(rejected=tuple(sorted(rejected.items())))
        right = [row for row in range(len(rows)) if row not in rejected]
        last = {given.ids[row]: row for row in right}
        inserted = updated = 0
        for row in sorted(last.values()):
            old = self.records[given.kind].get(given.ids[row])
            new = {**(old or {}), **{name: value for name, value in rows[row].items() if not name.startswith("#")}}
            new = {name: value for name, value in new.items() if value not in (None, [])}
            if old is None or {**old, "#arrival": 0} != {**new, "#arrival": 0}:
                self.records[given.kind][given.ids[row]] = {**new, "#arrival": next(self._arrivals)}
                inserted, updated = inserted + (old is None), updated + (old is not None)
        unchanged = len(right) - inserted - updated
        return Outcome(inserted, updated, unchanged, self._delete(given), tuple(sorted(rejected.items())))

    def _rejected(self, given: Given, rows: list[Record]) -> dict[int, str]:
        rejected: dict[int, str] = {}
        first_currency: dict[str, str] = {}
        for row, (id_, record) in enumerate(zip(given.ids, rows, strict=True)):
            old = self.records[given.kind].get(id_)
            wrong = self._wrong(given.kind, id_, record, old)
            if wrong is None and given.kind is RecordKind.ACCOUNT:
                wanted = record.get("currency")
                has = old["currency"] if old else first_currency.setdefault(id_, wanted or OWN)
                wrong = "currency" if wanted not in (None, has) else None
                record["currency"] = has
            wrong = wrong or self._scale(given, record, old)
            if wrong is not None:
                rejected[row] = wrong
        return rejected

    def _wrong(self, kind: RecordKind, id_: str, record: Record, old: Record | None) -> str | None:
        if not 1 <= len(id_.encode()) <= 256:
            return "id"
        for name in REQUIRED[kind]:
            if record.get(name) is None and (name in record or old is None):
                return name
        if kind in OWNER and OWNER[kind] in record:
            owner = OWNER[kind]
            return None if record[owner] in self.records[RecordKind(owner)] else owner
        currency = record.get("currency")
        if kind is RecordKind.ACCOUNT and (wrong := self._wrong_owners(record)):
            return wrong
        if currency is not None and (currency not in EXPONENTS or (kind is RecordKind.RATE and currency == OWN)):
            return "currency"
        return "rate" if kind is RecordKind.RATE and "rate" in record and not _is_rate(record["rate"]) else None

    def _wrong_owners(self, record: Record) -> str | None:
        owners, roles = record.get("owners"), record.get("owner_roles")
        if "owners" not in record:
            return "owner_roles" if "owner_roles" in record else None
        owners = owners or []
        if "owner_roles" in record:
            if len(roles or []) != len(owners):
                return "owner_roles"
            record["owner_roles"] = [role or "OWNER" for role in roles or []]
        else:
            record["owner_roles"] = ["OWNER"] * len(owners)
        if len(set(known := [one for one in owners if one in self.records[RecordKind.CUSTOMER]])) < len(known):
            return "owners"
        return "owners" if len(known) < len(owners) else None

    def _scale(self, given: Given, record: Record, old: Record | None) -> str | None:
        """Bring amounts into minor units."""
        for name, scale in given.scales.items():
            if record.get(name) is None:
                continue
            account = record
            if given.kind is not RecordKind.ACCOUNT:
                account_id = record.get("account") or (old or {}).get("account")
                account = self.records[RecordKind.ACCOUNT].get(str(account_id), {})
            if "currency" not in account:
                continue
            minor = Fraction(record[name]) * Fraction(10) ** (digits(account["currency"]) - scale)
            if minor.denominator != 1 or not -(2**63) <= minor < 2**63:
                return name
            record[name] = int(minor)
        return None

    def _delete(self, given: Given) -> int:
        ids = {id_ for id_ in given.deletions if id_ in self.records[given.kind]}
        for id_ in ids:
            self._delete_one(given.kind, id_)
        return len(ids)

    def _delete_one(self, kind: RecordKind, id_: str) -> None:
        for fact, owner in OWNER.items():
            if owner == kind.value:
                kept = {key: record for key, record in self.records[fact].items() if record[owner] != id_}
                self.records[fact] = kept
        if kind is RecordKind.CUSTOMER:
            for account, record in list(self.records[RecordKind.ACCOUNT].items()):
                self._disown(account, record, id_)
        del self.records[kind][id_]

    def _disown(self, account: str, record: Record, customer: str) -> None:
        pairs = list(zip(record.get("owners", []), record.get("owner_roles", []), strict=True))
        left = [pair for pair in pairs if pair[0] != customer]
        if len(left) == len(pairs):
            return
        if not left:
            self._delete_one(RecordKind.ACCOUNT, account)
            return
        record["owners"], record["owner_roles"] = ([pair[part] for pair in left] for part in (0, 1))


def facts_of(records: dict[RecordKind, dict[str, Record]], kind: RecordKind, owner: str) -> list[Record]:
    """The facts of an owner by time and arrival, amounts in the ledger's currency."""
    found = [record for record in records[kind].values() if record[OWNER[kind]] == owner]
    found.sort(key=lambda record: (record[TIME[kind]], record["#arrival"]))
    currency = records[RecordKind.ACCOUNT].get(owner, {}).get("currency", OWN)
    return [_exchanged(records, kind, record, currency, local_day(record[TIME[kind]])) for record in found]


def accounts_of(records: dict[RecordKind, dict[str, Record]]) -> dict[str, Record]:
    """The accounts, balances in the ledger's currency by the last rate that there is."""
    found = {}
    for id_, record in records[RecordKind.ACCOUNT].items():
        days = [local_day(rate["day"]) for rate in _rates(records, record["currency"])]
        found[id_] = _exchanged(records, RecordKind.ACCOUNT, record, record["currency"], max(days, default=0))
    return found


def digits(currency: str) -> int:
    """The digits after the point."""
    exponent = EXPONENTS[currency]
    return 2 if exponent is None else exponent


def local_day(moment_us: int) -> int:
    """The day of a moment in the ledger's zone, in days since 1970."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment_us)).astimezone(ZONE)
    return local.date().toordinal() - datetime(1970, 1, 1, tzinfo=UTC).date().toordinal()


def _rates(records: dict[RecordKind, dict[str, Record]], currency: str) -> list[Record]:
    """The rates of a currency; of one day the one with the greatest id last."""
    return [rate for _, rate in sorted(records[RecordKind.RATE].items()) if rate["currency"] == currency]


def _exchanged(
    records: dict[RecordKind, dict[str, Record]], kind: RecordKind, record: Record, currency: str, day: int
) -> Record:
    exchanged = dict(record)
    for name, type_ in FIELDS[kind].items():
        if type_ == AMOUNT and record.get(name) is not None and currency != OWN:
            exchanged[name] = _exchange(records, record[name], currency, day)
    return exchanged


def _exchange(records: dict[RecordKind, dict[str, Record]], amount: int, currency: str, day: int) -> int | None:
    rates = [rate["rate"] for rate in _rates(records, currency) if local_day(rate["day"]) == day]
    if not rates:
        return None
    rate = Fraction(Decimal(rates[-1]))
    minor = round(amount * rate * Fraction(10) ** (digits(OWN) - digits(currency)))
    return minor if -(2**63) <= minor < 2**63 else None


def _is_rate(text: str) -> bool:
    whole, _, part = text.partition(".")
    well_formed = whole.isascii() and whole.isdigit() and len(whole) <= 9 and len(part) <= 9
    well_formed = well_formed and ("." not in text or (part.isascii() and part.isdigit()))
    return well_formed and Decimal(text) > 0
