"""Who is resident, as definitions ask for it, which are there before facts are."""

from __future__ import annotations

from segmentd.ledger.usage import Residency, Residents
from segmentd.schema import DataType, Subject


class LateResidents:
    """Those that it was given last. Nobody changes definitions before the server has given it all."""

    def __init__(self, first: Residents) -> None:
        self._residents = first

    def become(self, residents: Residents) -> None:
        """From now on, these."""
        self._residents = residents

    def residency(self, ledger_id: str) -> Residency:
        """The ledger's population, or none."""
        return self._residents.residency(ledger_id)

    def has_facts(self, ledger_id: str) -> bool:
        """Whether records of a ledger of this id are kept, whether there is such a ledger or not."""
        return self._residents.has_facts(ledger_id)

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """The type of the values that there are for an attribute, or None where there are none."""
        return self._residents.column_type(ledger_id, subject, attribute_id)

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """The type of a column of this id that was left in the file; None: there is none."""
        return self._residents.unread_column(ledger_id, subject, attribute_id)
