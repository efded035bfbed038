"""Currency, time zone and id column of ledger `main`: what was asked for, joined with what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segmentd.ledger.drafts import DEFAULT_TIME_ZONE
from segmentd.ledger.model import Ledger
from segmentd.segments.definitions import Definitions as Sheet
from segmentd.server.config import ServerConfig
from segmentd.server.errors import LedgerConflictError

DEFAULT_CURRENCY: Final = "EUR"
DEFAULT_ID_COLUMN: Final = "customer_id"

_CURRENCY_ADVICE: Final = "leave it out: the currency of a ledger cannot change"
_ZONE_ADVICE: Final = "leave it out, or update the ledger's time zone through the API"


@dataclass(frozen=True, slots=True)
class LedgerTerms:
    """What ledger `main` is created with, or has; and the column of the population's ids."""

    currency: str
    time_zone: str
    id_column: str


def agree_terms(config: ServerConfig, sheet: Sheet, stored: Ledger | None) -> LedgerTerms:
    """The terms: as configured, else as the definitions say, else as stored.

    Raises LedgerConflictError where a stored ledger has others than those asked for.
    """
    currency = config.currency or sheet.currency
    time_zone = config.time_zone or sheet.time_zone
    if stored is not None:
        _compare("currency", currency, stored.currency_code, _CURRENCY_ADVICE)
        _compare("time_zone", time_zone, stored.time_zone, _ZONE_ADVICE)
        currency, time_zone = stored.currency_code, stored.time_zone
    return LedgerTerms(
        currency=currency or DEFAULT_CURRENCY,
        time_zone=time_zone or DEFAULT_TIME_ZONE,
        id_column=config.id_column or sheet.id_column or DEFAULT_ID_COLUMN,
    )


def _compare(field: str, given: str | None, stored: str, advice: str) -> None:
    if given not in (None, stored):
        raise LedgerConflictError(field, given=str(given), stored=stored, advice=advice)
