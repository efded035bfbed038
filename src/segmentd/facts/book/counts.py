"""How many records a version has."""

from __future__ import annotations

import numpy as np

from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.view import View
from segmentd.facts.kinds import RecordKind


def count_records(view: View, kind: RecordKind) -> int:
    """The records of a kind."""
    lives = view.tables[kind].lives
    return _living(lives.died, lives.mark) + _living(lives.tail_died[: lives.tail_rows], lives.mark)


def _living(died: Numbers, mark: int) -> int:
    return int(np.count_nonzero((died == 0) | (died > mark)))
