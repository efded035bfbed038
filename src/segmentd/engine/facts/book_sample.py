"""A row in every kernel of books, so that their machine code is there before it is needed."""

from __future__ import annotations

import numpy as np

from segmentd.engine.facts.money import RateTable, convert
from segmentd.engine.facts.owned import held
from segmentd.engine.facts.rows import Chains, Lives, link, note, ordered, placed, take, take_coded, unlink
from segmentd.engine.facts.texts import Bytes, add, copy_table, drop, find


def keep_sample() -> None:
    """Keep one text and one row, and forget them."""
    _keep_text()
    _keep_row()
    one, day = np.ones(1, np.int64), np.zeros(1, np.int64)
    convert(one, np.zeros(1, np.int32), day, RateTable(np.array([0, 1]), day, one, one))
    held(np.zeros(2, np.int32), np.array([0, 2], np.int32), np.zeros(1, np.int32), 1)


def _keep_text() -> None:
    text = Bytes(np.zeros(1, np.uint8), np.array([0, 1], np.int32))
    pool, table = Bytes(np.zeros(1, np.uint8), np.zeros(2, np.int32)), np.zeros(64, np.uint64)
    secrets = np.ones(3, np.uint64)
    numbers, count = add(text, pool, 0, table, secrets)
    find(text, pool, count, table, secrets)
    copy_table(table, 64, 1, numbers)
    drop(pool, count, 0, table, secrets)


def _keep_row() -> None:
    owners, times, rows = np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64)
    lives = Lives(np.zeros(1, np.int32), np.zeros(1, np.int32), 1, 1)
    chains = Chains(np.array([0, 1]), np.full(1, -1, np.int32), np.zeros(1, np.int32))
    note(owners, np.zeros(1, np.uint8), np.zeros(1, np.int32), 0)
    link(owners, 0, 1, chains.heads, chains.links)
    ordered(owners, chains, lives, times, times)
    placed(owners, owners, lives, 1)
    for dtype in (np.int64, np.int32, np.uint8):
        take(np.zeros(1, dtype), np.zeros(1, dtype), rows)
    take_coded(owners, owners, rows, 1, 1)
    unlink(owners, 0, 1, chains.heads, chains.links)
