"""Values of attributes in an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentd.api.v1 import feature_batch_pb2, scoring_service_pb2
from segmentd.client.verdicts import Bools, plane_bits


@dataclass(frozen=True)
class Computed:
    """An attribute's values, a row each.

    `present` is false where the value is missing or unknown, `unknown` true where it is unknown: a value that the
    expression of a computed attribute needs was missing or out of range.
    """

    id: str
    present: Bools
    unknown: Bools
    column: feature_batch_pb2.Column = field(repr=False)

    @property
    def values(self) -> NDArray[Any]:
        """bool, float64, int64 (also minor units, microseconds and days), or objects: str, list of str, None."""
        match self.column.WhichOneof("values"):
            case "bools":
                return np.array(self.column.bools.values, np.bool_)
            case "doubles":
                return np.array(self.column.doubles.values, np.float64)
            case "integers":
                return np.array(self.column.integers.values, np.int64)
            case "lists":
                return as_objects(split(self.column.lists))
        texts = list(self.column.dictionary.dictionary)
        pairs = zip(self.column.dictionary.codes, self.present, strict=True)
        return as_objects([texts[code] if present else None for code, present in pairs])

    def to_arrow(self) -> Any:
        """The values as a `pyarrow.Array`, null where they are missing or unknown."""
        import pyarrow as pa  # noqa: PLC0415 - only callers that want Arrow need it

        values = self.values
        return pa.array(values.tolist() if values.dtype == object else values, mask=~self.present)


def split(lists: feature_batch_pb2.StringListValues) -> list[list[str]]:
    """The lists, a row each."""
    elements = iter(lists.values)
    return [[next(elements) for _ in range(length)] for length in lists.lengths]


def as_objects(values: list[Any]) -> NDArray[Any]:
    """A one-dimensional array of Python objects, lists too."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def read_computed(computed: scoring_service_pb2.ComputedColumn) -> Computed:
    """The values of one attribute of a response."""
    column = computed.column
    rows = row_count(column)
    present = plane_bits(column.validity, rows) if column.validity else np.ones(rows, np.bool_)
    return Computed(column.attribute, present, plane_bits(computed.unknowns, rows), column)


def row_count(column: feature_batch_pb2.Column) -> int:
    """The number of rows of a column in a form that answers use."""
    match column.WhichOneof("values"):
        case "dictionary":
            return len(column.dictionary.codes)
        case "lists":
            return len(column.lists.lengths)
        case None:
            return 0
        case form:
            return len(getattr(column, form).values)
