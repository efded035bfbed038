"""From ids to rows: the ids' hashes in order, every hit compared with the id itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.errors import InvalidValueError

Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.int64]

LACKING: Final = -1
"""The row of an id that nobody has."""

_CHUNK: Final = 1 << 16
_FEW: Final = 64
"""Up to so many ids are looked up one by one, which is quicker than to begin a vectorised look-up."""


class IdIndex:
    """The rows of distinct ids: 16 bytes a row. Threads may share it.

    Python hashes text with a key of the process (SipHash), so nobody can choose ids that collide.
    """

    __slots__ = ("_hashes", "_ids", "_rows")

    def __init__(self, ids: pa.StringArray, *, column: str) -> None:
        """InvalidValueError, naming `column`, for the first id that another row has too."""
        hashes = _hash_all(ids)
        order = np.argsort(hashes, kind="stable")
        self._ids = ids
        self._hashes: Hashes = hashes[order]
        self._rows: Rows = order.astype(np.int64, copy=False)
        self._check_distinct(column)

    def rows_of(self, ids: pa.StringArray | Sequence[str]) -> Rows:
        """The row of each id, -1 where nobody has it."""
        if len(ids) <= _FEW:
            texts = ids.to_pylist() if isinstance(ids, pa.Array) else ids
            return np.array([self._row_of(text) for text in texts], dtype=np.int64)
        asked = ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string())
        hashes = _hash_all(asked)
        places = self._places(hashes)
        rows = np.full(len(asked), LACKING, dtype=np.int64)
        open_ = np.arange(len(asked))
        while len(open_ := open_[self._is_hit(places[open_], hashes[open_])]):
            candidates = self._rows[places[open_]]
            same = pc.equal(self._ids.take(pa.array(candidates)), asked.take(pa.array(open_)))
            equal = same.to_numpy(zero_copy_only=False)
            rows[open_[equal]] = candidates[equal]
            open_ = open_[~equal]
            places[open_] += 1
        return rows

    def _row_of(self, text: str) -> int:
        hashed = hash(text)
        place = int(np.searchsorted(self._hashes, hashed))
        while place < len(self._hashes) and self._hashes[place] == hashed:
            row = int(self._rows[place])
            if self._ids[row].as_py() == text:
                return row
            place += 1
        return LACKING

    def _places(self, hashes: Hashes) -> Rows:
        """Where each hash stands or would stand. A million in order take 0.2 s, out of order, past the caches, 1 s."""
        order = np.argsort(hashes)
        places = np.empty(len(hashes), dtype=np.int64)
        places[order] = np.searchsorted(self._hashes, hashes[order])
        return places

    def _is_hit(self, places: Rows, hashes: Hashes) -> npt.NDArray[np.bool_]:
        if len(self._hashes) == 0:
            return np.zeros(len(places), dtype=np.bool_)
        inside = np.minimum(places, len(self._hashes) - 1)
        hit: npt.NDArray[np.bool_] = (places < len(self._hashes)) & (self._hashes[inside] == hashes)
        return hit

    def _check_distinct(self, column: str) -> None:
        twice: tuple[int, int] | None = None
        for run in self._runs():
            first_rows: dict[str, int] = {}
            for row in run:
                text = self._ids[row].as_py()
                if text in first_rows and (twice is None or row < twice[0]):
                    twice = row, first_rows[text]
                first_rows.setdefault(text, row)
        if twice is not None:
            row, first = twice
            allowed = f"ids are distinct, and row {first} has it too"
            raise InvalidValueError(column, row=row, value=self._ids[row].as_py(), allowed=allowed)

    def _runs(self) -> Iterator[list[int]]:
        """Rows of equal hashes, where there are more than one, in the order of the rows."""
        changes = np.flatnonzero(np.diff(self._hashes)) + 1
        starts, stops = np.append(0, changes), np.append(changes, len(self._hashes))
        for place in np.flatnonzero(stops - starts > 1):
            yield self._rows[starts[place] : stops[place]].tolist()


def _hash_all(ids: pa.StringArray) -> Hashes:
    hashes = np.empty(len(ids), dtype=np.int64)
    for start in range(0, len(ids), _CHUNK):
        texts = ids.slice(start, _CHUNK).to_pylist()
        hashes[start : start + len(texts)] = np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))
    return hashes
