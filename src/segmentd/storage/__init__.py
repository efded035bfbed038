"""The SQL database that definitions lie in: engine, transactions and migrations."""

from segmentd.storage.database import Database, open_database
from segmentd.storage.directory import DataDirectory, sync_directory
from segmentd.storage.errors import DataDirectoryInUseError, SchemaTooNewError, StoreFailedError
from segmentd.storage.mark import Mark, Marked
from segmentd.storage.writer import Writer

__all__ = [
    "DataDirectory",
    "DataDirectoryInUseError",
    "Database",
    "Mark",
    "Marked",
    "SchemaTooNewError",
    "StoreFailedError",
    "Writer",
    "open_database",
    "sync_directory",
]
