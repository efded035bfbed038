"""Definitions and populations without a server: what `check`, `explain-plan` and `evaluate` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from segmentd.cli.progress import progress
from segmentd.columns.files import infer_attributes, read_batch, read_table
from segmentd.ledger.index import IdIndex
from segmentd.plan import Program, compile_program
from segmentd.schema import Subject
from segmentd.segments.definitions import Definitions, load_definitions

if TYPE_CHECKING:
    from segmentd.columns.column import Batch
    from segmentd.segments.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Prepared:
    """Customers or accounts, and the program that is run over them."""

    batch: Batch
    program: Program
    time_zone: str


def prepare(population: Path, file: Path, id_column: str | None, subject: Subject) -> Prepared:
    """Read a population and the definitions of all active segments. Raises DefinitionsError, ColumnErrors."""
    definitions = load_definitions(file)
    table = read_population(population)
    chosen = choose_id_column(definitions, id_column, subject)
    catalogue = complete(definitions, table, chosen, subject).catalogue()
    program = compile_segments(catalogue, (), subject)
    batch = read_batch(population, catalogue.schemas[subject], chosen, table=table)
    check_distinct(batch.ids, chosen)
    return Prepared(batch, program, catalogue.ledger.time_zone)


def check_distinct(ids: Any, column: str) -> None:
    """InvalidValueError, as a server raises it, for the first id that another row has too."""
    # Counting takes a third of the time of an index, which says where the two are.
    if ids is not None and pc.count_distinct(ids).as_py() < len(ids):
        IdIndex(ids, column=column)


def load_catalogue(file: Path, population: Path | None, id_column: str | None) -> Catalogue:
    """The catalogue of a file, completed by the columns of a population. Raises DefinitionsError, ColumnErrors."""
    definitions = load_definitions(file)
    if population is None:
        return definitions.catalogue()
    return complete(definitions, read_population(population), id_column, Subject.CUSTOMER).catalogue()


def load_subjects(
    file: Path, population: Path | None, id_column: str | None, subject: Subject
) -> tuple[Catalogue, Batch | None]:
    """The catalogue of a file, completed by the columns of a population, and its rows, None where there are none.

    Raises DefinitionsError, ColumnErrors.
    """
    definitions = load_definitions(file)
    if population is None:
        return definitions.catalogue(), None
    table, chosen = read_population(population), choose_id_column(definitions, id_column, subject)
    catalogue = complete(definitions, table, chosen, subject).catalogue()
    return catalogue, read_batch(population, catalogue.schemas[subject], chosen, table=table)


def complete(definitions: Definitions, table: Any, id_column: str | None, subject: Subject) -> Definitions:
    """The definitions with the attributes that the table's columns suggest."""
    chosen = choose_id_column(definitions, id_column, subject)
    return definitions.merge_inferred(infer_attributes(table, chosen), subject)


def choose_id_column(definitions: Definitions, asked: str | None, subject: Subject) -> str:
    """The column of the ids: as asked, else of customers as the file says, else what such columns are called."""
    said = definitions.id_column if subject is Subject.CUSTOMER else None
    return asked or said or default_id_column(subject)


def default_id_column(subject: Subject) -> str:
    """What the column of the ids is called where nobody says so."""
    return f"{subject}_id"


def read_population(path: Path) -> Any:
    """The table in a file, with a progress bar. Raises ColumnErrors."""
    with progress(f"reading {path.name}") as report:
        return read_table(path, report)


def compile_segments(catalogue: Catalogue, segments: Sequence[str], subject: Subject) -> Program:
    """The program of these segments of a subject, of all active ones where none are named. Raises SegmentdError."""
    asked = catalogue.asked(subject, segments)
    return compile_program(asked, (), catalogue.definitions(subject), catalogue.schemas[subject])
