"""Update masks: which fields of a resource a request changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message

from segmentd.api.errors import InvalidUpdateMaskError

ALL = "*"


def chosen_fields(paths: Sequence[str], changeable: Sequence[str], populated: Iterable[str]) -> frozenset[str]:
    """The fields to change: those of the mask's paths, all for `*`, and the populated ones where there is no mask.

    A chosen field that the request leaves empty gets what it would get at creation.
    Raises InvalidUpdateMaskError on a path that is not changeable.
    """
    if not paths:
        return frozenset(populated).intersection(changeable)
    for path in paths:
        if path != ALL and path not in changeable:
            raise InvalidUpdateMaskError(path, changeable)
    return frozenset(changeable) if ALL in paths else frozenset(paths)


def populated_fields(resource: Message) -> tuple[str, ...]:
    """The names of the fields that are not empty."""
    return tuple(field.name for field, _ in resource.ListFields())
