"""A version of a book of which only is known who was there: what a state needs of the version that it is of.

A whole view holds the arrays of all facts as they were, also when the book has long put others in their place.
"""

from __future__ import annotations

from typing import NoReturn

import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Changes, Entities, Holdings, Items, Rows, Slots


class BareView:
    """The number of a version, and the slots of its customers or of its accounts. Asked for more: LookupError."""

    def __init__(self, view: BookView, kind: RecordKind) -> None:
        there = view.entities(kind)
        self.ledger_id = view.ledger_id
        self.version = view.version
        self._entities = Entities(kind, Batch(there.batch.rows, {}), there.slots, there.row_of)

    def entities(self, kind: RecordKind) -> Entities:
        """Who was there, without any values."""
        return self._entities if kind is self._entities.kind else self._refuse(kind)

    def holdings(self) -> Holdings:
        """Not held."""
        return self._refuse("holdings")

    def sorted_items(self, kind: RecordKind) -> Items:
        """Not held."""
        return self._refuse(kind)

    def touched(self, kind: RecordKind) -> Slots:
        """Not held."""
        return self._refuse(kind)

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:  # noqa: ARG002 - as the protocol says
        """Not held."""
        return self._refuse(kind)

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:  # noqa: ARG002 - as the protocol says
        """Not held."""
        return self._refuse(kind)

    def changes_since(self, version: int) -> Changes | None:
        """Not held."""
        return self._refuse(f"changes since {version}")

    def _refuse(self, what: str) -> NoReturn:
        raise LookupError(f"of version {self.version} the {what} are no longer held")
