"""What aggregates are computed for and from: whose facts, in which version, as of which moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Slots
from segmentd.ledger.aggregates import Source
from segmentd.schema import Subject

KIND: Final = {
    Source.ACCOUNTS: RecordKind.ACCOUNT,
    Source.TRANSACTIONS: RecordKind.TRANSACTION,
    Source.BALANCES: RecordKind.BALANCE,
    Source.ENGAGEMENTS: RecordKind.ENGAGEMENT,
}
"""The records that a source is."""


@dataclass(frozen=True, slots=True, eq=False)
class Standpoint:
    """One version of a ledger's facts, seen at a moment for one subject.

    `subject`: CUSTOMER or ACCOUNT. `now_us`: microseconds since 1970. `zone`: the ledger's time zone.
    """

    view: BookView
    subject: Subject
    now_us: int
    zone: str

    def __post_init__(self) -> None:
        if self.subject not in (Subject.CUSTOMER, Subject.ACCOUNT):
            raise ValueError(f"aggregates are of customers and accounts, not of a {self.subject}")

    @property
    def slots(self) -> Slots:
        """The slots of all subjects, in the order of their rows."""
        return self.view.entities(RecordKind(self.subject.value)).slots
