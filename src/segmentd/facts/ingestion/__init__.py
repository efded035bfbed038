"""How batches of records get into ledgers: a queue, one writer, group commits, and checkpoints in the background."""

from segmentd.facts.ingestion.checkpoints import Checkpointed, CheckpointListener, CheckpointPolicy
from segmentd.facts.ingestion.errors import IngestionClosedError
from segmentd.facts.ingestion.ingestion import Ingestion
from segmentd.facts.ingestion.orders import Limits
from segmentd.facts.ingestion.shelf import Shelf, WritableBook

__all__ = [
    "CheckpointListener",
    "CheckpointPolicy",
    "Checkpointed",
    "Ingestion",
    "IngestionClosedError",
    "Limits",
    "Shelf",
    "WritableBook",
]
