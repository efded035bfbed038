"""The aggregated attributes that are asked about, each with its sentence, its definition and its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from segmentd.ledger.aggregates import Aggregate
from segmentd.schema import Subject
from segmentd.segments.aggregate_entries import parse_aggregate
from tests.real.population import CURRENCY

_FILE: Final = Path(__file__).parent / "aggregates.yaml"


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
    entries = yaml.safe_load(_FILE.read_text("utf-8"))[f"{subject}s"]
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
