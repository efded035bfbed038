"""What the journal keeps: accepted batches as bytes, what became of them, and the files of checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from segmentd.facts.records import WriteOutcome


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch that was staged and is to be kept.

    `payload`: what replays it, None where the batch changed nothing; then `outcome.version` is that before it.
    `batch_id` is empty where the client gave none: nobody can ask for its outcome. `erases`: who was deleted for good,
    so that all traces of them are to go.
    """

    ledger_id: str
    batch_id: str
    outcome: WriteOutcome
    payload: bytes | None
    erases: Traces | None = None


@dataclass(frozen=True, slots=True)
class Traces:
    """Ids of customers who were erased, and of accounts that went with them."""

    customers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who was erased, and may have left traces: bytes that were not overwritten yet, or ids in other stores.

    `number` counts the erasures of all ledgers; `version` is the one without them. No traces are named once only bytes
    can be left.
    """

    number: int
    version: int
    traces: Traces


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A file of a checkpoint: the table that it holds, its size, and the CRC-32 of all its bytes."""

    table: str
    size: int
    crc32: int

    @property
    def name(self) -> str:
        """The file's name in the checkpoint's folder."""
        return f"{self.table}.arrow"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All facts of a ledger at a version: the folder, in the ledger's own, and its files."""

    ledger_id: str
    version: int
    folder: str
    files: tuple[CheckpointFile, ...]
