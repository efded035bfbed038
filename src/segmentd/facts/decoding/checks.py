"""What a kind of record asks of its rows, beyond that each value fits its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.api.errors import FieldRequiredError
from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.engine.text.spans import byte_sizes
from segmentd.engine.text.tabulation import MAX_TEXT_BYTES
from segmentd.facts.decoding.draft import Draft
from segmentd.facts.decoding.faults import MISSING, Wrong
from segmentd.facts.decoding.ids import wrong_lengths
from segmentd.facts.decoding.pairs import check_consents, check_owners
from segmentd.facts.kinds import ID_LENGTH, OWNER, REQUIRED, RecordKind
from segmentd.ledger.currencies import EXPONENTS

_RATE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_RATE_FORM: Final = "a rate is digits with a point, at most 9 before and 9 after it, more than 0"
_TEXT_SIZE: Final = f"a text has at most {MAX_TEXT_BYTES:,} bytes"
_LIST_SIZE: Final = f"a list has at most {MAX_TEXT_BYTES:,} bytes, its texts and one for each"
_CURRENCY: Final = "it must be a currency code of ISO 4217, such as EUR"


def check_records(draft: Draft) -> None:
    """Reject the rows that are no records of the draft's kind. Raises FieldRequiredError for what is no batch of it."""
    for name in REQUIRED[draft.kind]:
        column = draft.columns.get(name)
        if column is not None:
            draft.faults.reject(missing_rows(column, draft.rows) & draft.says(name), name, MISSING)
    _check_sizes(draft)
    _check_references(draft)
    check = _CHECKS.get(draft.kind)
    if check is not None:
        check(draft)


def missing_rows(column: Column, rows: int) -> Wrong:
    """Which rows have no value."""
    match column:
        case TextColumn():
            return np.asarray(column.codes == len(column.dictionary))
        case FixedColumn() | BoolColumn() if column.validity is not None:
            return ~unpack(column.validity, rows)
        case _:
            return np.zeros(rows, dtype=np.bool_)


def _check_sizes(draft: Draft) -> None:
    """Reject what operations on text refuse to look at: one such value would fail the evaluations of all records."""
    for name, column in draft.columns.items():
        match column:
            case TextColumn():
                draft.reject_texts(name, byte_sizes(column.dictionary) > MAX_TEXT_BYTES, _TEXT_SIZE)
            case ListColumn():
                draft.reject_lists(name, byte_sizes(column.dictionary) > MAX_TEXT_BYTES, _LIST_SIZE)


def _check_references(draft: Draft) -> None:
    name = OWNER.get(draft.kind)
    column = None if name is None else draft.text(name)
    if name is not None and column is not None:
        draft.reject_texts(name, wrong_lengths(column.dictionary), ID_LENGTH)


def _check_account(draft: Draft) -> None:
    check_owners(draft)
    _check_currency(draft)


def _check_currency(draft: Draft) -> None:
    column = draft.text("currency")
    if column is not None:
        known = pc.is_in(column.dictionary, pa.array(list(EXPONENTS))).to_numpy(zero_copy_only=False)
        draft.reject_texts("currency", ~known, _CURRENCY)


def _check_rate(draft: Draft) -> None:
    """A rate is its currency, its day and its number: it has no fields that could stay as they are."""
    for name in REQUIRED[RecordKind.RATE]:
        if name not in draft.columns:
            raise FieldRequiredError(draft.path, f"must have the field {name!r}")
    _check_currency(draft)
    column = draft.text("rate")
    if column is not None:
        texts = column.dictionary.to_pylist()
        wrong = [not _RATE.fullmatch(text) or not text.strip("0.") for text in texts]
        draft.reject_texts("rate", np.array(wrong, dtype=np.bool_), _RATE_FORM)


_CHECKS: Final[Mapping[RecordKind, Callable[[Draft], None]]] = {
    RecordKind.CUSTOMER: check_consents,
    RecordKind.ACCOUNT: _check_account,
    RecordKind.RATE: _check_rate,
}
