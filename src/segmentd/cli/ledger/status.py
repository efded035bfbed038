"""`segmentd ledger status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, counted, print_fields, print_json, print_table

if TYPE_CHECKING:
    from segmentd.client.ledgers import Ledger, LedgerStatus


@connected
def status(connection: Connection, json: JsonFlag = False) -> None:
    """Show the ledger that --ledger names: its terms and versions, its records, and what is on disk of them."""
    with connection.open() as client:
        ledger, facts = client.get_ledger(), client.get_ledger_status()
    if json:
        print_json({**asdict(ledger), "facts": facts})
        return
    print_fields((*terms(ledger), *disk(facts)))
    print_table(("records", "number>"), [(kind.value, f"{count:,}") for kind, count in facts.records.items()])


def terms(ledger: Ledger) -> tuple[tuple[str, str], ...]:
    """What the ledger is."""
    return (
        ("ledger", ledger.id),
        ("name", ledger.display_name),
        ("currency", ledger.currency_code),
        ("time zone", ledger.time_zone),
        ("catalogue version", f"{ledger.catalogue_version:,}"),
        ("data version", f"{ledger.data_version:,}"),
        ("customers", f"{ledger.customer_count:,}"),
    )


def disk(facts: LedgerStatus) -> tuple[tuple[str, str], ...]:
    """What is kept of it, and what waits."""
    checkpoint = f"{facts.checkpoint_bytes:,} bytes, of version {facts.checkpoint_version:,}"
    waiting = f"{counted(facts.pending_erasures, 'deletion')} of which bytes may be left"
    return (
        ("last written", "" if facts.write_time is None else facts.write_time.isoformat(timespec="seconds")),
        ("checkpoint", checkpoint if facts.checkpoint_version else "none"),
        ("journal", f"{facts.journal_bytes:,} bytes that wait for a checkpoint"),
        ("on disk", f"{facts.data_directory_bytes:,} bytes, of all ledgers"),
        ("past values", f"{facts.past_values:,}{past_start(facts)}"),
        ("erasures", waiting if facts.pending_erasures else ""),
    )


def past_start(facts: LedgerStatus) -> str:
    """Since when the past is known, where that is not always."""
    return "" if facts.past_start is None else f", since {facts.past_start.isoformat(timespec='seconds')}"
