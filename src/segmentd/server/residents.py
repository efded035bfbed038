"""The customers of a file as the resident population of ledger `main`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.files import infer_attributes, read_batch, read_table_for
from segmentd.columns.headers import attribute_ids
from segmentd.ledger.drafts import LedgerDraft
from segmentd.ledger.errors import LedgerNotFoundError
from segmentd.ledger.population import Populations, build_population, check_against
from segmentd.schema import STRING, AttributeSpec, Schema, Subject
from segmentd.server.config import ServerConfig
from segmentd.server.definitions import Definitions
from segmentd.server.logs import log_event

MAIN: Final = "main"
"""The ledger that the population belongs to."""


def load_population(path: Path, config: ServerConfig, definitions: Definitions, populations: Populations) -> None:
    """Make the customers of the file resident in ledger `main`, which is created if it is lacking.

    Columns that are no attributes yet become some; those that are stored stay as they are, and the file has to fit.
    Raises SegmentdError that names the column or says what is wrong with the file.
    """
    begun = time.monotonic()
    schema = _customers_of_main(config, definitions)
    table = read_table_for(path, schema, config.id_column)
    inferred = infer_attributes(table, config.id_column)
    check_against(schema, inferred)
    definitions.attributes.adopt(MAIN, Subject.CUSTOMER, inferred)
    schema = definitions.catalogues.current(MAIN).schemas[Subject.CUSTOMER]
    batch = read_batch(path, schema, config.id_column, table=table)
    population = build_population(
        batch,
        id_column=config.id_column,
        data_version=_data_version(path),
        schema=schema,
        unread=_unread(table, path, config.id_column, inferred, batch),
    )
    populations.put(MAIN, population)
    log_event("population", rows=batch.rows, columns=len(batch.columns), seconds=round(time.monotonic() - begun, 3))


def _customers_of_main(config: ServerConfig, definitions: Definitions) -> Schema:
    """The attributes of the ledger's customers; none where the ledger had to be created."""
    try:
        catalogue = definitions.catalogues.current(MAIN)
    except LedgerNotFoundError:
        definitions.ledgers.create(MAIN, LedgerDraft(currency_code=config.currency, time_zone=config.time_zone))
        catalogue = definitions.catalogues.current(MAIN)
    return catalogue.schemas[Subject.CUSTOMER]


def _unread(
    table: pa.Table, path: Path, id_column: str, inferred: Iterable[AttributeSpec], batch: Batch
) -> dict[str, str]:
    """The columns that suggest no attribute and are none, by id, with their types; a field of CSV is always a text.

    A column without any value fits every attribute.
    """
    read = {spec.id for spec in inferred} | batch.columns.keys()
    is_text = path.suffix.lower() == ".csv"
    ids = attribute_ids([header for header in table.column_names if header != id_column])
    types = {attribute: table.schema.field(header).type for header, attribute in ids.items() if attribute not in read}
    return {id_: str(STRING if is_text else type_) for id_, type_ in types.items() if not pa.types.is_null(type_)}


def _data_version(path: Path) -> int:
    """When the file was written, in microseconds: the same rows after a restart, greater for a newer file."""
    return max(path.stat().st_mtime_ns // 1_000, 1)
