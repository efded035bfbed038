"""The message type that CEL sees as `customer` or `account`, built at run time from a schema, and those of its items.

Every scalar is a wrapper, so that a missing value reads null; a plain field would silently read 0. Timestamps have no
wrapper: a missing one reads 1970 unless its reader asks `has()` first. Decimals are whole minor units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from segmentd.language.identifiers import SEGMENTS, check_attribute_id
from segmentd.language.tree import Value
from segmentd.schema import Kind, Schema

_FIELD = descriptor_pb2.FieldDescriptorProto

_WRAPPERS: Final[Mapping[Kind, str]] = {
    Kind.BOOL: "BoolValue",
    Kind.INT64: "Int64Value",
    Kind.DECIMAL: "Int64Value",
    Kind.DOUBLE: "DoubleValue",
    Kind.STRING: "StringValue",
    Kind.TIMESTAMP: "Timestamp",
    Kind.DATE: "Timestamp",
}


Items = Mapping[str, Schema]
"""What macros go over, by the field of the subject that holds them."""

Row = Mapping[str, Value | Sequence[Mapping[str, Value]]]
"""Values by attribute id, as in the typed tree, and the rows of items by field; what is left out or None is missing."""


@dataclass(frozen=True)
class SubjectMessage:
    """The type of a schema's subject: its full name, the pool that describes it, and its Python class."""

    name: str
    pool: DescriptorPool
    message_class: type[Message]
    schema: Schema
    items: Items = field(default_factory=dict)

    def build(self, row: Row) -> Message:
        """One subject, with its items."""
        message = self.message_class()
        _fill(message, {name: value for name, value in row.items() if name not in self.items}, self.schema)
        for name, schema in self.items.items():
            for item in cast("Sequence[Mapping[str, Value]]", row.get(name) or ()):
                _fill(getattr(message, name).add(), item, schema)
        return message


def subject_message(schema: Schema, items: Items | None = None) -> SubjectMessage:
    """The message type of a schema's subject. Raises AttributeIdError if an id cannot be read by expressions."""
    items = dict(items or {})
    for each in (schema, *items.values()):
        _check_ids(each)
    file = _file(schema, items)
    pool = descriptor_pool.DescriptorPool()
    for module in (wrappers_pb2, timestamp_pb2):
        known = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(known)
        pool.Add(known)
    pool.Add(file)
    name = f"{file.package}.{_name(schema)}"
    message_class = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return SubjectMessage(name, pool, message_class, schema, items)


def _check_ids(schema: Schema) -> None:
    ids = [spec.id for spec in schema]
    for index, attribute_id in enumerate(ids):
        check_attribute_id(attribute_id, ids[:index])


def _file(schema: Schema, items: Items) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="ledger/subject.proto", package="ledger", syntax="proto3")
    file.dependency.extend(["google/protobuf/wrappers.proto", "google/protobuf/timestamp.proto"])
    message = _add_message(file, schema)
    for name, item in items.items():
        number = len(message.field) + 1
        held = message.field.add(name=name, number=number, label=_FIELD.LABEL_REPEATED, type=_FIELD.TYPE_MESSAGE)
        held.type_name = f".{file.package}.{_name(item)}"
    for item in items.values():
        _add_message(file, item)
    return file


def _name(schema: Schema) -> str:
    return schema.variable.capitalize()


def _add_message(file: descriptor_pb2.FileDescriptorProto, schema: Schema) -> descriptor_pb2.DescriptorProto:
    message = file.message_type.add(name=_name(schema))
    _add_list(message, SEGMENTS)
    for spec in schema:
        if spec.type.kind is Kind.LIST:
            _add_list(message, spec.id)
        else:
            held = message.field.add(name=spec.id, number=len(message.field) + 1, label=_FIELD.LABEL_OPTIONAL)
            held.type = _FIELD.TYPE_MESSAGE
            held.type_name = f".google.protobuf.{_WRAPPERS[spec.type.kind]}"
    return message


def _add_list(message: descriptor_pb2.DescriptorProto, name: str) -> None:
    number = len(message.field) + 1
    message.field.add(name=name, number=number, label=_FIELD.LABEL_REPEATED, type=_FIELD.TYPE_STRING)


def _fill(message: Message, row: Mapping[str, object], schema: Schema) -> None:
    for attribute_id, value in row.items():
        if value is not None:
            spec = schema.get(attribute_id)
            _set(message, attribute_id, value, spec.type.kind if spec else Kind.LIST)  # type: ignore[arg-type]


def _set(message: Message, attribute_id: str, value: Value, kind: Kind) -> None:
    held = getattr(message, attribute_id)
    if kind is Kind.LIST:
        held.extend(value)
    elif kind in (Kind.TIMESTAMP, Kind.DATE):
        held.FromMicroseconds(value)
        held.SetInParent()
    else:
        held.value = value
        held.SetInParent()
