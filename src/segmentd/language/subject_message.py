"""The message type that CEL sees as `customer` or `account`, built at run time from a schema.

Every scalar is a wrapper, so that a missing value reads null; a plain field would silently read 0. Timestamps have no
wrapper: a missing one reads 1970 unless its reader asks `has()` first. Decimals are whole minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True)
class SubjectMessage:
    """The type of a schema's subject: its full name, the pool that describes it, and its Python class."""

    name: str
    pool: DescriptorPool
    message_class: type[Message]
    schema: Schema

    def build(self, row: Mapping[str, Value]) -> Message:
        """One subject. Values as in the typed tree; ids that are left out or None are missing."""
        message = self.message_class()
        for attribute_id, value in row.items():
            if value is not None:
                _set(message, attribute_id, value, self._kind(attribute_id))
        return message

    def _kind(self, attribute_id: str) -> Kind:
        spec = self.schema.get(attribute_id)
        return spec.type.kind if spec else Kind.LIST


def subject_message(schema: Schema) -> SubjectMessage:
    """The message type of a schema's subject. Raises AttributeIdError if an id cannot be read by expressions."""
    ids = [spec.id for spec in schema]
    for index, attribute_id in enumerate(ids):
        check_attribute_id(attribute_id, ids[:index])
    file = _file(schema)
    pool = descriptor_pool.DescriptorPool()
    for module in (wrappers_pb2, timestamp_pb2):
        known = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(known)
        pool.Add(known)
    pool.Add(file)
    name = f"{file.package}.{file.message_type[0].name}"
    return SubjectMessage(name, pool, message_factory.GetMessageClass(pool.FindMessageTypeByName(name)), schema)


def _file(schema: Schema) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="ledger/subject.proto", package="ledger", syntax="proto3")
    file.dependency.extend(["google/protobuf/wrappers.proto", "google/protobuf/timestamp.proto"])
    message = file.message_type.add(name=schema.variable.capitalize())
    _add_list(message, SEGMENTS)
    for spec in schema:
        if spec.type.kind is Kind.LIST:
            _add_list(message, spec.id)
        else:
            field = message.field.add(name=spec.id, number=len(message.field) + 1, label=_FIELD.LABEL_OPTIONAL)
            field.type = _FIELD.TYPE_MESSAGE
            field.type_name = f".google.protobuf.{_WRAPPERS[spec.type.kind]}"
    return file


def _add_list(message: descriptor_pb2.DescriptorProto, name: str) -> None:
    number = len(message.field) + 1
    message.field.add(name=name, number=number, label=_FIELD.LABEL_REPEATED, type=_FIELD.TYPE_STRING)


def _set(message: Message, attribute_id: str, value: Value, kind: Kind) -> None:
    field = getattr(message, attribute_id)
    if kind is Kind.LIST:
        field.extend(value)
    elif kind in (Kind.TIMESTAMP, Kind.DATE):
        field.FromMicroseconds(value)
        field.SetInParent()
    else:
        field.value = value
        field.SetInParent()
