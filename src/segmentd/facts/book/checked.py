"""A batch that was looked up in the tables, with what is wrong with its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from segmentd.columns.column import Column
from segmentd.engine.facts.rows import Numbers, Rows
from segmentd.facts.book.currencies import Currencies
from segmentd.facts.book.ownership import Owners
from segmentd.facts.book.rejecting import Rejected


@dataclass(slots=True, eq=False)
class Checked:
    """A batch that was looked up; nothing is written yet.

    `numbers`: of ids that the ledger knows, else -1; `old`: their rows. `columns`: those that are fields, amounts in
    minor units. `slots`: facts' owners. `owners`, `currencies`: of accounts.
    """

    columns: dict[str, Column]
    numbers: Numbers
    old: Rows
    rejected: Rejected
    slots: Numbers = field(default_factory=lambda: np.zeros(0, np.int32))
    owners: Owners | None = None
    currencies: Currencies = field(default_factory=lambda: np.zeros(0, np.int64))
