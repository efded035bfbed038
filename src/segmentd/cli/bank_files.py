"""The generated bank as files of records, and what is remembered of it to check answers by."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from segmentd.cli.bank import Bank
from segmentd.cli.bank_facts import Facts, bank_facts
from segmentd.cli.progress import Report

Rows = npt.NDArray[np.int64]

KINDS = ("customer", "account", "transaction", "engagement")
"""In the order in which they have to be loaded: accounts are of customers, transactions of accounts."""

NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class LoadedBank:
    """Files by kind, with their numbers of records; of each account its id, balance in cents, and owners.

    `owners` int64[accounts, 2]: rows of customers, `NOBODY` where there is no second one.
    """

    directory: Path
    counts: Mapping[str, int]
    account_ids: pa.ChunkedArray
    cents: Rows
    owners: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """Records of all kinds."""
        return sum(self.counts.values())

    def file(self, kind: str) -> Path:
        """The Parquet file of a kind."""
        return self.directory / f"{kind}s.parquet"

    def held_by(self, members: npt.NDArray[np.bool_]) -> tuple[int, int]:
        """How many accounts customers own, a flag a row of them, and what these hold together."""
        flags = np.append(members, False)  # NOBODY is the last
        owned = flags[self.owners].any(axis=1)
        return int(owned.sum()), int(self.cents[owned].sum())


def write_bank(directory: Path, bank: Bank, report: Report) -> LoadedBank:
    """Write the bank's records as Parquet, a file a kind, some customers at a time."""
    counts = dict.fromkeys(KINDS, 0)
    accounts: list[pa.RecordBatch] = []
    with ExitStack() as files:
        writers: dict[str, pa.parquet.ParquetWriter] = {}
        for customers, facts in zip(bank.batches(), bank_facts(bank), strict=True):
            for kind, batch in zip(KINDS, _batches(customers, facts), strict=True):
                if kind not in writers:
                    path = directory / f"{kind}s.parquet"
                    writers[kind] = files.enter_context(pa.parquet.ParquetWriter(path, batch.schema, compression="lz4"))
                writers[kind].write_batch(batch)
                counts[kind] += batch.num_rows
            accounts.append(facts.accounts)
            report(counts["customer"], bank.customers)
    table = pa.Table.from_batches(accounts)
    return LoadedBank(directory, counts, table.column("id"), table.column("balance").to_numpy(), _owners(table))


def _batches(customers: pa.RecordBatch, facts: Facts) -> tuple[pa.RecordBatch, ...]:
    return customers, facts.accounts, facts.transactions, facts.engagements


def _owners(accounts: pa.Table) -> npt.NDArray[np.int64]:
    """The customers of accounts, whose ids say their rows."""
    lists = accounts.column("owners").combine_chunks()
    offsets = lists.offsets.to_numpy()
    rows = np.array([int(id_[1:]) - 1 for id_ in lists.values.unique().to_pylist()], dtype=np.int64)
    codes = lists.values.dictionary_encode().indices.to_numpy()
    owners = np.full((accounts.num_rows, 2), NOBODY, dtype=np.int64)
    owners[:, 0] = rows[codes[offsets[:-1]]]
    joint = np.flatnonzero(np.diff(offsets) == 2)
    owners[joint, 1] = rows[codes[offsets[joint] + 1]]
    return owners
