"""The SQL stores on SQLite keep the contract of stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from segmentd.ledger.store import SqlAttributeStore, SqlLedgerStore
from segmentd.segments.store import SqlSegmentStore
from segmentd.storage import open_database
from tests.segments.store_contract import StoreContract, Stores


class TestSqliteStores(StoreContract):
    """SQLite in a data directory."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[Stores]:
        """Stores over a new database; reopened, they are over another connection to the same file."""
        with ExitStack() as opened:

            def open_stores() -> Stores:
                database = open_database(tmp_path)
                opened.callback(database.close)
                return Stores(
                    SqlLedgerStore(database), SqlAttributeStore(database), SqlSegmentStore(database), open_stores
                )

            yield open_stores()
