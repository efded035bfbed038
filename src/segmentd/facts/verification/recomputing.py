"""Aggregated attributes computed from gathered facts, block by block, beside what evaluations are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import Plane, unpack
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.verification.model import AggregateReport
from segmentd.ledger.compiled_aggregates import CompiledAggregate

BLOCK: Final = 65_536
"""Subjects at a time."""

Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Aggregates by id as they are held: a column each, a row a subject. `followed`: see the report."""

    standpoint: Standpoint
    aggregates: Mapping[str, CompiledAggregate]
    columns: Mapping[str, Column]
    followed: bool


def compare(engine: Engine, held: Held, cancelled: Cancelled) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Subjects done, of how many, and by attribute how many of the block just done differ.

    Raises EvaluationCancelledError and DistinctLimitError.
    """
    slots = held.standpoint.slots
    wanted = tuple(held.aggregates.values())
    for start in range(0, len(slots), BLOCK):
        end = min(start + BLOCK, len(slots))
        anew = compute_all(engine, wanted, held.standpoint, slots[start:end], cancelled=cancelled)
        found = {
            id_: differing(held.columns[id_], start, end, column)
            for id_, column in zip(held.aggregates, anew, strict=True)
        }
        yield end, len(slots), found


def report_of(held: Held, differing_by_id: Mapping[str, int]) -> tuple[AggregateReport, ...]:
    """What a comparison came to."""
    subject, rows = held.standpoint.subject, len(held.standpoint.slots)
    return tuple(
        AggregateReport(f"{subject}.{id_}", held.followed, rows, differing_by_id.get(id_, 0)) for id_ in held.aggregates
    )


def differing(held: Column, start: int, end: int, anew: Column) -> int:
    """In how many rows, from `start` to before `end` of the one and all of the other, two columns differ."""
    if type(held) is not type(anew) or held.type != anew.type:
        return end - start
    match held, anew:
        case FixedColumn(), FixedColumn():
            there, here = _present(held.validity, start, end), _present(anew.validity, 0, end - start)
            equal = held.values[start:end] == anew.values
            if held.values.dtype.kind == "f":
                equal |= np.isnan(held.values[start:end]) & np.isnan(anew.values)
            return int((there != here).sum() + (there & here & ~equal).sum())
        case (BoolColumn(), BoolColumn()):
            there, here = _present(held.validity, start, end), _present(anew.validity, 0, end - start)
            other = unpack(held.values, end)[start:] != unpack(anew.values, end - start)
            return int((there != here).sum() + (there & here & other).sum())
        case (TextColumn() | ListColumn(), TextColumn() | ListColumn()):
            return _differing_texts(held, start, end, anew)
    return end - start


def _present(validity: Plane | None, start: int, end: int) -> npt.NDArray[np.bool_]:
    return np.ones(end - start, np.bool_) if validity is None else unpack(validity, end)[start:]


def _differing_texts(held: TextColumn | ListColumn, start: int, end: int, anew: TextColumn | ListColumn) -> int:
    there = _texts(held.codes[start:end], held.dictionary)
    here = _texts(anew.codes, anew.dictionary)
    return sum(one != other for one, other in zip(there, here, strict=True))


def _texts(codes: npt.NDArray[np.int32], dictionary: pa.Array) -> list[object]:
    missing = codes == len(dictionary)
    found: list[object] = dictionary.take(pa.array(codes, mask=missing)).to_pylist()
    return found
