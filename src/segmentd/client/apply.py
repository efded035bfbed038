"""Bring a ledger's segments and attributes to what a set of definitions says, with as few calls as that takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum, unique
from typing import Any

from segmentd.client.attributes import (
    Attribute,
    AttributeDefinition,
    create_attribute,
    list_attributes,
    update_attribute,
)
from segmentd.client.call import Call, Scope, Steps
from segmentd.client.errors import SegmentdCallError
from segmentd.client.segments import SegmentDefinition, create_segment, list_segments, update_segment

WAITS = frozenset({"UNKNOWN_SEGMENT", "SEGMENT_CYCLE", "UNKNOWN_ATTRIBUTE", "ATTRIBUTE_CYCLE"})
"""Reasons for which a definition may be accepted once others of the same set are there."""

LACKING = ("segment", "attribute", "cycle")
"""Metadata of those reasons that names what is needed; `nearest` only guesses what a mistyped name was meant to be."""


@unique
class Action(StrEnum):
    """What applying does to one resource."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one resource, or would be. `fields` are those that an update changes.

    `waits_for` is set in a dry run only: the server's answer where the definition needs others of the same set first,
    so that it could not be checked completely.
    """

    id: str
    action: Action
    fields: tuple[str, ...] = ()
    waits_for: str = ""


def apply_segments(
    scope: Scope,
    definitions: Mapping[str, SegmentDefinition],
    *,
    dry_run: bool = False,
    assumed: Collection[str] = (),
) -> Steps[tuple[Change, ...]]:
    """Create or update segments by id, in an order that their references allow; others are left alone.

    A `dry_run` lets the server check every definition and stores nothing; `assumed` are attributes that will be there
    once it is no dry run. Raises the first SegmentdCallError that no other order avoids; segments that were applied
    before it stay.
    """
    existing = yield from list_segments(scope)
    stored = {segment.id: segment.definition for segment in existing}
    etags = {segment.id: segment.etag for segment in existing}
    changes, calls = {}, {}
    for segment_id, wanted in definitions.items():
        changes[segment_id] = change = compare(segment_id, stored.get(segment_id), wanted)
        if change.action is Action.CREATED:
            calls[segment_id] = create_segment(scope, segment_id, wanted, validate_only=dry_run)
        elif change.action is Action.UPDATED:
            paths, etag = change.fields, etags[segment_id]
            calls[segment_id] = update_segment(
                scope, segment_id, wanted, fields=paths, etag=etag, validate_only=dry_run
            )
    waiting = yield from run_in_order(calls, assumed, dry_run=dry_run)
    return tuple(replace(change, waits_for=waiting.get(change.id, "")) for change in changes.values())


def apply_attributes(
    scope: Scope, definitions: Mapping[str, AttributeDefinition], *, dry_run: bool = False
) -> Steps[tuple[Change, ...]]:
    """Create or update attributes by id (`customer.income`), as `apply_segments` does with segments."""
    existing = yield from list_attributes(scope)
    stored = {attribute.id: attribute for attribute in existing}
    changes, calls = {}, {}
    for attribute_id, wanted in definitions.items():
        known = stored.get(attribute_id)
        changes[attribute_id] = change = compare(attribute_id, known and definition_of(known, wanted), wanted)
        if known is None:
            calls[attribute_id] = create_attribute(scope, attribute_id, wanted, validate_only=dry_run)
        elif change.action is Action.UPDATED:
            paths, etag = change.fields, known.etag
            calls[attribute_id] = update_attribute(
                scope, attribute_id, wanted, fields=paths, etag=etag, validate_only=dry_run
            )
    waiting = yield from run_in_order(calls, (), dry_run=dry_run)
    return tuple(replace(change, waits_for=waiting.get(change.id, "")) for change in changes.values())


def definition_of(attribute: Attribute, wanted: AttributeDefinition) -> AttributeDefinition:
    """What defines a stored attribute; its type only if `wanted` asks for one."""
    return AttributeDefinition(
        type=attribute.type if wanted.type is not None else None,
        required=attribute.required,
        expression=attribute.expression,
        default=attribute.default,
        display_name=attribute.display_name,
        description=attribute.description,
        aggregate=attribute.aggregate,
    )


def compare(resource_id: str, stored: Any, wanted: Any) -> Change:
    """What it takes to come from one definition (None: there is none) to another of the same type."""
    if stored is None:
        return Change(resource_id, Action.CREATED)
    names = (field.name for field in fields(wanted))
    different = tuple(name for name in names if getattr(stored, name) != getattr(wanted, name))
    return Change(resource_id, Action.UPDATED if different else Action.UNCHANGED, different)


def run_in_order(calls: Mapping[str, Call[Any]], assumed: Collection[str], *, dry_run: bool) -> Steps[dict[str, str]]:
    """Make the calls, putting off those that need another one first, until none is left.

    Returns the messages of those that a dry run had to leave waiting, by id.
    """
    pending = dict(calls)
    while pending:
        failed: dict[str, SegmentdCallError] = {}
        for resource_id, call in pending.items():
            try:
                yield call
            except SegmentdCallError as error:
                error.add_note(f"while applying {resource_id}")
                if error.reason not in WAITS or not needs_one_of(error, {*calls, *assumed} - {resource_id}):
                    raise
                failed[resource_id] = error
        if len(failed) == len(pending):
            if not dry_run:
                raise next(iter(failed.values()))
            return {resource_id: error.message for resource_id, error in failed.items()}
        pending = {resource_id: pending[resource_id] for resource_id in failed}
    return {}


def needs_one_of(error: SegmentdCallError, others: set[str]) -> bool:
    """Whether the error names, as what is lacking or in a cycle, a resource that another call creates or changes."""
    lacking = " ".join(error.metadata.get(key, "") for key in LACKING)
    named = lacking.replace("->", " ").replace(",", " ").split()
    return any(name in others or any(other.endswith(f".{name}") for other in others) for name in named)
