"""The further fields of records that come as messages: values of the ledger's attributes, by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.api.v1 import attribute_service_pb2 as pb
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.columns.build import resolve
from segmentd.columns.errors import ColumnError, TypeMismatchError, UnknownColumnError
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings
from segmentd.engine.requests.fields import Fields, read_fields
from segmentd.facts.decoding.said import SaidColumn, numbers
from segmentd.facts.decoding.wire_forms import Descriptor, forms_of
from segmentd.facts.kinds import FIELDS, RecordKind
from segmentd.schema import AttributeSpec, Kind, Schema

_VALUES: Final[Mapping[Kind, str]] = {
    Kind.BOOL: "bool_value",
    Kind.INT64: "integer_value",
    Kind.DECIMAL: "integer_value",
    Kind.TIMESTAMP: "integer_value",
    Kind.DATE: "integer_value",
    Kind.DOUBLE: "double_value",
    Kind.STRING: "string_value",
    Kind.LIST: "list_value",
}
"""The field of an AttributeValue that holds a value of a kind."""

_KEY, _VALUE = 1, 2
"""Fields of an entry of a map."""

_ELEMENTS: Final = features.StringList.DESCRIPTOR.fields_by_name["values"].number

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """The entries of all records' attributes: the row and the name of each, and its value.

    `forms`: the number of the field of AttributeValue that it has, 0 for none. `place`: where its value is among
    `values`, those of entries that have one; `list_place`: the same among the lists.
    """

    rows: Places
    names: list[str]
    codes: Places
    forms: Places
    place: Places
    values: Fields
    list_place: Places
    elements: Fields


def said_attributes(records: Fields, field: Descriptor, schema: Schema, path: str) -> Iterator[SaidColumn]:
    """The attributes that any record names; one without a value in it is said to have none.

    Raises ColumnErrors that say which record of `path`, and which of its attributes, is at fault.
    """
    if not records.has(field.number).any():
        return
    entries = _entries(records, field)
    for code, name in enumerate(entries.names):
        chosen = np.flatnonzero(entries.codes == code)
        rows = entries.rows[chosen]
        # Of entries of one name in a record the last holds.
        chosen = chosen[np.append(rows[1:] != rows[:-1], True)]
        with _placed(path, name, int(entries.rows[chosen[0]])):
            spec = _resolve(schema, name)
        yield _column(entries, chosen, spec, len(records.last), path)


def _entries(records: Fields, field: Descriptor) -> _Entries:
    entries = read_fields(records.listed(field.number), forms_of(field.message_type))
    names = entries.texts(_KEY).dictionary_encode()
    values = read_fields(entries.within(_VALUE), forms_of(pb.AttributeValue.DESCRIPTOR))
    valued, list_number = entries.has(_VALUE), _number("list_value")
    forms = np.zeros(len(valued), np.int64)
    forms[valued] = values.last
    elements = read_fields(values.within(list_number), forms_of(features.StringList.DESCRIPTOR))
    return _Entries(
        np.repeat(np.arange(len(records.last)), records.integers(field.number)),
        names.dictionary.to_pylist(),
        names.indices.to_numpy().astype(np.int64),
        forms,
        np.cumsum(valued) - 1,
        values,
        np.cumsum(values.has(list_number)) - 1,
        elements,
    )


def _column(entries: _Entries, chosen: Places, spec: AttributeSpec, rows: int, path: str) -> SaidColumn:
    """The column of one attribute, of the entries that name it."""
    wanted = _number(_VALUES[spec.type.kind])
    forms, at = entries.forms[chosen], entries.rows[chosen]
    wrong = (forms != 0) & (forms != wanted)
    if wrong.any():
        first = int(wrong.argmax())
        given = pb.AttributeValue.DESCRIPTOR.fields_by_number[int(forms[first])].name.removesuffix("_value")
        with _placed(path, spec.id, int(at[first])):
            raise TypeMismatchError(spec.id, given=given, expected=str(spec.type))
    said = np.zeros(rows, np.bool_)
    said[at] = True
    valued = chosen[forms != 0]
    return SaidColumn(_values(entries, valued, spec, rows, wanted), said)


def _values(entries: _Entries, valued: Places, spec: AttributeSpec, rows: int, number: int) -> GivenColumn:
    at, place = entries.rows[valued], entries.place[valued]
    if spec.type.kind is Kind.LIST:
        return _lists(entries, valued, spec, rows)
    if spec.type.kind is Kind.STRING:
        return GivenColumn(spec.id, Strings(entries.values.texts_at(number, place, at, rows)))
    present = np.zeros(rows, np.bool_)
    present[at] = True
    source = entries.values.doubles(number) if spec.type.kind is Kind.DOUBLE else entries.values.integers(number)
    values = np.zeros(rows, source.dtype)
    values[at] = source[place]
    return numbers(spec.id, Numbers(values != 0 if spec.type.kind is Kind.BOOL else values), present).column


def _lists(entries: _Entries, valued: Places, spec: AttributeSpec, rows: int) -> GivenColumn:
    place = entries.list_place[entries.place[valued]]
    counts = entries.elements.integers(_ELEMENTS)
    lengths = np.zeros(rows, np.int64)
    lengths[entries.rows[valued]] = counts[place]
    is_chosen = np.zeros(len(counts), np.bool_)
    is_chosen[place] = True
    every = entries.elements.listed(_ELEMENTS).texts()
    return GivenColumn(spec.id, Lists(lengths, every.filter(pa.array(np.repeat(is_chosen, counts)))))


def _resolve(schema: Schema, name: str) -> AttributeSpec:
    """The given attribute of a name that is no field of the records themselves."""
    if any(name in FIELDS[kind] for kind in RecordKind if kind.subject is schema.subject):
        raise UnknownColumnError(name)
    (spec,) = resolve(schema, [name])
    return spec


def _number(field: str) -> int:
    """Of a field of AttributeValue."""
    return int(pb.AttributeValue.DESCRIPTOR.fields_by_name[field].number)


@contextmanager
def _placed(path: str, name: str, row: int) -> Iterator[None]:
    """Say of a ColumnError which record's attribute it is about."""
    try:
        yield
    except ColumnError as error:
        error.place(f'{path}[{row}].attributes["{name[:64]}"]')
        raise
