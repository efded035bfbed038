"""Random histories of a ledger: batches of every kind that meet each other's ids, days and currencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

from segmentd.columns.zones import DAY_US
from segmentd.facts.kinds import AMOUNT, FIELDS, OWNER, REQUIRED, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, DataType, Kind, Subject
from tests.facts.book.model import UNSAID, Given
from tests.facts.book.records import batch, vocabulary

ATTRIBUTES: Final[Mapping[RecordKind, Mapping[str, DataType]]] = {
    RecordKind.CUSTOMER: {"age": INT64, "tags": LIST, "isNew": BOOL, "score": DOUBLE, "name": STRING},
    RecordKind.ACCOUNT: {"limit": DataType(Kind.DECIMAL, 2, "EUR")},
    RecordKind.TRANSACTION: {"risk": DOUBLE, "isOdd": BOOL},
    RecordKind.BALANCE: {},
    RecordKind.ENGAGEMENT: {"clicks": INT64},
    RecordKind.RATE: {},
}
WORDS: Final = vocabulary(
    (Subject(kind.value), id_, type_) for kind, given in ATTRIBUTES.items() for id_, type_ in given.items()
)
IDS: Final[Mapping[RecordKind, Sequence[str]]] = {
    RecordKind.CUSTOMER: ("anna", "ben", "carl", "d"),
    RecordKind.ACCOUNT: ("x", "y", "z", "Á" * 128),
    RecordKind.TRANSACTION: tuple(f"transaction-{number}" for number in range(9)),
    RecordKind.BALANCE: tuple(f"b{number}" for number in range(5)),
    RecordKind.ENGAGEMENT: tuple(f"a long id of a visit {number}" for number in range(5)),
    RecordKind.RATE: ("r1", "r2", "r0", "r3"),
}
PAIRED: Final = {"owner_roles": "owners", "consent_times": "consents"}
"""Fields that rows say together with another."""
WRONG_IDS: Final = ("", "Á" * 129)
DAY: Final = 19_812 * DAY_US
"""2024-03-30T00:00Z; in the night after next, summer time begins in Prague."""
TIMES: Final = tuple(DAY + quarter * DAY_US // 4 for quarter in range(-1, 9))
STARTS: Final = (DAY - DAY_US // 24, DAY + 23 * DAY_US // 24, DAY + 46 * DAY_US // 24)
"""When local days start: in winter an hour before midnight in Greenwich, in summer two."""
CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD")

EDGES: Final = (0, 1, -1, 15, 25, 100, 2**63 - 1, -(2**63), 10**15)
RATES: Final = ("1", "0.5", "24.505", "0.000000001", "999999999.999999999", "0.0", "1.0000000001", "x")


def batches() -> st.SearchStrategy[Given]:
    """A batch of any kind."""
    return st.sampled_from(RecordKind).flatmap(_batches_of)


def record_batch(given: Given) -> RecordBatch:
    """The batch as a book gets it."""
    types = {**FIELDS[given.kind], **ATTRIBUTES[given.kind]}
    columns = {
        name: (types[name], [None if value is UNSAID else value for value in values])
        for name, values in given.columns.items()
    }
    said = {
        name: np.array([value is not UNSAID for value in values], np.bool_)
        for name, values in given.columns.items()
        if UNSAID in values
    }
    made = batch(given.kind, given.ids, columns, deletions=given.deletions, scales=given.scales)
    return replace(made, said=said)


@st.composite
def _batches_of(draw: st.DrawFn, kind: RecordKind) -> Given:
    ids = draw(st.lists(st.sampled_from((*IDS[kind], *IDS[kind], *WRONG_IDS)), max_size=6))
    names = draw(_names(kind))
    columns = {name: draw(_column(kind, name, len(ids))) for name in names}
    if "consents" in columns:
        columns["consent_times"] = [value and ["2024-01-01T00:00:00Z"] * len(value) for value in columns["consents"]]
    for name in draw(st.lists(st.sampled_from(sorted(columns.keys() - PAIRED.keys() or {""})), max_size=3)):
        unsaid = draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
        for each in {name, *(pair for pair, first in PAIRED.items() if first == name)} & columns.keys():
            columns[each] = [UNSAID if left else value for value, left in zip(columns[each], unsaid, strict=True)]
    deletions = draw(st.one_of(st.just([]), st.lists(st.sampled_from((*IDS[kind], "nobody")), max_size=2)))
    amounts = [name for name in names if FIELDS[kind].get(name) == AMOUNT]
    scales = draw(st.one_of(st.just({}), st.fixed_dictionaries({name: st.integers(0, 5) for name in amounts})))
    all_or_nothing = draw(st.sampled_from((False, False, True)))
    return Given(kind, ids, columns, deletions, scales, all_or_nothing)


def _names(kind: RecordKind) -> st.SearchStrategy[list[str]]:
    """All that is required most of the time, and some of the rest."""
    further = sorted((FIELDS[kind].keys() | ATTRIBUTES[kind].keys()) - set(REQUIRED[kind]) - {"consent_times"})
    required = st.sampled_from((REQUIRED[kind], REQUIRED[kind], REQUIRED[kind], ()))
    some = st.lists(st.sampled_from(further), unique=True) if further else st.just([])
    return st.builds(lambda most, some: [*most, *some], required, some)


def _column(kind: RecordKind, name: str, rows: int) -> st.SearchStrategy[list[Any]]:
    value = _value(kind, name)
    optional = value if name in REQUIRED[kind] else st.one_of(st.none(), value)
    return st.lists(optional, min_size=rows, max_size=rows)


def _value(kind: RecordKind, name: str) -> st.SearchStrategy[Any]:
    if name == OWNER.get(kind):
        return st.sampled_from((*IDS[RecordKind(name)], *IDS[RecordKind(name)], "nobody", None))
    match name:
        case "owners":
            return st.lists(st.sampled_from((*IDS[RecordKind.CUSTOMER], "anna", "ben", "nobody")), max_size=2)
        case "owner_roles":
            return st.lists(st.sampled_from(("OWNER", "JOINT", "")), max_size=2)
        case "currency":
            return st.sampled_from((*CURRENCIES, *CURRENCIES, "euro"))
        case "rate":
            return st.sampled_from(RATES)
        case "opened" | "closed" | "day":
            return st.sampled_from(STARTS)
    return _value_of((FIELDS[kind].get(name) or ATTRIBUTES[kind][name]).kind)


def _value_of(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Kind.BOOL:
            return st.booleans()
        case Kind.DOUBLE:
            return st.floats(allow_nan=False)
        case Kind.STRING:
            return st.sampled_from(("", "A", "A/B", "žluťoučký kůň, and more than sixteen bytes"))
        case Kind.LIST:
            return st.lists(st.sampled_from(("a", "b", "")), max_size=3)
        case Kind.TIMESTAMP:
            return st.sampled_from(TIMES)
        case _:
            return st.one_of(st.sampled_from(EDGES), st.integers(-500, 500))
