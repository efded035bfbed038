"""What the log says of codes that were made of resident columns."""

from __future__ import annotations

import logging

from segmentd.scoring.recoding import Recoded
from segmentd.server.logs import log_event, stack_of


def tell_recoded(recoded: Recoded) -> None:
    """Log that codes were made, of how many columns, how large all of the ledger's are, and how long it took."""
    log_event(
        "codes",
        ledger=recoded.ledger,
        columns=recoded.columns,
        bytes=recoded.bytes,
        seconds=round(recoded.seconds, 3),
    )


def tell_recoding_failed(ledger: str, error: Exception) -> None:
    """Log that no codes could be made: requests are answered from raw columns meanwhile."""
    log_event(
        "codes_failed",
        level=logging.ERROR,
        ledger=ledger,
        error=type(error).__name__,
        stack=stack_of(error.__traceback__),
    )
