"""Writing a group of batches: staged one after the other, committed at once, then visible, then acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from segmentd.facts.arrow_form import encode_batch, fitted
from segmentd.facts.ingestion.orders import Order
from segmentd.facts.ingestion.shelf import Shelf, WritableBook
from segmentd.facts.ingestion.tidying import Tidier
from segmentd.facts.journal import Entry, Journal, Traces
from segmentd.facts.records import WriteOutcome
from segmentd.storage import published

Listener = Callable[[str], None]
"""Hears of a ledger."""


@dataclass(frozen=True, slots=True)
class _Staged:
    """What was staged of a group: orders with their outcomes, and what the journal has to keep of them.

    `by_id`: the outcomes of the group's own batches by ledger and batch id. `versions`: the last ones by ledger.
    """

    outcomes: list[tuple[Order, WriteOutcome]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    by_id: dict[tuple[str, str], WriteOutcome] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def add(self, order: Order, outcome: WriteOutcome, version_before: int, time_us: int) -> None:
        """Add an order that was staged on top of a version, or on top of those of its ledger in this group."""
        self.outcomes.append((order, outcome))
        last = self.versions.get(order.ledger_id, version_before)
        changed = outcome.version > last
        if changed:
            self.versions[order.ledger_id] = outcome.version
        erases = _erased(order, outcome)
        if changed or order.batch_id or erases is not None:
            payload = _payload(order, time_us) if changed else None
            self.entries.append(Entry(order.ledger_id, order.batch_id, outcome, payload, erases))
        if order.batch_id:
            self.by_id[order.ledger_id, order.batch_id] = replace(outcome, repeated=True)


class GroupWriter:
    """Writes groups, on one thread. `when_written` hears of each ledger whose facts have grown.

    Whatever happens, every order is answered, and the books are as the journal has them.
    """

    def __init__(
        self, shelf: Shelf, journal: Journal, tidier: Tidier, when_written: Listener, clock: Callable[[], int]
    ) -> None:
        """`clock`: microseconds since 1970."""
        self._shelf = shelf
        self._journal = journal
        self._tidier = tidier
        self._when_written = when_written
        self._clock = clock
        self._unsettled: set[str] = set()

    @property
    def is_settled(self) -> bool:
        """Whether no book was written since they were settled."""
        return not self._unsettled

    def settle(self) -> None:
        """Have the books that were written put in order what their readers are slowed by."""
        for ledger_id in self._unsettled:
            self._tidier.hand_in(ledger_id, _settle)
        self._unsettled = set()

    def write(self, group: Sequence[Order]) -> None:
        """Write the batches that their senders still wait for, and answer each."""
        orders = [order for order in group if order.answer.set_running_or_notify_cancel()]
        try:
            staged = self._stage_all(orders)
            self._commit(staged)
        except Exception as error:  # noqa: BLE001 - whatever it is, the senders are told
            self._undo({order.ledger_id for order in orders})
            _refuse(orders, error)
            return
        for order, outcome in staged.outcomes:
            order.answer.set_result(outcome)
        self._unsettled.update(order.ledger_id for order in orders if order.settles)
        for ledger_id in staged.versions:
            self._when_written(ledger_id)
            book = self._shelf.opened(ledger_id)
            if book is not None and book.is_untidy:
                self._tidier.hand_in(ledger_id, _tidy)

    def _stage_all(self, orders: list[Order]) -> _Staged:
        """Stage the orders; those that cannot be staged are answered, taken out, and the others staged anew.

        What a failed staging leaves in a book is not known, so that all of it is undone.
        """
        now_us = self._clock()
        while True:
            staged = _Staged()
            for order in orders:
                try:
                    self._stage(order, staged, now_us)
                except Exception as error:  # noqa: BLE001 - its sender is told
                    self._undo({order.ledger_id for order in orders})
                    _refuse([order], error)
                    orders.remove(order)
                    break
            else:
                return staged

    def _stage(self, order: Order, staged: _Staged, now_us: int) -> None:
        known = self._known(order, staged)
        if known is not None:
            staged.outcomes.append((order, known))
            return
        book, vocabulary = self._shelf.book(order.ledger_id), self._shelf.vocabulary(order.ledger_id)
        # Each group of a ledger has a time of its own, also where the clock stands still or is put back.
        time_us = max(now_us, book.time_us + 1)
        outcome = book.stage(
            # An attribute may have gone, or got another type, since the batch was decoded.
            fitted(order.batch, vocabulary),
            vocabulary,
            all_or_nothing=order.all_or_nothing,
            delete_customers=order.delete_customers,
            time_us=time_us,
        )
        if order.validate_only:
            book.undo()
            staged.outcomes.append((order, replace(outcome, version=book.version)))
        else:
            staged.add(order, outcome, book.version, time_us)

    def _known(self, order: Order, staged: _Staged) -> WriteOutcome | None:
        """What a batch of the same id was answered, whether it was written before or is in this group."""
        if not order.batch_id:
            return None
        in_group = staged.by_id.get((order.ledger_id, order.batch_id))
        return in_group or self._journal.outcome(order.ledger_id, order.batch_id)

    def _commit(self, staged: _Staged) -> None:
        """Have the journal keep what was staged, then publish it. From there on nothing may fail: it is on disk."""
        with published(partial(self._publish, staged)):
            if staged.entries:
                self._journal.append(staged.entries)

    def _publish(self, staged: _Staged) -> None:
        for ledger_id in staged.versions:
            try:
                self._shelf.book(ledger_id).publish()
            except Exception as error:  # noqa: BLE001 - it is on disk, from where the book can be made again
                self._shelf.reopen(ledger_id, error)
        self._unsettled.update(staged.versions)

    def _undo(self, ledger_ids: Iterable[str]) -> None:
        for ledger_id in ledger_ids:
            try:
                self._shelf.book(ledger_id).undo()
            except Exception as error:  # noqa: BLE001 - what is in memory cannot be trusted any more
                self._shelf.reopen(ledger_id, error)


def _settle(book: WritableBook) -> None:
    book.settle()


def _tidy(book: WritableBook) -> None:
    book.tidy()


def _payload(order: Order, time_us: int) -> bytes:
    return encode_batch(order.batch, delete_customers=order.delete_customers, time_us=time_us)


def _erased(order: Order, outcome: WriteOutcome) -> Traces | None:
    """Who is deleted for good: also those whom the ledger lacks, but of whom snapshots may know.

    Nobody where something is too old, of which nothing but bytes can be left.
    """
    if order.expires and outcome.deleted:
        return Traces()
    if not order.delete_customers:
        return None
    return Traces(tuple(order.batch.deletions.to_pylist()), () if outcome.erased is None else outcome.erased.accounts)


def _refuse(orders: Iterable[Order], error: Exception) -> None:
    for order in orders:
        if not order.answer.done():
            order.answer.set_exception(error)
