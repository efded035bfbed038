"""The aggregated attributes and segments that are asked about, each with its sentence, its definition and its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from segmentd.ledger.aggregates import Aggregate
from segmentd.schema import Subject
from segmentd.segments.aggregate_entries import parse_aggregate
from tests.real.population import CURRENCY

_DIRECTORY: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Question:
    """An aggregated attribute. `sql` gives ids and values; who is left out there has the value `otherwise`."""

    id: str
    subject: Subject
    sentence: str
    aggregate: Aggregate
    sql: str
    otherwise: str


def read_questions(subject: Subject) -> tuple[Question, ...]:
    """The questions about customers, or about accounts."""
    entries = _read("aggregates")[f"{subject}s"]
    return tuple(
        Question(
            entry["id"],
            subject,
            entry["sentence"],
            parse_aggregate(yaml.safe_dump(entry["aggregate"]), subject, entry["id"]).in_currency(CURRENCY),
            entry["sql"],
            str(entry.get("otherwise", "NULL")),
        )
        for entry in entries
    )


@dataclass(frozen=True, slots=True)
class LedgerSegment:
    """A segment of customers. `sql` gives every customer, and true, false or, where that is unknown, null."""

    id: str
    sentence: str
    expression: str
    sql: str


def read_segments() -> tuple[LedgerSegment, ...]:
    """The segments."""
    return tuple(LedgerSegment(**entry) for entry in _read("segments")["segments"])


def _read(name: str) -> Any:
    return yaml.safe_load((_DIRECTORY / f"{name}.yaml").read_text("utf-8"))
