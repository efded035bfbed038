"""What can be said of an import before it runs: its mapping, its files, and the columns of the first of them."""

from __future__ import annotations

from dataclasses import dataclass

from segmentd.api.errors import FieldRequiredError
from segmentd.facts.imports.mapping_text import read_mapping
from segmentd.facts.imports.model import ImportOrder
from segmentd.facts.imports.opening import format_of
from segmentd.facts.imports.places import FoundFiles
from segmentd.facts.imports.planning import plan_file
from segmentd.facts.imports.running import Tools, open_source
from segmentd.facts.kinds import RecordKind, record_schema


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for. `kind`: None where the mapping is to say it."""

    source: str
    kind: RecordKind | None
    mapping: str
    dry_run: bool = False


def check_order(ledger_id: str, wanted: Wanted, tools: Tools) -> tuple[ImportOrder, FoundFiles]:
    """The order and its files. Raises SegmentdError for what is wrong already."""
    for field in ("source", "mapping"):
        if not getattr(wanted, field):
            raise FieldRequiredError(field)
    vocabulary = tools.vocabularies.vocabulary(ledger_id)
    mapping = read_mapping(wanted.mapping)
    kind = wanted.kind or mapping.kind
    if kind is None:
        raise FieldRequiredError("kind", "must be set, here or in the mapping")
    found = tools.places.find(wanted.source)
    for file in found.files:
        format_of(file, mapping)
    reader = open_source(found.filesystem, found.files[0], mapping)
    try:
        plan_file(mapping, kind, record_schema(kind, vocabulary), reader.columns)
    finally:
        reader.close()
    return ImportOrder(wanted.source, kind, wanted.mapping, wanted.dry_run), found
