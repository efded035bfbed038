"""Ledger `main` as a server is started with it: its definitions from a file, its customers resident from another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.files import infer_attributes, read_batch, read_table_for
from segmentd.columns.headers import attribute_ids
from segmentd.columns.uses import ColumnUses, find_uses
from segmentd.ledger.drafts import LedgerDraft
from segmentd.ledger.errors import LedgerNotFoundError
from segmentd.ledger.population import Population, Populations, build_population, check_against
from segmentd.schema import STRING, AttributeSpec, Schema, Subject
from segmentd.segments.catalogue import Catalogue
from segmentd.segments.definitions import Definitions as Sheet
from segmentd.segments.definitions import load_definitions
from segmentd.server.config import ServerConfig
from segmentd.server.definitions import Definitions
from segmentd.server.logs import log_event
from segmentd.server.sheets import EMPTY, MAIN, apply_given, apply_others, check_types, declared_types, plan_catalogue
from segmentd.server.terms import LedgerTerms, agree_terms

GoOn = Callable[[], None]
"""Called between steps; raises where the start is to be given up."""


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A file of customers: its table, and the attributes that its columns suggest."""

    path: Path
    table: pa.Table
    inferred: tuple[AttributeSpec, ...]


def prepare_main(
    config: ServerConfig, definitions: Definitions, populations: Populations, go_on: GoOn = lambda: None
) -> None:
    """Bring the files of the configuration into ledger `main`, which is created if it is lacking.

    Everything is read and checked before anything is stored. Columns that are no attributes yet become some; those that
    are stored stay as they are, and the file has to fit. Raises SegmentdError that names the setting, the entry of the
    definitions or the column at fault.
    """
    sheet = EMPTY if config.definitions is None else load_definitions(config.definitions)
    stored = _stored(definitions)
    terms = agree_terms(config, sheet, None if stored is None else stored.ledger)
    if config.population is None and config.definitions is None:
        return
    check_types(sheet, stored, declared_types(sheet))
    begun = time.monotonic()
    file = None if config.population is None else _read(config.population, sheet, stored, terms, go_on)
    inferred = () if file is None else file.inferred
    planned = None if config.definitions is None else plan_catalogue(sheet, stored, inferred, terms)
    schema = planned.schemas[Subject.CUSTOMER] if planned else _known(sheet, stored, terms, inferred)
    population = None if file is None else _build(file, schema, terms, go_on)
    _store(sheet, planned, file, terms, definitions)
    if population is not None and file is not None:
        current = definitions.catalogues.current(MAIN).schemas[Subject.CUSTOMER]
        populations.put(MAIN, replace(population, schema=current))
        _tell(population, find_uses(file.table, current, terms.id_column), begun)


def _stored(definitions: Definitions) -> Catalogue | None:
    try:
        return definitions.catalogues.current(MAIN)
    except LedgerNotFoundError:
        return None


def _known(
    sheet: Sheet, stored: Catalogue | None, terms: LedgerTerms, inferred: Iterable[AttributeSpec] = ()
) -> Schema:
    """The customers' attributes that are known without compiling: those stored, those of the file, those inferred."""
    specs = {spec.id: spec for spec in inferred}
    specs.update({spec.id: spec for spec in stored.schemas[Subject.CUSTOMER]} if stored else {})
    for declared in sheet.attributes:
        if declared.subject is Subject.CUSTOMER and declared.type is not None:
            aggregated = declared.aggregate is not None
            specs[declared.id] = AttributeSpec(
                declared.id, declared.type, expression=declared.expression, aggregated=aggregated
            )
    return Schema(Subject.CUSTOMER, tuple(specs.values()), terms.time_zone)


def _read(path: Path, sheet: Sheet, stored: Catalogue | None, terms: LedgerTerms, go_on: GoOn) -> CustomerFile:
    known = _known(sheet, stored, terms)
    table = read_table_for(path, known, terms.id_column, lambda _done, _total: go_on())
    go_on()
    # What a file holds today says nothing about tomorrow's customers.
    inferred = tuple(replace(spec, required=False) for spec in infer_attributes(table, terms.id_column))
    check_against(known, inferred)
    return CustomerFile(path, table, inferred)


def _build(file: CustomerFile, schema: Schema, terms: LedgerTerms, go_on: GoOn) -> Population:
    check_against(schema, file.inferred)
    batch = read_batch(file.path, schema, terms.id_column, table=file.table)
    go_on()
    population = build_population(
        batch,
        id_column=terms.id_column,
        data_version=_data_version(file.path),
        schema=schema,
        unread=_unread(file.table, file.path, terms.id_column, file.inferred, batch),
    )
    go_on()
    return population


def _store(
    sheet: Sheet, planned: Catalogue | None, file: CustomerFile | None, terms: LedgerTerms, definitions: Definitions
) -> None:
    if _stored(definitions) is None:
        definitions.ledgers.create(MAIN, LedgerDraft(currency_code=terms.currency, time_zone=terms.time_zone))
    if planned is not None:
        apply_given(sheet, planned, definitions)
    if file is not None:
        definitions.attributes.adopt(MAIN, Subject.CUSTOMER, file.inferred)
    if planned is not None:
        apply_others(sheet, planned, definitions)
        version = definitions.catalogues.current(MAIN).version
        log_event("definitions", segments=len(sheet.segments), attributes=len(sheet.attributes), version=version)


def _tell(population: Population, uses: ColumnUses, begun: float) -> None:
    batch = population.batch
    log_event("population", rows=batch.rows, columns=len(batch.columns), seconds=round(time.monotonic() - begun, 3))
    if uses.renamed or uses.left_out:
        level = logging.WARNING if uses.left_out else logging.INFO
        log_event("columns", level=level, renamed=dict(uses.renamed), left_out=dict(uses.left_out))


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
