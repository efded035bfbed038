"""What macros go over: the accounts of each customer, the owners of each account, and in which role."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch, ItemsOf, TextColumn
from segmentd.facts.views import Entities, Holdings, Rows
from segmentd.schema import OWNER_ROLE

ACCOUNTS = "accounts"
"""The field of customers that macros go over."""

OWNERS = "owners"
"""The field of accounts that macros go over."""

Roles = npt.NDArray[np.int16]


def accounts_of(customers: Entities, accounts: Entities, holdings: Holdings, batch: Batch) -> ItemsOf:
    """The accounts of each customer, whatever the role, as rows of `batch`, which has those of `accounts`."""
    offsets, places = _ranges(holdings.offsets, customers.slots.astype(np.int64))
    rows = accounts.row_of[holdings.accounts[places]].astype(np.int64)
    roles = holdings.roles[places]
    there = rows >= 0
    if not there.all():
        before = np.concatenate([[0], np.cumsum(there)])
        offsets, rows, roles = before[offsets].astype(np.int64), rows[there], roles[there]
    return ItemsOf(offsets, rows, batch, _linked(roles, holdings))


def owners_of(customers: Entities, accounts: Entities, holdings: Holdings, batch: Batch) -> ItemsOf:
    """The owners of each account, whatever the role, as rows of `batch`, which has those of `customers`."""
    counts = np.diff(holdings.offsets)
    owners = customers.row_of[np.repeat(np.arange(len(counts)), counts)].astype(np.int64)
    held = accounts.row_of[holdings.accounts].astype(np.int64)
    there = np.flatnonzero((owners >= 0) & (held >= 0))
    order = there[np.argsort(held[there], kind="stable")]
    sizes = np.bincount(held[there], minlength=accounts.batch.rows)
    return ItemsOf(_offsets(sizes), owners[order], batch, _linked(holdings.roles[order], holdings))


def _linked(roles: Roles, holdings: Holdings) -> dict[str, TextColumn]:
    return {OWNER_ROLE: TextColumn(roles.astype(np.int32), pa.array(holdings.role_names, pa.string()))}


def _ranges(offsets: Rows, picks: Rows) -> tuple[Rows, Rows]:
    """The offsets of the picked ranges one after the other, and the places that they consist of."""
    starts = offsets[picks]
    sizes = offsets[picks + 1] - starts
    laid = _offsets(sizes)
    return laid, np.repeat(starts - laid[:-1], sizes) + np.arange(laid[-1])


def _offsets(sizes: Rows) -> Rows:
    ends: Rows = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return ends
