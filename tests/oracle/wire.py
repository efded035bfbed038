"""CEL's checked expressions as messages, declared here by their public field numbers.

The oracle keeps its own declaration, so that a mistake in segmentd's cannot hide in it.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory, timestamp_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "int64": _FIELD.TYPE_INT64,
    "uint64": _FIELD.TYPE_UINT64,
    "double": _FIELD.TYPE_DOUBLE,
    "bool": _FIELD.TYPE_BOOL,
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
}
_MESSAGES = {
    "Constant": (
        "null_value 1 int64",
        "bool_value 2 bool",
        "int64_value 3 int64",
        "uint64_value 4 uint64",
        "double_value 5 double",
        "string_value 6 string",
        "bytes_value 7 bytes",
        "duration_value 8 google.protobuf.Duration",
        "timestamp_value 9 google.protobuf.Timestamp",
    ),
    "Ident": ("name 1 string",),
    "Select": ("operand 1 cel.expr.Expr", "field 2 string", "test_only 3 bool"),
    "Call": ("target 1 cel.expr.Expr", "function 2 string", "args 3 repeated cel.expr.Expr"),
    "List": ("elements 1 repeated cel.expr.Expr",),
    "Comprehension": (
        "iter_var 1 string",
        "iter_range 2 cel.expr.Expr",
        "accu_var 3 string",
        "accu_init 4 cel.expr.Expr",
        "loop_condition 5 cel.expr.Expr",
        "loop_step 6 cel.expr.Expr",
        "result 7 cel.expr.Expr",
    ),
    "Expr": (
        "id 2 int64",
        "const_expr 3 cel.expr.Constant",
        "ident_expr 4 cel.expr.Ident",
        "select_expr 5 cel.expr.Select",
        "call_expr 6 cel.expr.Call",
        "list_expr 7 cel.expr.List",
        "comprehension_expr 9 cel.expr.Comprehension",
    ),
    "Reference": ("name 1 string", "overload_id 3 repeated string"),
    "ReferenceEntry": ("key 1 int64", "value 2 cel.expr.Reference"),
    "CheckedExpr": ("reference_map 2 repeated cel.expr.ReferenceEntry", "expr 4 cel.expr.Expr"),
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="oracle/checked.proto", package="cel.expr", syntax="proto2")
    file.dependency.extend(["google/protobuf/duration.proto", "google/protobuf/timestamp.proto"])
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for declaration in fields:
            _declare(message, declaration)
    return file


def _declare(message: descriptor_pb2.DescriptorProto, declaration: str) -> None:
    name, number, *label, kind = declaration.split()
    field = message.field.add(
        name=name, number=int(number), label=_FIELD.LABEL_REPEATED if label else _FIELD.LABEL_OPTIONAL
    )
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{kind}"


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"cel.expr.{name}"))


def copy_into(pool: descriptor_pool.DescriptorPool, module: Any) -> None:
    """Make the messages of a generated module known to a pool of one's own."""
    known = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(known)
    pool.Add(known)


_POOL = descriptor_pool.DescriptorPool()
for _module in (duration_pb2, timestamp_pb2):
    copy_into(_POOL, _module)
_POOL.Add(_file())

CheckedExpr: Any = _class("CheckedExpr")
Expr: Any = _class("Expr")


def parse(checked: bytes) -> Any:
    """The checked expression in these bytes."""
    return CheckedExpr.FromString(checked)


def overloads(checked: bytes) -> frozenset[str]:
    """The overload ids that the official checker chose anywhere in the expression."""
    return frozenset(name for entry in parse(checked).reference_map for name in entry.value.overload_id)


def packed(expr: Any) -> bytes:
    """A tree in the form that the official library takes back: an `Any` around a checked expression."""
    checked = CheckedExpr(expr=expr)
    return any_pb2.Any(
        type_url="type.googleapis.com/cel.expr.CheckedExpr", value=checked.SerializeToString()
    ).SerializeToString()
