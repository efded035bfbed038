"""Rows as the messages that the official evaluator reads: one wrapper field an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    timestamp_pb2,
    wrappers_pb2,
)

from segmentd.language.tree import Value
from segmentd.schema import Kind, Schema
from tests.oracle.wire import copy_into

Row = Mapping[str, Any]
"""Values of one subject by given attribute id, as `segmentd.language.tree` writes them; None is missing.

Rows of its items, where it has such, stand under their field.
"""

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES = {
    Kind.BOOL: "BoolValue",
    Kind.INT64: "Int64Value",
    Kind.DECIMAL: "Int64Value",
    Kind.DOUBLE: "DoubleValue",
    Kind.STRING: "StringValue",
    Kind.TIMESTAMP: "Timestamp",
    Kind.DATE: "Timestamp",
}


class SubjectMessages:
    """The message type of a schema's subject, with the items that macros go over by field, and messages of rows."""

    def __init__(self, schema: Schema, items: Mapping[str, Schema] | None = None) -> None:
        self._schema = schema
        self._items = items or {}
        self.pool = descriptor_pool.DescriptorPool()
        for module in (wrappers_pb2, timestamp_pb2):
            copy_into(self.pool, module)
        self.pool.Add(_file(schema, self._items))
        self._message: Any = message_factory.GetMessageClass(self.pool.FindMessageTypeByName("oracle.Subject"))

    def message(self, row: Row) -> Any:
        """The row as a message; a missing value is a field that is not set."""
        message = self._message()
        _fill(message, row, self._schema)
        for name, schema in self._items.items():
            for item in row[name]:
                _fill(getattr(message, name).add(), item, schema)
        return message


def _fill(message: Any, row: Row, schema: Schema) -> None:
    for spec in schema.given:
        value = row[spec.id]
        if value is not None:
            _set(message, spec.id, spec.type.kind, value)


def timestamp(instant_us: int) -> timestamp_pb2.Timestamp:
    """The instant as a message: Python's datetime loses the last second of year 9999 on its way to CEL."""
    seconds, rest_us = divmod(instant_us, 1_000_000)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=rest_us * 1_000)


def _set(message: Any, field: str, kind: Kind, value: Value) -> None:
    if kind is Kind.LIST:
        getattr(message, field).extend(value)
    elif kind in (Kind.TIMESTAMP, Kind.DATE):
        assert isinstance(value, int)
        # By its bytes: the field's class is of the schema's own pool, and is not the generated one.
        getattr(message, field).MergeFromString(timestamp(value).SerializeToString())
        getattr(message, field).SetInParent()
    else:
        wrapper = getattr(message, field)
        wrapper.SetInParent()
        wrapper.value = value


def _file(schema: Schema, items: Mapping[str, Schema]) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="oracle/subject.proto", package="oracle", syntax="proto3")
    file.dependency.extend(["google/protobuf/wrappers.proto", "google/protobuf/timestamp.proto"])
    message = _add_message(file, "Subject", schema)
    for name, item in items.items():
        number = len(message.field) + 1
        of_items = f"ItemOf{name}"
        field = message.field.add(name=name, number=number, type=_FIELD.TYPE_MESSAGE, label=_FIELD.LABEL_REPEATED)
        field.type_name = f".oracle.{of_items}"
        _add_message(file, of_items, item)
    return file


def _add_message(file: descriptor_pb2.FileDescriptorProto, name: str, schema: Schema) -> descriptor_pb2.DescriptorProto:
    message = file.message_type.add(name=name)
    for number, spec in enumerate(schema.given, 1):
        if spec.type.kind is Kind.LIST:
            message.field.add(name=spec.id, number=number, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_REPEATED)
        else:
            message.field.add(
                name=spec.id,
                number=number,
                type=_FIELD.TYPE_MESSAGE,
                label=_FIELD.LABEL_OPTIONAL,
                type_name=f".google.protobuf.{_MESSAGES[spec.type.kind]}",
            )
    return message
