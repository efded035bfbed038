"""Before definitions of a file are applied to a server: their check together with what its ledger has; and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from segmentd.client import AttributeDefinition, Client, SegmentdCallError, SegmentDefinition
from segmentd.client.apply import Action, compare, definition_of
from segmentd.schema import AttributeSpec, Subject
from segmentd.segments.model import Segment, State

if TYPE_CHECKING:
    from segmentd.client import Aggregate, Attribute
    from segmentd.client import Segment as Stored
    from segmentd.segments.definitions import Definitions


def check_within(client: Client, definitions: Definitions) -> str:
    """Check all definitions as they will stand among the ledger's others, and store nothing; the ledger's currency.

    Raises DefinitionsError with every problem, each at its line of the file.
    """
    ledger, stored = client.get_ledger(), client.list_attributes()
    known = {segment.id for segment in definitions.segments}
    others = [kept_segment(segment) for segment in client.list_segments() if segment.id not in known]
    complete = replace(
        definitions,
        time_zone=ledger.time_zone,
        currency=ledger.currency_code,
        segments=(*definitions.segments, *others),
    )
    for subject in Subject:
        complete = complete.merge_inferred(specs_of(subject, stored), subject, aggregates_of(subject, stored))
    complete.catalogue()
    return ledger.currency_code


def specs_of(subject: Subject, attributes: Iterable[Attribute]) -> Iterator[AttributeSpec]:
    """The attributes of a subject, as expressions see them."""
    for attribute in attributes:
        of_subject, _, attribute_id = attribute.id.partition(".")
        if of_subject == subject:
            yield AttributeSpec(
                attribute_id,
                attribute.type,
                attribute.required,
                attribute.expression or None,
                aggregated=attribute.aggregate is not None,
            )


def aggregates_of(subject: Subject, attributes: Iterable[Attribute]) -> dict[str, Aggregate]:
    """The definitions of the aggregated attributes of a subject, by id."""
    prefix = f"{subject}."
    return {
        attribute.id.removeprefix(prefix): attribute.aggregate
        for attribute in attributes
        if attribute.aggregate is not None and attribute.id.startswith(prefix)
    }


def kept_segment(stored: Stored) -> Segment:
    """A segment of the ledger; only what others see of it."""
    definition = stored.definition
    return Segment(
        id=stored.id,
        display_name="",
        description="",
        subject=definition.subject,
        expression=definition.expression,
        benefits=(),
        labels={},
        state=State.ACTIVE if definition.active else State.INACTIVE,
        create_time=stored.create_time,
        update_time=stored.update_time,
        etag=stored.etag,
    )


@contextmanager
def noting_what_is_applied(
    client: Client,
    attributes: Mapping[str, AttributeDefinition],
    segments: Mapping[str, SegmentDefinition],
    *,
    dry_run: bool,
) -> Iterator[None]:
    """Add to the server's refusal of one definition which of them it has by then, and which not."""
    try:
        yield
    except SegmentdCallError as error:
        if not dry_run and error.reason:
            lacking = [*lacking_attributes(client, attributes), *lacking_segments(client, segments)]
            total = len(attributes) + len(segments)
            error.add_note(f"{total - len(lacking)} of {total} applied; not applied: {', '.join(lacking)}")
        raise


def lacking_attributes(client: Client, wanted: Mapping[str, AttributeDefinition]) -> list[str]:
    """The attributes that the server does not have as they are wanted."""
    stored = {attribute.id: attribute for attribute in client.list_attributes()}
    return [
        id_
        for id_, definition in wanted.items()
        if id_ not in stored or differs(definition_of(stored[id_], definition), definition)
    ]


def lacking_segments(client: Client, wanted: Mapping[str, SegmentDefinition]) -> list[str]:
    """The segments that the server does not have as they are wanted."""
    stored = {segment.id: segment.definition for segment in client.list_segments()}
    return [id_ for id_, definition in wanted.items() if differs(stored.get(id_), definition)]


def differs(stored: object, wanted: object) -> bool:
    """Whether applying would change something."""
    return compare("", stored, wanted).action is not Action.UNCHANGED
