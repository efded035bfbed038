"""Resource names, such as `ledgers/main/segments/premium`, and the ids in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError, InvalidResourceNameError
from segmentd.schema import ATTRIBUTE_ID, Subject

LEDGER_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
SEGMENT_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
SNAPSHOT_ID: Final = SEGMENT_ID
QUALIFIED_ATTRIBUTE: Final = re.compile(rf"({'|'.join(Subject)})\.({ATTRIBUTE_ID.pattern})")

LEDGER_PATTERN: Final = "ledgers/{ledger}"
SEGMENT_PATTERN: Final = "ledgers/{ledger}/segments/{segment}"
IMPORT_JOB_PATTERN: Final = "ledgers/{ledger}/importJobs/{import_job}"
SNAPSHOT_PATTERN: Final = "ledgers/{ledger}/snapshots/{snapshot}"
LEDGER_STATUS_PATTERN: Final = "ledgers/{ledger}/status"
CATEGORY_RULES_PATTERN: Final = "ledgers/{ledger}/categoryRules"
ATTRIBUTE_PATTERN: Final = "ledgers/{ledger}/attributes/{subject}.{id}"


@dataclass(frozen=True, slots=True)
class SegmentName:
    """The name of a segment."""

    ledger: str
    segment: str

    def __str__(self) -> str:
        return f"ledgers/{self.ledger}/segments/{self.segment}"


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """The name of a snapshot."""

    ledger: str
    snapshot: str

    def __str__(self) -> str:
        return f"ledgers/{self.ledger}/snapshots/{self.snapshot}"


@dataclass(frozen=True, slots=True)
class ImportJobName:
    """The name of an import job."""

    ledger: str
    job: str

    def __str__(self) -> str:
        return f"ledgers/{self.ledger}/importJobs/{self.job}"


@dataclass(frozen=True, slots=True)
class AttributeName:
    """The name of an attribute."""

    ledger: str
    subject: Subject
    attribute: str

    @property
    def qualified(self) -> str:
        """`{subject}.{id}`, as expressions write it."""
        return f"{self.subject}.{self.attribute}"

    def __str__(self) -> str:
        return f"ledgers/{self.ledger}/attributes/{self.qualified}"


def ledger_name(ledger_id: str) -> str:
    """`ledgers/{ledger}`."""
    return f"ledgers/{ledger_id}"


def parse_ledger_name(name: str, field: str) -> str:
    """The ledger's id in `ledgers/{ledger}`. `field` is where the name stood in the request."""
    return _split(name, field, LEDGER_PATTERN, (LEDGER_ID,))[0]


def parse_segment_name(name: str, field: str) -> SegmentName:
    """The parts of a segment's name. `field` is where the name stood in the request."""
    return SegmentName(*_split(name, field, SEGMENT_PATTERN, (LEDGER_ID, SEGMENT_ID)))


def parse_snapshot_name(name: str, field: str) -> SnapshotName:
    """The parts of a snapshot's name. `field` is where the name stood in the request."""
    return SnapshotName(*_split(name, field, SNAPSHOT_PATTERN, (LEDGER_ID, SNAPSHOT_ID)))


def parse_import_job_name(name: str, field: str) -> ImportJobName:
    """The parts of an import job's name. `field` is where the name stood in the request."""
    return ImportJobName(*_split(name, field, IMPORT_JOB_PATTERN, (LEDGER_ID, LEDGER_ID)))


def parse_attribute_name(name: str, field: str) -> AttributeName:
    """The parts of an attribute's name. `field` is where the name stood in the request."""
    ledger, qualified = _split(name, field, ATTRIBUTE_PATTERN, (LEDGER_ID, QUALIFIED_ATTRIBUTE))
    subject, _, attribute = qualified.partition(".")
    return AttributeName(ledger, Subject(subject), attribute)


def parse_category_rules_name(name: str, field: str) -> str:
    """The ledger's id in the name of its rules of categories. `field` is where the name stood in the request."""
    return _split(name, field, CATEGORY_RULES_PATTERN, (LEDGER_ID,))[0]


def parse_ledger_status_name(name: str, field: str) -> str:
    """The ledger's id in the name of its status. `field` is where the name stood in the request."""
    return _split(name, field, LEDGER_STATUS_PATTERN, (LEDGER_ID,))[0]


def parse_new_id(value: str, field: str, pattern: re.Pattern[str]) -> str:
    """The id that a creation asks for. Raises FieldRequiredError or InvalidFieldError."""
    if not value:
        raise FieldRequiredError(field)
    if not pattern.fullmatch(value):
        raise InvalidFieldError(field, value, f"it must match {pattern.pattern}")
    return value


def parse_new_attribute(ledger: str, value: str, field: str) -> AttributeName:
    """The name of the attribute `{subject}.{id}` that a creation asks for."""
    subject, _, attribute = parse_new_id(value, field, QUALIFIED_ATTRIBUTE).partition(".")
    return AttributeName(ledger, Subject(subject), attribute)


def _split(name: str, field: str, pattern: str, ids: tuple[re.Pattern[str], ...]) -> tuple[str, ...]:
    if not name:
        raise FieldRequiredError(field, f"must be set, to a name of the form {pattern}")
    parts, expected = name.split("/"), pattern.split("/")
    fits = len(parts) == len(expected) and parts[::2] == expected[::2]
    if not fits or not all(form.fullmatch(part) for form, part in zip(ids, parts[1::2], strict=True)):
        raise InvalidResourceNameError(field, name, pattern)
    return tuple(parts[1::2])
