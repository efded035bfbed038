"""The further fields of records that come as messages: values of the ledger's attributes, by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from segmentd.columns.build import resolve
from segmentd.columns.errors import ColumnError, TypeMismatchError, UnknownColumnError
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


def gather_attributes(records: Sequence[Any], schema: Schema, path: str) -> Iterator[tuple[AttributeSpec, list[Any]]]:
    """The attributes that any record names, with a value a row, None where it has none; of a LIST, a list.

    Raises ColumnErrors that say which record of `path`, and which of its attributes, is at fault.
    """
    specs: dict[str, AttributeSpec] = {}
    values: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        for name, message in record.attributes.items():
            try:
                if name not in specs:
                    specs[name] = _resolve(schema, name)
                    values[name] = [None] * len(records)
                values[name][row] = _value(specs[name], message)
            except ColumnError as error:
                error.place(f'{path}[{row}].attributes["{name[:64]}"]')
                raise
    for name, spec in specs.items():
        yield spec, values[name]


def _resolve(schema: Schema, name: str) -> AttributeSpec:
    """The given attribute of a name that is no field of the records themselves."""
    if any(name in FIELDS[kind] for kind in RecordKind if kind.subject is schema.subject):
        raise UnknownColumnError(name)
    (spec,) = resolve(schema, [name])
    return spec


def _value(spec: AttributeSpec, message: Any) -> Any:
    given = message.WhichOneof("value")
    if given is None:
        return None
    if given != _VALUES[spec.type.kind]:
        raise TypeMismatchError(spec.id, given=given.removesuffix("_value"), expected=str(spec.type))
    return list(message.list_value.values) if given == "list_value" else getattr(message, given)
