"""Rows are read from the bytes of requests as protobuf's own parser, and plain Python after it, would read them."""

from __future__ import annotations

from collections import Counter
from random import Random, SystemRandom
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import settings

from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import record_pb2
from segmentd.errors import SegmentdError
from segmentd.facts.decoding.batches import KINDS, check_draft
from segmentd.facts.kinds import record_schema
from segmentd.facts.records import RecordBatch
from segmentd.facts.writing.requests import decode_request
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary
from tests.columns.naive import values_in
from tests.facts.decoding.parsed_rows import draft_of
from tests.facts.decoding.wire_requests import generate, parsed
from tests.wire.encoding import LENGTH

FUZZING = settings.get_current_profile_name() == "fuzz"
pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(7_200 if FUZZING else 120)]

SEED = 1997
INPUTS = 100_000 if FUZZING else 1_500

MALFORMED = "MALFORMED_REQUEST"


class Known:
    """One ledger, without rules."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def vocabulary(self, _ledger_id: str) -> Vocabulary:
        """The ledger's."""
        return self._vocabulary

    def edition(self, _ledger_name: str) -> str:
        """None."""
        return ""

    def categorize(self, batch: RecordBatch, _ledger: Ledger, _cancelled: object = None) -> RecordBatch:
        """As it is."""
        return batch


def read(raw: bytes, known: Known) -> Any:
    """What the bytes say, or why they are refused."""
    try:
        return told(decode_request(raw, "", known, known).batch)
    except SegmentdError as error:
        return MALFORMED if error.reason == MALFORMED else "refused"


def read_officially(raw: bytes, known: Known) -> Any:
    """The same by way of protobuf; None of what is not compared."""
    try:
        message = parsed(raw)
    except DecodeError:
        return MALFORMED
    if message.batch.WhichOneof("form") != "rows" or has_odd_entries(message.batch.rows):
        return None
    try:
        parse_ledger_name(message.parent, "parent")
        kind = KINDS[message.batch.kind]
        batch = check_draft(draft_of(message.batch.rows, kind, record_schema(kind, known.vocabulary("main")), ""))
    except (SegmentdError, KeyError):
        return "refused"
    return told(batch)


def has_odd_entries(rows: record_pb2.RecordRows) -> bool:
    """Whether a map has entries with unknown fields: the parser of Python takes such for unknown; others do not."""
    return any(
        unknown.field_number == record.DESCRIPTOR.fields_by_name["attributes"].number
        for field, records in rows.ListFields()
        for record in records
        for unknown in unknown_fields(record)
        if field.name != "rates" and unknown.wire_type == LENGTH
    )


def unknown_fields(message: Any) -> Any:
    """Those that the parser has kept."""
    return UnknownFieldSet(message)


def told(batch: RecordBatch) -> Any:
    """All that a batch says, as Python has it."""
    columns = {name: values_in(column, batch.records.rows) for name, column in sorted(batch.records.columns.items())}
    said = {name: flags.tolist() for name, flags in sorted(batch.said.items())}
    rejected = sorted(each.row for each in batch.rejected)  # of two reasons which comes first is not the wire's
    assert batch.records.ids is not None
    return batch.kind, batch.records.ids.to_pylist(), columns, said, batch.rows.tolist(), rejected


def test_rows_are_read_as_protobuf_reads_them(vocabulary: Vocabulary) -> None:
    """The same requests are refused; of all others every id, value, and what is said and rejected, is the same."""
    seed = SystemRandom().randrange(10**9) if FUZZING else SEED
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by its seed
    random, known = Random(seed), Known(vocabulary)  # noqa: S311 - nothing secret
    seen: Counter[str] = Counter()
    for _ in range(INPUTS):
        raw = generate(random)
        expected, found = read_officially(raw, known), read(raw, known)
        if expected is None:
            assert found != MALFORMED, raw.hex()
        else:
            # What is malformed may be refused for something that comes before it.
            assert found in ((MALFORMED, "refused") if expected == MALFORMED else (expected,)), raw.hex()
        seen[expected if isinstance(expected, str) else "taken"] += 1
        seen["rows"] += len(expected[4]) if isinstance(expected, tuple) else 0
    assert min(seen[MALFORMED], seen["refused"], seen["rows"]) > INPUTS / 10, seen
    assert seen["taken"] > INPUTS / 3, seen
