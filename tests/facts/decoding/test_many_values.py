"""A batch of few bytes may not become any size: rows times fields are bounded, in each form."""

from __future__ import annotations

import pyarrow as pa
import pytest

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import record_pb2 as pb
from segmentd.columns.errors import TooManyRowsError
from segmentd.engine.requests.message import whole_message
from segmentd.facts.decoding.batches import decode_records
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.schema import BOOL, AttributeSpec, Subject
from tests.facts.decoding.conftest import NOW
from tests.facts.decoding.records import NUMBERS, arrow_batch

ROWS = 1 << 20
NAMES = [f"flag{number}" for number in range(40)]
KIND = NUMBERS["customer"]


@pytest.fixture(scope="module")
def wide() -> Vocabulary:
    """A ledger whose customers have forty attributes."""
    ledger = Ledger("main", "", "EUR", "UTC", NOW, NOW, "e")
    specs = [AttributeSpec(name, BOOL) for name in NAMES]
    return build_vocabulary(ledger, [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs])


@pytest.mark.parametrize("customer", [{"cleared_fields": NAMES}, {"attributes": dict.fromkeys(NAMES)}])
def test_one_row_that_says_all_fields_of_a_million(wide: Vocabulary, customer: dict[str, object]) -> None:
    """Rows that say nothing have a value in each column that another row makes."""
    first = pb.Customer(id="a", cleared_fields=customer.get("cleared_fields"))  # type: ignore[arg-type]
    for name in customer.get("attributes", {}):  # type: ignore[attr-defined]
        first.attributes[name].SetInParent()
    rows = pb.RecordRows(customers=[first]).SerializeToString() + b"\x0a\x03\x0a\x01b" * (ROWS - 1)
    with pytest.raises(TooManyRowsError, match=f"the batch has {ROWS} rows; at most 1016800 are allowed"):
        decode_records(pb.RecordBatch(kind=KIND), wide, rows=whole_message(rows))


def test_columns_of_nothing(wide: Vocabulary) -> None:
    """A column of Arrow without a value takes no bytes, and a value a row once it is read."""
    table = pa.table({"id": pa.array(["b"] * ROWS), **{name: pa.nulls(ROWS) for name in NAMES}})
    with pytest.raises(TooManyRowsError, match="at most 818400 are allowed"):
        decode_records(arrow_batch("customer", table), wide)


def test_columns_of_bits(wide: Vocabulary) -> None:
    """So does a column of bits, an eighth of a byte a row."""
    raw = features.RawValues(type=features.RawValues.ELEMENT_TYPE_BIT, data=bytes(ROWS // 8))
    columns = features.ColumnBatch(columns=[features.Column(attribute=name, raw=raw) for name in NAMES], row_count=ROWS)
    with pytest.raises(TooManyRowsError, match="at most 838860 are allowed"):
        decode_records(pb.RecordBatch(kind=KIND, columns=columns), wide)
