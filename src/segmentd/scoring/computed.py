"""Values of computed attributes as the API's columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.api.v1 import feature_batch_pb2, scoring_service_pb2
from segmentd.columns.planes import byte_count, popcount, unpack
from segmentd.columns.zones import DAY_US, utc_offsets
from segmentd.engine import ComputedValues
from segmentd.schema import Kind

Present = npt.NDArray[np.bool_]


def encode_computed(computed: ComputedValues, rows: int, time_zone: str) -> scoring_service_pb2.ComputedColumn:
    """The column of a computed attribute. `time_zone`: that of the ledger, in which moments become days."""
    present = unpack(computed.present, rows)
    column = feature_batch_pb2.Column(attribute=computed.id)
    _set_values(column, computed, present, time_zone)
    if not present.all() and computed.type.kind is not Kind.LIST:
        column.validity = np.packbits(present, bitorder="little").tobytes()
    message = scoring_service_pb2.ComputedColumn(column=column)
    if popcount(computed.unknown):
        message.unknowns = computed.unknown.view(np.uint8)[: byte_count(rows)].tobytes()
    return message


def _set_values(column: feature_batch_pb2.Column, computed: ComputedValues, present: Present, time_zone: str) -> None:
    """Set the field of the attribute's type; missing rows hold a zero, which is not read."""
    match computed.type.kind:
        case Kind.STRING:
            _set_dictionary(column.dictionary, computed.values)
        case Kind.LIST:
            _set_lists(column.lists, computed.values)
        case Kind.BOOL:
            column.bools.values.extend((computed.values & present).tolist())
        case Kind.DOUBLE:
            column.doubles.values.extend(np.where(present, computed.values, 0.0).tolist())
        case Kind.DATE:
            column.integers.values.extend(_days(np.where(present, computed.values, 0), time_zone).tolist())
        case _:
            column.integers.values.extend(np.where(present, computed.values, 0).tolist())


def _days(moments: npt.NDArray[np.int64], time_zone: str) -> npt.NDArray[np.int64]:
    """Days since 1970-01-01 in the zone, of moments in microseconds."""
    days: npt.NDArray[np.int64] = (moments + utc_offsets(moments, time_zone)) // DAY_US
    return days


def _set_dictionary(message: feature_batch_pb2.DictionaryValues, values: Any) -> None:
    """Of an Arrow array of strings, null where a row has no value."""
    encoded = values.dictionary_encode()
    message.dictionary.extend(encoded.dictionary.to_pylist())
    message.codes.extend(encoded.indices.fill_null(0).to_pylist())


def _set_lists(message: feature_batch_pb2.StringListValues, values: Any) -> None:
    """Of an Arrow array of lists. A row without a list has an empty one: lists have no validity."""
    lists = [each or [] for each in values.to_pylist()]
    message.lengths.extend(map(len, lists))
    message.values.extend(element for each in lists for element in each)
