"""Typed attributes of customers and accounts: the vocabulary that expressions, columns and definitions share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cached_property
from typing import Final

MAX_SCALE: Final = 9
"""Decimals keep at most nine digits after the point: int64 minor units still hold 9 billion major units."""

ATTRIBUTE_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")

_READ_IN_MACRO: Final = re.compile(rf"[a-z]+\.{ATTRIBUTE_ID.pattern}")

SEGMENTS: Final = "segments"
"""`customer.segments` is the field that segments are referred to by; no attribute may have its id."""

KEYWORDS: Final = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    }
)
"""What CEL keeps for itself (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax)."""

TAKEN_IDS: Final = frozenset({SEGMENTS, "DESCRIPTOR"})
"""Ids that no attribute can have. The second would hide what protobuf's Python classes are described by."""

_UNDERSCORED: Final = re.compile(r"_+(.?)")


@unique
class Subject(StrEnum):
    """What attributes describe; the value is the variable's name in expressions. Segments select `SELECTABLE` ones."""

    CUSTOMER = "customer"
    ACCOUNT = "account"
    TRANSACTION = "transaction"
    BALANCE = "balance"
    ENGAGEMENT = "engagement"


SELECTABLE: Final = (Subject.CUSTOMER, Subject.ACCOUNT)
"""The subjects of segments; the others are facts about them."""

ITEMS: Final[Mapping[Subject, Mapping[str, Subject]]] = {
    Subject.CUSTOMER: {"accounts": Subject.ACCOUNT},
    Subject.ACCOUNT: {"owners": Subject.CUSTOMER},
}
"""The items that macros go over, by the field that expressions read them from: `customer.accounts.exists(a, ...)`."""

ROLE: Final = "role"
"""What macros call the role in which a customer owns an account: `a.role` of accounts, `o.role` of owners."""

OWNER_ROLE: Final = "owner.role"
"""What trees and programs call that role, which is no attribute of the account or of the customer alone."""


@unique
class Kind(StrEnum):
    """The kinds of values. DURATION and NULL occur inside expressions only, never as an attribute's type."""

    BOOL = "BOOL"
    INT64 = "INT64"
    DOUBLE = "DOUBLE"
    DECIMAL = "DECIMAL"
    STRING = "STRING"
    TIMESTAMP = "TIMESTAMP"
    DATE = "DATE"
    LIST = "LIST"
    DURATION = "DURATION"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class DataType:
    """A value's type. DECIMAL has a scale (digits after the point) and a currency code; LIST is of STRING."""

    kind: Kind
    scale: int = 0
    currency: str = ""

    def __post_init__(self) -> None:
        if self.kind is not Kind.DECIMAL and (self.scale or self.currency):
            raise ValueError(f"{self.kind} has no scale or currency")
        if not 0 <= self.scale <= MAX_SCALE:
            raise ValueError(f"scale {self.scale} is not in 0..{MAX_SCALE}")

    def __str__(self) -> str:
        if self.kind is Kind.DECIMAL:
            return f"DECIMAL({self.scale}{', ' + self.currency if self.currency else ''})"
        return self.kind.value


BOOL: Final = DataType(Kind.BOOL)
INT64: Final = DataType(Kind.INT64)
DOUBLE: Final = DataType(Kind.DOUBLE)
STRING: Final = DataType(Kind.STRING)
TIMESTAMP: Final = DataType(Kind.TIMESTAMP)
DATE: Final = DataType(Kind.DATE)
LIST: Final = DataType(Kind.LIST)
DURATION: Final = DataType(Kind.DURATION)
NULL: Final = DataType(Kind.NULL)


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One attribute as expressions and columns see it. A required one is set on every row.

    `expression` is the CEL text of a computed attribute, None for others. A computed attribute is never
    a column of a batch; reading it means evaluating its expression, unknown included. `aggregated`: its values are
    computed from facts, and then a column like a given one's. `built_in`: every ledger has it, and nobody defines it.
    `linked`: it is said of an item and of whose it is together, as a role is, and is read inside of macros only.
    What the predicate of a macro reads of the subject outside of it has the subject's name before its id,
    `customer.income`, to stand beside the attributes of items.
    """

    id: str
    type: DataType
    required: bool = False
    expression: str | None = None
    built_in: bool = False
    aggregated: bool = False
    linked: bool = False

    def __post_init__(self) -> None:
        if not ATTRIBUTE_ID.fullmatch(self.id) and not _READ_IN_MACRO.fullmatch(self.id):
            raise ValueError(f"attribute id {self.id!r} does not match [A-Za-z][A-Za-z0-9_]{{0,62}}")
        if self.type.kind in (Kind.DURATION, Kind.NULL):
            raise ValueError(f"attribute {self.id!r} cannot have type {self.type}")
        if self.type.kind is Kind.LIST and self.required:
            raise ValueError(f"attribute {self.id!r}: a missing list is an empty list, so a LIST is never required")
        if self.aggregated and (self.required or self.expression is not None or self.type.kind is Kind.LIST):
            raise ValueError(f"attribute {self.id!r} is aggregated: nullable, without expression and no LIST")


@dataclass(frozen=True)
class Schema:
    """The attributes of one subject of one ledger, by id, and the ledger's business time zone (an IANA name).

    `named`: what expressions call the subject where that is not its own name, such as `source` for the row of a file.
    `derived`: of the fields of records, the attributes that these cannot give, each with how it comes about instead:
    `computed` or `aggregated`.
    """

    subject: Subject
    attributes: tuple[AttributeSpec, ...]
    time_zone: str = "UTC"
    named: str = ""
    derived: Mapping[str, str] = field(default_factory=dict, compare=False)
    _by_id: Mapping[str, AttributeSpec] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)

    def __post_init__(self) -> None:
        by_id = {spec.id: spec for spec in self.attributes}
        if len(by_id) != len(self.attributes):
            raise ValueError("two attributes have the same id")
        object.__setattr__(self, "_by_id", by_id)

    def get(self, attribute_id: str) -> AttributeSpec | None:
        """The attribute of this id, or None."""
        return self._by_id.get(attribute_id)

    def qualified(self, attribute_id: str) -> str:
        """An attribute's id as expressions write it: `customer.income`."""
        return f"{self.variable}.{attribute_id}"

    @property
    def variable(self) -> str:
        """What expressions call the subject."""
        return self.named or self.subject.value

    @cached_property
    def given(self) -> tuple[AttributeSpec, ...]:
        """The attributes that arrive as columns."""
        return tuple(spec for spec in self.attributes if spec.expression is None)

    def __iter__(self) -> Iterator[AttributeSpec]:
        return iter(self.attributes)


def lower_camel(attribute_id: str) -> str:
    """The id as JSON would spell it: `last_login` is `lastLogin`. Ids of a subject are unique in this form."""
    return _UNDERSCORED.sub(lambda match: match.group(1).upper(), attribute_id)
