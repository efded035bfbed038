"""What a definitions file says, entry by entry, read from its YAML tree; every problem with file, line and entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from segmentd.api.errors import nearest
from segmentd.api.names import SEGMENT_ID
from segmentd.errors import SegmentdError
from segmentd.language import check_attribute_id
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.currencies import check_currency
from segmentd.ledger.editions import utc_now
from segmentd.ledger.zones import check_time_zone
from segmentd.schema import MAX_SCALE, SELECTABLE, AttributeSpec, DataType, Kind, Subject
from segmentd.segments.aggregate_entries import DeclaredAggregate, read_aggregate
from segmentd.segments.drafts import SegmentDraft
from segmentd.segments.entries import DefinitionsError, Entry, Problem
from segmentd.segments.model import Benefit, Segment, State
from segmentd.segments.yaml_tree import Table, Text, YamlError, read_tree

SHEET_KEYS: Final = ("time_zone", "currency", "id_column", "attributes", "segments")
ATTRIBUTE_KEYS: Final = ("id", "subject", "type", "nullable", "expression", "aggregate", "display_name", "description")
SEGMENT_KEYS: Final = (
    "id",
    "subject",
    "display_name",
    "description",
    "expression",
    "benefits",
    "labels",
    "state",
)
BENEFIT_KEYS: Final = ("id", "display_name", "description")

TYPES: Final = ("BOOL", "INT64", "DOUBLE", "DECIMAL", "STRING", "TIMESTAMP", "DATE", "LIST")
_DECIMAL: Final = re.compile(r"DECIMAL\( *(\d{1,2}) *(?:, *([A-Z]{3}) *)?\)")
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeclaredAttribute:
    """An attribute as a file declares it. `type` None: its column's, its expression's or its aggregate's."""

    subject: Subject
    id: str
    type: DataType | None
    required: bool = False
    expression: str | None = None
    display_name: str = ""
    description: str = ""
    aggregate: DeclaredAggregate | None = None

    @property
    def is_given(self) -> bool:
        """Whether it is neither computed nor aggregated."""
        return self.expression is None and self.aggregate is None

    @classmethod
    def of(cls, subject: Subject, spec: AttributeSpec, aggregate: Aggregate | None = None) -> DeclaredAttribute:
        """The declaration of a known attribute; `aggregate` is the definition of an aggregated one."""
        declared = None if aggregate is None else DeclaredAggregate(aggregate)
        return cls(subject, spec.id, spec.type, spec.required, spec.expression, aggregate=declared)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All entries of a file, and the lines at which attributes and segments begin."""

    time_zone: str | None
    currency: str | None
    id_column: str | None
    attributes: tuple[DeclaredAttribute, ...]
    attribute_lines: tuple[int, ...]
    segments: tuple[Segment, ...]
    segment_lines: tuple[int, ...]


def read_sheet(text: str, path: str) -> Sheet:
    """The entries of a file's text. Raises DefinitionsError."""
    problems: list[Problem] = []
    try:
        root = Entry(read_tree(text), "", problems)
    except YamlError as error:
        raise DefinitionsError.at(path, error.line, "", error.message) from error
    root.check_keys(SHEET_KEYS)
    attributes = root.each("attributes", _attribute, _qualified)
    segments = root.each("segments", _segment, lambda segment: segment.id)
    sheet = Sheet(
        time_zone=root.checked("time_zone", check_time_zone),
        currency=root.checked("currency", check_currency),
        id_column=root.text("id_column"),
        attributes=tuple(attribute for attribute, _ in attributes),
        attribute_lines=tuple(line for _, line in attributes),
        segments=tuple(segment for segment, _ in segments),
        segment_lines=tuple(line for _, line in segments),
    )
    if problems:
        raise DefinitionsError(path, problems)
    return sheet


def _qualified(attribute: DeclaredAttribute) -> str:
    return f"{attribute.subject}.{attribute.id}"


def _attribute(entry: Entry) -> DeclaredAttribute | None:
    before = len(entry.problems)
    entry.check_keys(ATTRIBUTE_KEYS)
    attribute_id = entry.required("id")
    if attribute_id:
        entry.accept("id", lambda: check_attribute_id(attribute_id))
    subject = _subject(entry, Subject)
    attribute = DeclaredAttribute(
        subject=subject,
        id=attribute_id,
        type=_type(entry),
        required=entry.choice("nullable", _BOOLEANS) is False,
        expression=entry.text("expression"),
        display_name=entry.text("display_name") or "",
        description=entry.text("description") or "",
        aggregate=read_aggregate(entry, subject),
    )
    _check_required(entry, attribute)
    if attribute.expression is not None and "aggregate" in entry.table:
        entry.complain(
            entry.line("aggregate"), "aggregate: an attribute with an expression is computed, not aggregated"
        )
    return attribute if len(entry.problems) == before else None


def _check_required(entry: Entry, attribute: DeclaredAttribute) -> None:
    if not attribute.required:
        return
    if attribute.expression is not None:
        entry.complain(
            entry.line("nullable"), "nullable: whether a computed attribute is missing follows from its expression"
        )
    elif attribute.aggregate is not None:
        entry.complain(
            entry.line("nullable"), "nullable: whether an aggregated attribute is missing follows from its facts"
        )
    elif attribute.type is not None and attribute.type.kind is Kind.LIST:
        entry.complain(entry.line("nullable"), "nullable: a missing LIST is an empty list, so it stays nullable")


def _segment(entry: Entry) -> Segment | None:
    before = len(entry.problems)
    entry.check_keys(SEGMENT_KEYS)
    segment_id = entry.required("id")
    if segment_id and not SEGMENT_ID.fullmatch(segment_id):
        entry.complain(entry.line("id"), f"id {segment_id!r} must match {SEGMENT_ID.pattern}")
    draft = SegmentDraft(
        display_name=entry.text("display_name") or "",
        description=entry.text("description") or "",
        subject=_subject(entry, SELECTABLE),
        expression=entry.required("expression"),
        benefits=_benefits(entry),
        labels=_labels(entry),
        state=entry.choice("state", {state.value: state for state in State}),
    )
    if len(entry.problems) > before:
        return None
    try:
        return draft.create(segment_id, utc_now())
    except SegmentdError as error:
        entry.complain(entry.tree.line, error.message)
        return None


def _subject(entry: Entry, allowed: Iterable[Subject]) -> Subject:
    return entry.choice("subject", {subject.name: subject for subject in allowed}) or Subject.CUSTOMER


def _benefits(entry: Entry) -> tuple[Benefit, ...]:
    return tuple(benefit for benefit, _ in entry.each("benefits", _benefit, lambda benefit: benefit.id))


def _benefit(entry: Entry) -> Benefit | None:
    entry.check_keys(BENEFIT_KEYS)
    benefit_id = entry.required("id")
    return (
        Benefit(benefit_id, entry.text("display_name") or "", entry.text("description") or "") if benefit_id else None
    )


def _labels(entry: Entry) -> Mapping[str, str]:
    tree = entry.table.get("labels")
    if tree is None or (isinstance(tree, Text) and tree.value is None):
        return {}
    labels = Entry(tree, entry.label, entry.problems)
    if not isinstance(tree, Table):
        entry.complain(tree.line, "labels has to be keys and values")
    return {key: labels.required(key) for key in labels.table}


def _type(entry: Entry) -> DataType | None:
    text = entry.text("type")
    if text is None:
        return None
    if text != "DECIMAL" and text in TYPES:
        return DataType(Kind(text))
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None or int(decimal[1]) > MAX_SCALE:
        likely = nearest(text.upper(), TYPES)
        hint = f"; did you mean {likely}?" if likely and likely != "DECIMAL" else ""
        allowed = f"{', '.join(TYPES[:3])}, DECIMAL(scale) or DECIMAL(scale, currency) with scale 0 to {MAX_SCALE}"
        entry.complain(entry.line("type"), f"type is {text!r}; allowed are {allowed}, {', '.join(TYPES[4:])}{hint}")
        return None
    currency = decimal[2] or ""
    if currency and not entry.accept("type", lambda: check_currency(currency, "type")):
        return None
    return DataType(Kind.DECIMAL, int(decimal[1]), currency)
