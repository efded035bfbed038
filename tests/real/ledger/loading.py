"""The bank loaded into the ledger of a running server: its files by the mappings that are shipped, more as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import pyarrow as pa

from segmentd.cli import child
from segmentd.cli.wanted import wanted_attributes
from segmentd.client import Client, RecordKind
from segmentd.segments.definitions import load_definitions
from tests.berka import ROOT
from tests.real.ledger.warehouse import Warehouse
from tests.real.population import CURRENCY, ZONE

EXAMPLES: Final = ROOT / "examples" / "berka"

FILES: Final = {
    "customers": "client",
    "accounts": "account",
    "owners": "disp",
    "orders": "order",
    "transactions": "trans",
}
"""The bank's files by mapping, in the order in which they refer to each other."""

VISITS: Final = 30_000
VISITED_DAYS: Final = 1_461

DERIVED: Final[dict[RecordKind, tuple[str, ...]]] = {
    RecordKind.ACCOUNT: (
        "SELECT account AS id, kind, external FROM account SEMI JOIN own_account USING (account)",
        f"""SELECT account AS id, kind, external, institution, opened, '{CURRENCY}' AS currency,
            [customer] AS owners, [role] AS owner_roles
        FROM account JOIN held USING (account) ANTI JOIN own_account USING (account) ORDER BY account""",
    ),
    RecordKind.TRANSACTION: (
        """SELECT id, account, happened AS booking_time, amount, balance AS balance_after, 'INCOME/SAVED' AS category
        FROM saved JOIN booking USING (account, place, day, amount, balance) ORDER BY place""",
    ),
    RecordKind.BALANCE: ("SELECT account || '-' || day AS id, account, happened AS time, amount FROM snapshot",),
    RecordKind.ENGAGEMENT: (
        """SELECT id, customer, happened AS time, seconds AS duration_s, area AS subject_area, channel FROM visit""",
    ),
}
"""What the ledger is told beyond the files, of the warehouse's tables: facts, and nothing that is asked about."""


@contextmanager
def serving_ledger(berka: Path, directory: Path, warehouse: Warehouse) -> Iterator[Client]:
    """A client of a server, `segmentd serve` in a process of its own, that holds the bank; it ends with the block."""
    options = ["--data-dir", str(directory / "data"), "--import-root", str(berka)]
    with child.serving(options, directory / "server.log") as server, Client(server.target) as client:
        client.create_ledger("main", currency_code=CURRENCY, time_zone=ZONE)
        client.apply_attributes(wanted_attributes(load_definitions(EXAMPLES / "attributes.yaml"), CURRENCY))
        for mapping, file in FILES.items():
            _import(client, berka / f"{file}.asc", EXAMPLES / f"{mapping}.yaml")
        for kind, queries in DERIVED.items():
            for query in queries:
                result = client.write_records(kind, warehouse.table(query))
                assert not result.rejected, result.rejected_rows[:5]
        yield client


def _import(client: Client, file: Path, mapping: Path) -> None:
    job = client.import_records(str(file), mapping.read_text("utf-8"))
    end = list(client.watch_import_job(job.id))[-1]
    assert (end.state, end.error_message, end.progress.rejected) == ("SUCCEEDED", "", 0)


def make_visits(customers: Sequence[str]) -> pa.Table:
    """Visits of web pages and branches from 1993 to 1996, the same in every run."""
    dice = Random(1993)  # noqa: S311 - no secret, the same in every run
    begin = datetime(1993, 1, 1, tzinfo=UTC)
    rows = [
        {
            "id": f"v{number}",
            "customer": customers[int(len(customers) * dice.random() ** 2)],
            "happened": begin + timedelta(seconds=dice.randrange(VISITED_DAYS * 86_400)),
            "seconds": int(dice.expovariate(1 / 1_500)),
            "area": dice.choice(("REAL_ESTATE", "CARDS", "SAVINGS", None)),
            "channel": dice.choice(("WEB", "BRANCH")),
        }
        for number in range(VISITS)
    ]
    return pa.Table.from_pylist(rows)
