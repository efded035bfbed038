"""Transactions that come without a category are given that of the first rule that is true of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.columns.gather import gather
from segmentd.columns.planes import pack, unpack
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.kinds import AMOUNT, FIELDS, REQUIRED, RecordKind
from segmentd.facts.records import RecordBatch, Said
from segmentd.facts.rules.allowance import RULES_S, Allowance, Cancelled
from segmentd.facts.rules.compiled import CompiledRules
from segmentd.facts.rules.errors import RulesTooSlowError
from segmentd.ledger.editions import now_us
from segmentd.ledger.fields import money
from segmentd.ledger.model import Ledger
from segmentd.schema import DataType

CATEGORY: Final = "category"

NO_RULE: Final = -1

_AMOUNTS: Final = frozenset(name for name, type_ in FIELDS[RecordKind.TRANSACTION].items() if type_ == AMOUNT)
"""Fields whose columns do not say which currency they count; attributes say it."""


class CurrentRules(Protocol):
    """Who knows the rules as they are now."""

    def compiled(self, ledger_id: str) -> CompiledRules | None:
        """The ledger's rules; None where they were never set."""


class Categorizer:
    """Applies rules, which may take `limit_s` seconds of a processor on each batch. Threads may share it."""

    def __init__(
        self, engine: Engine, rules: CurrentRules, clock: Callable[[], int] = now_us, limit_s: float = RULES_S
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._clock = clock
        self._limit_s = limit_s

    def edition(self, ledger_name: str) -> str:
        """The etag of the ledger's rules; empty where it has none, and where there is no such name."""
        compiled = self._rules.compiled(ledger_name.rpartition("/")[2])
        return "" if compiled is None else compiled.rules.etag

    def categorize(self, batch: RecordBatch, ledger: Ledger, cancelled: Cancelled | None = None) -> RecordBatch:
        """The batch with categories where it has none; amounts are read as of the ledger's currency.

        Records of which a category was not said have it for a new transaction alone; those that lack a field that no
        transaction can be without only change one that is there, and get none. Raises DistinctLimitError,
        RulesTooSlowError, and EvaluationCancelledError where nobody waits any more.
        """
        compiled = self._rules.compiled(ledger.id)
        if compiled is None or not compiled.expressions or not _may_be_whole(batch):
            return batch
        records = batch.records
        lacking = np.flatnonzero(_without_category(records) & _whole(batch))
        if len(lacking) == 0:
            return batch
        as_read = _as_read(gather(records, lacking), batch.scales, money(ledger.currency_code))
        allowance = Allowance(self._limit_s, cancelled)
        try:
            found = self._first_true(compiled, as_read, allowance)
        except EvaluationCancelledError as error:
            if allowance.is_used_up:
                raise RulesTooSlowError(ledger.id, len(lacking), self._limit_s) from error
            raise
        category = _filled(records, lacking, found, [rule.category for rule in compiled.rules.rules])
        columns = {**records.columns, CATEGORY: category}
        said = batch.said if CATEGORY in records.columns else {**batch.said, CATEGORY: np.zeros(records.rows, np.bool_)}
        return replace(batch, records=replace(records, columns=columns), said=said)

    def _first_true(self, compiled: CompiledRules, batch: Batch, cancelled: Cancelled) -> npt.NDArray[np.int64]:
        """The place of the first rule that is true of each row, `NO_RULE` where none is."""
        evaluation = self._engine.evaluate(compiled.program, batch, self._clock(), planes=True, cancelled=cancelled)
        found = np.full(batch.rows, NO_RULE, dtype=np.int64)
        if evaluation.members is not None:
            for place in reversed(range(len(compiled.expressions))):
                found[unpack(np.ascontiguousarray(evaluation.members[place]), batch.rows)] = place
        return found


def _may_be_whole(batch: RecordBatch) -> bool:
    of_kind = batch.kind is RecordKind.TRANSACTION and batch.records.rows > 0
    return of_kind and batch.records.columns.keys() >= set(REQUIRED[RecordKind.TRANSACTION])


def _whole(batch: RecordBatch) -> Said:
    """Which records say all that a transaction needs."""
    whole = np.ones(batch.records.rows, np.bool_)
    for name in REQUIRED[RecordKind.TRANSACTION]:
        whole &= batch.said.get(name, True)
    return whole


def _without_category(records: Batch) -> npt.NDArray[np.bool_]:
    column = records.columns.get(CATEGORY)
    if not isinstance(column, TextColumn):
        return np.ones(records.rows, dtype=np.bool_)
    return np.asarray(column.codes == len(column.dictionary))


def _as_read(batch: Batch, scales: Mapping[str, int], currency: DataType) -> Batch:
    """The batch as expressions read it: without whose the transactions are, with amounts in the ledger's currency."""
    columns = {
        name: _amount(column, scales.get(name, currency.scale), currency) if name in _AMOUNTS else column
        for name, column in batch.columns.items()
        if name != "account"
    }
    return Batch(batch.rows, columns)


def _amount(column: Column, scale: int, currency: DataType) -> Column:
    """The amount in minor units of the currency; missing where it has more digits after the point, or too many."""
    if not isinstance(column, FixedColumn):
        raise TypeError("amounts are numbers")
    if scale == currency.scale:
        return FixedColumn(currency, column.values, column.validity)
    factor, rows = 10 ** abs(currency.scale - scale), len(column.values)
    present = np.ones(rows, np.bool_) if column.validity is None else unpack(column.validity, rows)
    values = column.values.astype(np.int64)
    if scale > currency.scale:
        fits, minor = values % factor == 0, values // factor
    else:
        most = (2**63 - 1) // factor
        fits = (-most <= values) & (values <= most)
        minor = np.where(fits, values, 0) * factor
    return FixedColumn(currency, minor, pack(present & fits))


def _filled(
    records: Batch, rows: npt.NDArray[np.int64], found: npt.NDArray[np.int64], categories: list[str]
) -> TextColumn:
    """The column of categories with those that were found in the rows that had none."""
    column = records.columns.get(CATEGORY)
    known = column.dictionary if isinstance(column, TextColumn) else pa.array([], pa.string())
    dictionary = pa.concat_arrays([known, pa.array(categories, pa.string())])
    missing = len(dictionary)
    codes = np.full(records.rows, missing, dtype=np.int32)
    if isinstance(column, TextColumn):
        given = column.codes < len(known)
        codes[given] = column.codes[given]
    codes[rows] = np.where(found == NO_RULE, missing, found + len(known))
    return TextColumn(codes, dictionary)
