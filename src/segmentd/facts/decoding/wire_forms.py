"""How the fields of messages are written, by their descriptors, for the kernel that reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

from segmentd.engine.requests.fields import Form, Forms

Descriptor = Any
"""Of a message or of a field, as the stubs have it."""


@cache
def forms_of(message: Descriptor) -> Forms:
    """The forms of all fields of a type of messages, by number."""
    return {field.number: _repeated(field) if field.is_repeated else _single(field) for field in message.fields}


def _single(field: Descriptor) -> Form:
    match field.type:
        case field.TYPE_STRING:
            return Form.TEXT
        case field.TYPE_MESSAGE | field.TYPE_BYTES:
            return Form.DATA
        case field.TYPE_SINT64:
            return Form.ZIGZAG
        case field.TYPE_INT64 | field.TYPE_INT32 | field.TYPE_ENUM:
            return Form.NUMBER
        case field.TYPE_BOOL:
            return Form.BOOL
        case field.TYPE_DOUBLE:
            return Form.DOUBLE
    raise _unread(field)


def _repeated(field: Descriptor) -> Form:
    match field.type:
        case field.TYPE_STRING:
            return Form.TEXTS
        case field.TYPE_MESSAGE:
            return Form.MESSAGES
    raise _unread(field)


def _unread(field: Descriptor) -> ValueError:
    return ValueError(f"no kernel reads {field.full_name}")
