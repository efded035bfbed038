"""The definitions of a data directory: opened, loaded and compiled, with the use cases that change them."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

from segmentd.facts.imports.store import SqlImportStore
from segmentd.facts.rules.service import RulesService
from segmentd.facts.rules.store import SqlRulesStore
from segmentd.ledger.attributes import AttributeService
from segmentd.ledger.service import LedgerService
from segmentd.ledger.store import SqlAttributeStore, SqlLedgerStore
from segmentd.ledger.usage import Residents
from segmentd.segments.catalogue import Catalogues, load_catalogues
from segmentd.segments.service import SegmentService
from segmentd.segments.store import SqlSegmentStore
from segmentd.server.logs import log_event
from segmentd.storage import DataDirectory, Writer, open_database


class Definitions:
    """Ledgers, attributes and segments of a data directory, which this process owns until `close()`.

    Raises DataDirectoryInUseError, StoreFailedError, or DefinitionsBrokenError where what is stored does not compile.
    """

    def __init__(self, data_dir: Path, residents: Residents) -> None:
        self._open = ExitStack()
        try:
            self._load(data_dir, residents)
        except BaseException:
            self._open.close()
            raise

    def _load(self, data_dir: Path, residents: Residents) -> None:
        directory = self._open.enter_context(DataDirectory(data_dir))
        database = open_database(directory.path)
        self._open.callback(database.close)
        if database.was_unguarded:
            log_event("definitions_unguarded", level=logging.WARNING, database=database.path)
        self.writer = Writer()
        self._open.callback(self.writer.close)
        ledgers, attributes = SqlLedgerStore(database), SqlAttributeStore(database)
        segments = SqlSegmentStore(database)
        self.catalogues: Catalogues = load_catalogues(ledgers, attributes, segments)
        self.rules = RulesService(SqlRulesStore(database), self.catalogues)
        self.ledgers = LedgerService(ledgers, self.rules, residents)
        self.attributes = AttributeService(attributes, self.rules, residents)
        self.segments = SegmentService(segments, self.catalogues)
        self.import_jobs = SqlImportStore(database)

    def close(self) -> None:
        """Finish the changes that were begun, close the database, let others own the directory."""
        self._open.close()
