"""What a typed tree becomes in the circuit: for truth values three planes, for other values a value and two planes.

A row that is in none of the planes is unknown (CEL's error).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from segmentd.plan.circuit import GateId
from segmentd.schema import DataType, Kind


@unique
class Sort(StrEnum):
    """How values of a type are kept. TEXT: as the index of a text or list in the program's pool."""

    TRUTH = "truth"
    INT = "int"
    DOUBLE = "double"
    TEXT = "text"


def sort_of(data_type: DataType) -> Sort:
    """The sort of a type's values; NULL counts as INT, as it has no value."""
    match data_type.kind:
        case Kind.BOOL:
            return Sort.TRUTH
        case Kind.DOUBLE:
            return Sort.DOUBLE
        case Kind.STRING | Kind.LIST:
            return Sort.TEXT
        case _:
            return Sort.INT


@dataclass(frozen=True, slots=True)
class Truth:
    """Planes of the rows that are true, false and null."""

    true: GateId
    false: GateId
    null: GateId


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value, the plane of the rows where it means something, and the plane of the rows that are null."""

    value: GateId
    present: GateId
    null: GateId


Lowered = Truth | Quantity
