"""The fields that records as messages remove, by name."""

from __future__ import annotations

from typing import Final

import numpy as np

from segmentd.columns.build import missing_column, resolve
from segmentd.columns.errors import ColumnError, UnknownColumnError
from segmentd.engine.requests.fields import Fields
from segmentd.facts.decoding.checks import missing_rows
from segmentd.facts.decoding.draft import Draft, check_values
from segmentd.facts.decoding.wire_forms import Descriptor
from segmentd.facts.records import Said

_COMPANIONS: Final = {"owners": "owner_roles", "consents": "consent_times"}
"""Fields of messages that are two columns, by the first."""

_BOTH: Final = "it is set, and named to be removed"


def clear_fields(draft: Draft, fields: Fields, field: Descriptor | None, path: str) -> None:
    """Say of the fields that rows name that they have no value. `field`: the one that names them, None for no such.

    Rows that set one of them too are rejected. Raises ColumnErrors for names of no field, with the first record of
    `path` that has it.
    """
    if field is None or not fields.has(field.number).any():
        return
    named = fields.listed(field.number).texts().dictionary_encode()
    rows = np.repeat(np.arange(draft.rows), fields.integers(field.number))
    codes = named.indices.to_numpy()
    for code, name in enumerate(named.dictionary.to_pylist()):
        cleared = np.zeros(draft.rows, np.bool_)
        cleared[rows[codes == code]] = True
        try:
            _clear(draft, name, cleared)
        except ColumnError as error:
            error.place(f"{path}[{int(cleared.argmax())}].{field.name}")
            raise


def _clear(draft: Draft, name: str, cleared: Said) -> None:
    if name in _COMPANIONS.values():
        raise UnknownColumnError(name)
    for each in (name, _COMPANIONS.get(name)):
        if each is None:
            continue
        (spec,) = resolve(draft.schema, [each])
        if each not in draft.columns:
            check_values(draft.rows, len(draft.columns) + 1)
            draft.columns[each] = missing_column(spec.type, draft.rows)
            draft.said[each] = cleared
            continue
        is_set = draft.says(each) & ~missing_rows(draft.columns[each], draft.rows)
        draft.faults.reject(is_set & cleared, each, _BOTH)
        draft.said[each] = draft.says(each) | cleared
