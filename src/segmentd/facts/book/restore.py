"""Tables of a book out of the Arrow tables that `dump.py` makes; arrays are taken over, without a loop over rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.lasting import lasting
from segmentd.engine.facts.rows import Rows
from segmentd.engine.facts.texts import Words
from segmentd.facts.book.dump import BOOK, FIELDS, SECRETS
from segmentd.facts.book.dumped import CELLS, HASHES, LISTS, PRESENT, TEXTS
from segmentd.facts.book.field import Extent, Field, Pool, Prefix
from segmentd.facts.book.merging import spare_for
from segmentd.facts.book.owners import NOBODY
from segmentd.facts.book.pool import ListPool, TextPool, bytes_of
from segmentd.facts.book.table import Table
from segmentd.facts.book.table_view import ID, OWNER
from segmentd.facts.kinds import OWNER as OWNER_FIELD
from segmentd.facts.kinds import RecordKind
from segmentd.schema import DataType, Kind

Dumped = Mapping[str, pa.Table]


def restore_tables(dumped: Dumped, version: int) -> Mapping[RecordKind, Table]:
    """The tables as of a version. KeyError where one is lacking."""
    secrets = _values(dumped[BOOK].column(SECRETS))
    return {kind: _restore_table(dumped, kind, secrets, version) for kind in RecordKind}


def _restore_table(dumped: Dumped, kind: RecordKind, secrets: Words, version: int) -> Table:
    table = Table(kind, secrets, version)
    prefixes = {}
    for rows in _tables_of(dumped, kind):
        for column in rows.schema:
            if not column.name.endswith(PRESENT):
                field = _restore_field(dumped, kind, column, secrets)
                table.fields[column.name] = field
                prefixes[column.name] = _prefix(rows, column.name, field)
    table.adopt(_restore_texts(dumped, f"{kind}.{ID}", secrets))
    table.rebase(prefixes, _offsets(dumped, kind, prefixes), version, spare=spare_for(len(prefixes[ID].values)))
    return table


def _tables_of(dumped: Dumped, kind: RecordKind) -> Iterator[pa.Table]:
    """The tables of the kind's columns."""
    ids = dumped[kind.value]
    yield ids
    for name in json.loads((ids.schema.metadata or {}).get(FIELDS, b"[]")):
        yield dumped[f"{kind}.{name}{CELLS}"]


def _restore_field(dumped: Dumped, kind: RecordKind, column: pa.Field, secrets: Words) -> Field:
    metadata = {key.decode(): value.decode() for key, value in column.metadata.items()}
    type_ = DataType(Kind(metadata["kind"]), int(metadata["scale"]), metadata["currency"])
    pool = _restore_pool(dumped, f"{kind}.{column.name}", type_, secrets)
    return Field(type_, pool, Extent(), column.type.to_pandas_dtype())


def _restore_pool(dumped: Dumped, place: str, type_: DataType, secrets: Words) -> Pool | None:
    if type_.kind is Kind.STRING:
        return _restore_texts(dumped, place, secrets)
    if type_.kind is Kind.LIST:
        lists = TextPool(secrets)
        lists.add(bytes_of(_whole(dumped[place + LISTS].column(0))))
        return ListPool(secrets, lists, _restore_texts(dumped, place, secrets))
    return None


def _restore_texts(dumped: Dumped, place: str, secrets: Words) -> TextPool:
    texts = bytes_of(_whole(dumped[place + TEXTS].column(0)))
    return TextPool.restore(texts, _values(dumped[place + HASHES].column(0)), secrets)


def _prefix(rows: pa.Table, name: str, field: Field) -> Prefix:
    present = name + PRESENT
    flags = _values(rows.column(present)) if present in rows.column_names else None
    return Prefix(_values(rows.column(name)), flags, 0 if field.pool is None else field.pool.count)


def _offsets(dumped: Dumped, kind: RecordKind, prefixes: Mapping[str, Prefix]) -> Rows:
    if kind not in OWNER_FIELD or not len(prefixes[OWNER].values):
        return NOBODY
    owners = dumped[f"{OWNER_FIELD[kind]}.{ID}{TEXTS}"].num_rows
    offsets = lasting(owners + 1, np.int64)
    np.cumsum(np.bincount(prefixes[OWNER].values, minlength=owners), out=offsets[1:])
    return offsets


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The numbers of a column, in place."""
    return np.asarray(_whole(column).to_numpy())
