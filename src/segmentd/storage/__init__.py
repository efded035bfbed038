"""The SQL database that definitions lie in: engine, transactions and migrations."""

from segmentd.storage.database import Database, open_database
from segmentd.storage.directory import DataDirectory, sync_directory
from segmentd.storage.errors import (
    DamagedError,
    DataDirectoryInUseError,
    SchemaTooNewError,
    StoreFailedError,
    UnmarkedError,
)
from segmentd.storage.marked_log import MarkedLog
from segmentd.storage.publishing import published
from segmentd.storage.writer import Writer

__all__ = [
    "DamagedError",
    "DataDirectory",
    "DataDirectoryInUseError",
    "Database",
    "MarkedLog",
    "SchemaTooNewError",
    "StoreFailedError",
    "UnmarkedError",
    "Writer",
    "open_database",
    "published",
    "sync_directory",
]
