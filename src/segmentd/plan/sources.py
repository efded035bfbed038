"""What a program reads beside its own registers: columns, parameters and tables, as specified at planning time.

The engine binds them: columns to a batch's memory, parameters to the request's `now`, tables to the batch's
dictionaries.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum, unique

from segmentd.columns.coding import Layout
from segmentd.language.tree import AttributeRead, Constant, Node, Now, Presence, Quantifier, walk
from segmentd.schema import Subject


@unique
class ParameterKind(StrEnum):
    """The array a parameter lies in. POOL: an integer, the index of a text in the program's pool of texts."""

    FLAGS = "flags"
    INT = "int"
    DOUBLE = "double"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """The column of a given attribute of fixed width or of truth values."""

    attribute: str


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """The code of each row's tuple of values of these attributes, among the distinct tuples of the batch."""

    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlicedCodes:
    """The bit-sliced codes that a batch keeps under a key, made from the columns of these attributes."""

    key: Hashable
    attributes: tuple[str, ...]
    layout: Layout


@dataclass(frozen=True, slots=True)
class ItemsColumn:
    """What a macro says of each row's items: truth values, or numbers of a COUNT; unknown where they are missing."""

    items: str
    subject: Subject
    quantifier: Quantifier
    predicate: Node

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the predicate reads, sorted: of items `account.kind`, and of the subject outside `customer.income`."""
        ids = {node.id for node in walk(self.predicate) if isinstance(node, AttributeRead | Presence)}
        return tuple(sorted(id_ if "." in id_ else f"{self.subject}.{id_}" for id_ in ids))

    @property
    def is_stable(self) -> bool:
        """Whether it says the same of the same items at any moment."""
        return not any(isinstance(node, Now) for node in walk(self.predicate))

    @property
    def is_size(self) -> bool:
        """Whether all items are counted, `customer.accounts.size()`, for which none is looked at."""
        every = isinstance(self.predicate, Constant) and self.predicate.value is True
        return self.quantifier is Quantifier.COUNT and every


ColumnSource = AttributeColumn | CodeColumn | SlicedCodes | ItemsColumn


@dataclass(frozen=True, slots=True)
class Constants:
    """Constants that lie side by side. Doubles are kept by their bits, so that -0.0 and NaN stay what they are."""

    kind: ParameterKind
    bits: tuple[int, ...]

    @property
    def values(self) -> tuple[int | float, ...]:
        """The constants."""
        if self.kind is ParameterKind.DOUBLE:
            return tuple(struct.unpack("<d", struct.pack("<q", bits))[0] for bits in self.bits)
        return self.bits


def int_constants(*values: int) -> Constants:
    """Integers side by side."""
    return Constants(ParameterKind.INT, values)


def double_constant(value: float) -> Constants:
    """One double."""
    return Constants(ParameterKind.DOUBLE, struct.unpack("<q", struct.pack("<d", value)))


@dataclass(frozen=True, slots=True)
class Uniform:
    """A part that reads no attribute, such as `now - duration("720h")`: one value a request.

    FLAGS say what it is; INT, DOUBLE and POOL hold its value where it has one.
    """

    kind: ParameterKind
    node: Node


Parameter = Constants | Uniform


@dataclass(frozen=True, slots=True)
class Table:
    """A part that reads text, lists or other tabulated attributes: evaluated once a distinct tuple, found by code."""

    kind: ParameterKind
    node: Node
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """A time zone's transitions, or the offsets that hold from each, in microseconds."""

    zone: str
    offsets: bool


TableSource = Table | ZoneTable
