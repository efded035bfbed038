"""What is durable of the facts: an SQLite file of batches, and checkpoints as Arrow files."""

from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.journal import Journal
from segmentd.facts.journal.model import Checkpoint, CheckpointFile, Entry, Erasure, Traces

__all__ = [
    "Checkpoint",
    "CheckpointFile",
    "Entry",
    "Erasure",
    "FactsDamagedError",
    "Journal",
    "Traces",
]
