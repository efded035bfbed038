"""A file of definitions, planned against ledger `main`, and brought into it. Only what the file names changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from segmentd.api.names import AttributeName, SegmentName
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.drafts import AttributeDraft, DecimalFormat
from segmentd.ledger.errors import DefaultRequiredError
from segmentd.ledger.model import Attribute
from segmentd.ledger.population import names_currency
from segmentd.ledger.vocabulary import attribute_user
from segmentd.schema import AttributeSpec, DataType, Kind, Subject
from segmentd.segments.catalogue import Catalogue
from segmentd.segments.compilation import segment_user
from segmentd.segments.declarations import DeclaredAttribute
from segmentd.segments.definitions import Definitions as Sheet
from segmentd.segments.definitions import DefinitionsError, Problem
from segmentd.segments.drafts import SegmentDraft
from segmentd.segments.model import Segment
from segmentd.server.definitions import Definitions
from segmentd.server.terms import LedgerTerms

MAIN: Final = "main"
"""The ledger that a server's files belong to."""

EMPTY: Final = Sheet("", None, None, None, (), (), {})
"""What a server without a file of definitions is told."""

_WAITS: Final = frozenset(
    {
        ErrorReason.UNKNOWN_SEGMENT,
        ErrorReason.SEGMENT_CYCLE,
        ErrorReason.UNKNOWN_ATTRIBUTE,
        ErrorReason.ATTRIBUTE_CYCLE,
    }
)
"""Reasons for which a definition may be accepted once others of the file are there."""


def check_types(sheet: Sheet, stored: Catalogue | None, types: Mapping[tuple[Subject, str], DataType]) -> None:
    """DefinitionsError with every attribute of the file that is stored with another type, or that lacks a default."""
    problems = []
    for declared in sheet.attributes:
        known = None if stored is None else stored.attributes[declared.subject].get(declared.id)
        wanted = types.get((declared.subject, declared.id))
        if known is not None and wanted is not None and not _may_become(known.type, wanted):
            why = (
                f"its type is {wanted} here, and {known.type} in ledger {MAIN!r}; write that type, or delete the "
                "attribute on a server without --population first"
            )
            problems.append(_problem(sheet, attribute_user(declared.subject, declared.id), why))
        if declared.required and (known is None or known.default is None):
            error = DefaultRequiredError(f"{declared.subject}.{declared.id}")
            problems.append(_problem(sheet, attribute_user(declared.subject, declared.id), error.message, error))
    if problems:
        raise DefinitionsError(sheet.path, problems)


def declared_types(sheet: Sheet) -> dict[tuple[Subject, str], DataType]:
    """The types that the file itself says, by subject and id."""
    return {(each.subject, each.id): each.type for each in sheet.attributes if each.type is not None}


def plan_catalogue(
    sheet: Sheet, stored: Catalogue | None, inferred: Iterable[AttributeSpec], terms: LedgerTerms
) -> Catalogue:
    """The ledger as it will be: what is stored, the attributes of a population, and over them the file.

    Raises DefinitionsError with all that would not compile, or that has another type than what is stored.
    """
    merged = replace(sheet, currency=terms.currency, time_zone=terms.time_zone)
    for subject in Subject:
        specs = {spec.id: spec for spec in inferred} if subject is Subject.CUSTOMER else {}
        specs.update({spec.id: spec for spec in stored.schemas[subject]} if stored else {})
        merged = merged.merge_inferred(specs.values(), subject, _aggregates(stored, subject))
    ids = {segment.id for segment in sheet.segments}
    others = [entry.segment for entry in stored.segments.values() if entry.segment.id not in ids] if stored else []
    planned = replace(merged, segments=(*others, *sheet.segments)).catalogue()
    check_types(sheet, stored, _types_of(planned))
    return planned


def apply_given(sheet: Sheet, planned: Catalogue, definitions: Definitions) -> None:
    """Create or update the given attributes of the file in ledger `main`."""
    _apply_in_order(sheet, dict(_attribute_steps(sheet, planned, definitions, given=True)))


def apply_others(sheet: Sheet, planned: Catalogue, definitions: Definitions) -> None:
    """Create or update the file's other attributes and its segments, in an order that references allow."""
    steps = dict(_attribute_steps(sheet, planned, definitions, given=False))
    for segment in sheet.segments:
        steps[segment_user(segment.id)] = _segment_step(segment, definitions)
    _apply_in_order(sheet, steps)


def _aggregates(stored: Catalogue | None, subject: Subject) -> dict[str, Aggregate]:
    attributes = stored.attributes[subject] if stored else {}
    return {id_: found.aggregate for id_, found in attributes.items() if found.aggregate is not None}


def _types_of(planned: Catalogue) -> dict[tuple[Subject, str], DataType]:
    return {(subject, spec.id): spec.type for subject, schema in planned.schemas.items() for spec in schema}


def _may_become(stored: DataType, wanted: DataType) -> bool:
    return stored == wanted or names_currency(stored, wanted)


def _attribute_steps(
    sheet: Sheet, planned: Catalogue, definitions: Definitions, *, given: bool
) -> Iterator[tuple[str, Callable[[], None]]]:
    for declared in sheet.attributes:
        if declared.is_given is given:
            step = _attribute_step(declared, planned.attributes[declared.subject][declared.id], definitions)
            yield attribute_user(declared.subject, declared.id), step


def _attribute_step(declared: DeclaredAttribute, planned: Attribute, definitions: Definitions) -> Callable[[], None]:
    name, data_type = AttributeName(MAIN, declared.subject, declared.id), planned.type
    is_decimal = data_type.kind is Kind.DECIMAL
    draft = AttributeDraft(
        display_name=declared.display_name,
        description=declared.description,
        kind=data_type.kind,
        decimal=DecimalFormat(data_type.scale, data_type.currency) if is_decimal else None,
        required=declared.required,
        expression=declared.expression or "",
        aggregate=planned.aggregate,
    )

    def apply() -> None:
        current = definitions.catalogues.current(MAIN).attributes[declared.subject].get(declared.id)
        if current is None:
            definitions.attributes.create(name, draft)
        elif fields := _changed_fields(current, draft, data_type):
            definitions.attributes.update(name, draft, fields)

    return apply


def _changed_fields(current: Attribute, draft: AttributeDraft, data_type: DataType) -> frozenset[str]:
    pairs = {
        "display_name": (current.display_name, draft.display_name),
        "description": (current.description, draft.description),
        "type": (current.type, data_type),
        "decimal": (current.type, data_type),
        "required": (current.spec.required, draft.required),
        "expression": (current.spec.expression or "", draft.expression),
        "aggregate": (current.aggregate, draft.aggregate),
    }
    return frozenset(field for field, (before, after) in pairs.items() if before != after)


def _segment_step(segment: Segment, definitions: Definitions) -> Callable[[], None]:
    name = SegmentName(MAIN, segment.id)
    draft = SegmentDraft(
        display_name=segment.display_name,
        description=segment.description,
        subject=segment.subject,
        expression=segment.expression,
        benefits=segment.benefits,
        labels=segment.labels,
        state=segment.state,
    )

    def apply() -> None:
        current = definitions.catalogues.current(MAIN).segments.get(segment.id)
        if current is None:
            definitions.segments.create(name, draft)
            return
        fields = {field for field in draft.CHANGEABLE if getattr(current.segment, field) != getattr(segment, field)}
        definitions.segments.update(name, draft, fields)

    return apply


def _apply_in_order(sheet: Sheet, steps: Mapping[str, Callable[[], None]]) -> None:
    """Take the steps, putting off those that need another one first, until none is left."""
    pending = dict(steps)
    while pending:
        failed: dict[str, SegmentdError] = {}
        for user, step in pending.items():
            try:
                step()
            except SegmentdError as error:
                failed[user] = error
                if error.reason not in _WAITS:
                    raise _located(sheet, user, error) from error
        if len(failed) == len(pending):
            user, first = next(iter(failed.items()))
            raise _located(sheet, user, first) from first
        pending = {user: pending[user] for user in failed}


def _located(sheet: Sheet, user: str, error: SegmentdError) -> DefinitionsError:
    return DefinitionsError(sheet.path, [_problem(sheet, user, error.message, error)])


def _problem(sheet: Sheet, user: str, message: str, error: SegmentdError | None = None) -> Problem:
    reason = ErrorReason.INVALID_FIELD if error is None else error.reason
    return Problem(sheet.lines.get(user, 1), user, message, reason, getattr(error, "issues", ()))
