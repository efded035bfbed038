"""The logs of a version as texts and numbers that mean the same outside of the book."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.past import LogKey, LogView
from segmentd.facts.book.pool import ListPoolView, PoolView, numbers_of
from segmentd.facts.book.table_view import OWNERS
from segmentd.facts.book.view import View
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import LISTS, TEXTS, Gone, History, PastValues
from segmentd.schema import Kind


def history_of(view: View) -> History:
    """What of the past is in no file."""
    return History(view.past.time_us, past_values(view, view.past.since_us), gone_of(view))


def gone_of(view: View) -> Gone:
    """The ids of records that were deleted since files were written, and when."""
    return {
        kind: dict(zip(_ids(view, kind, gone.numbers).to_pylist(), gone.until_us.tolist(), strict=True))
        for kind, gone in view.past.gone.items()
    }


def past_values(view: View, moment_us: int) -> tuple[PastValues, ...]:
    """What was replaced after a moment and is in no file, of records that were not deleted since."""
    gone = gone_of(view)
    later = ((key, log) for key, log in view.past.logs.items() if log.count_after(moment_us))
    return tuple(_values(view, key, log, log.first_after(moment_us)).without(gone) for key, log in later)


def _values(view: View, key: LogKey, log: LogView, first: int) -> PastValues:
    kind, name = key
    values = _owners(view, log, first) if name == OWNERS else _plain(log, first)
    return PastValues(kind, name, log.type, _ids(view, kind, log.numbers[first:]), log.until_us[first:], values)


def _plain(log: LogView, first: int) -> pa.Array:
    values = log.cells.values[first:]
    present = np.ones(len(values), np.bool_) if log.cells.present is None else log.cells.present[first:].view(np.bool_)
    match log.pool:
        case PoolView():
            return log.pool.texts().take(pa.array(values, mask=values < 0)).cast(TEXTS)
        case ListPoolView():
            return log.pool.texts().take(pa.array(values)).cast(LISTS)
    numbers = values.view(np.int64) if log.type.kind is Kind.DOUBLE else values.astype(np.int64)
    return pa.array(numbers, mask=~present)


def _owners(view: View, log: LogView, first: int) -> pa.ListArray:
    """Lists of an owner's id and role by turns, out of lists of their numbers."""
    if not isinstance(log.pool, ListPoolView):
        raise TypeError("owners are lists")
    lists = log.cells.values[first:]
    offsets, pairs = numbers_of(log.pool.lists)
    sizes = np.diff(offsets)[lists]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    taken = pairs[np.repeat(offsets[lists] - starts[:-1], sizes) + np.arange(starts[-1])]
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), _by_turns(view, log.pool, taken))


def _by_turns(view: View, pool: ListPoolView, pairs: Numbers) -> pa.StringArray:
    customers = _ids(view, RecordKind.CUSTOMER, pairs[::2])
    both = pa.concat_arrays([customers, pool.elements.texts().take(pa.array(pairs[1::2]))])
    places = np.stack([np.arange(len(customers)), np.arange(len(customers)) + len(customers)], axis=1).ravel()
    return pc.take(both, pa.array(places))


def _ids(view: View, kind: RecordKind, numbers: npt.NDArray[np.integer]) -> pa.StringArray:
    return view.tables[kind].ids.texts().take(pa.array(numbers))
