"""What the ledger asks of whoever compiles against its attributes: the segments above it implement this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import DataType, Subject

RESIDENT_POPULATION: Final = "populations/resident"
"""How errors name the resident population as a user of an attribute: its file has a column of it."""

Publish = Callable[[], None]
"""Makes a checked state the current one for every reader at once. Called after the commit, never before."""


class AttributeUsers(Protocol):
    """The current state of every ledger, and what uses its attributes."""

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The current vocabulary. Raises LedgerNotFoundError."""

    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """Those of all ledgers, ordered by ledger id."""

    def users_of(self, ledger_id: str, subject: Subject, attribute_id: str) -> tuple[str, ...]:
        """What reads the attribute itself, as `segments/{id}` and `attributes/{subject}.{id}`."""

    def recheck(self, vocabulary: Vocabulary) -> Publish:
        """Compile against the new vocabulary all that depends on what it changes; the current state stays as it is.

        Raises DefinitionsBrokenError with all that would no longer compile.
        """


@dataclass(frozen=True, slots=True)
class Residency:
    """The resident population of a ledger: its data version and how many customers it has, both 0 without one."""

    data_version: int = 0
    customer_count: int = 0


class Residents(Protocol):
    """Who is resident in which ledger."""

    def residency(self, ledger_id: str) -> Residency:
        """The ledger's population, or none."""

    def has_facts(self, ledger_id: str) -> bool:
        """Whether records of a ledger of this id are kept, whether there is such a ledger or not."""

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """The type of the values that resident subjects have for an attribute, or None where they have none."""

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """The type of a column of this id that was left in the file; None: there is none.

        A given attribute of this id and another type would be read from it after a restart, which would fail.
        """
