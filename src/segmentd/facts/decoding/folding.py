"""Records of one id in a batch: what earlier ones say, and later ones do not, is what the later ones say too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from segmentd.columns.column import Batch
from segmentd.columns.gather import gather
from segmentd.facts.records import RowNumbers, Said


def fold_repeated(records: Batch, said: Mapping[str, Said]) -> tuple[Batch, Mapping[str, Said]]:
    """The records so that the last of each id has all that was said under it, and which of them say what.

    Where every record says every field, the last of each id has all already.
    """
    if not said or records.ids is None:
        return records, said
    encoded = records.ids.dictionary_encode()
    if len(encoded.dictionary) == records.rows:
        return records, said
    order = np.argsort(encoded.indices.to_numpy(), kind="stable")
    codes = encoded.indices.to_numpy()[order]
    columns, folded = dict(records.columns), {}
    for name, each in said.items():
        source = _last_said(order, codes, each)
        columns[name] = gather(Batch(records.rows, {name: columns[name]}), source).columns[name]
        folded[name] = each[source]
    return replace(records, columns=columns), folded


def _last_said(order: RowNumbers, codes: RowNumbers, said: Said) -> RowNumbers:
    """Of each row, the last one of its id until there that says the field; the first of its id, where none does."""
    place = np.arange(len(order))
    starts = np.append(True, codes[1:] != codes[:-1])
    last = np.maximum.accumulate(np.where(said[order] | starts, place, 0))
    source = np.empty(len(order), np.int64)
    source[order] = order[last]
    return source
