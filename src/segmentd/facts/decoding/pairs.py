"""Lists that go together, element by element: owners and their roles, consents and their times."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.api.errors import FieldRequiredError
from segmentd.columns.column import ListColumn
from segmentd.facts.decoding.draft import Draft
from segmentd.facts.decoding.faults import Wrong
from segmentd.facts.decoding.ids import wrong_lengths
from segmentd.facts.decoding.moments import normalized
from segmentd.facts.kinds import ID_LENGTH

OWNER_ROLE: Final = "OWNER"
"""The role of an owner of whom nothing else is said."""

_TOGETHER: Final = "consents and their times come together"

_MOMENT: Final = "a time is written as RFC 3339 has it, such as 2024-05-01T10:00:00Z"


def check_owners(draft: Draft) -> None:
    """Each owner once, with a role; those without a role get one."""
    owners, roles = draft.lists("owners"), draft.lists("owner_roles")
    if owners is None:
        if roles is not None:
            raise FieldRequiredError(draft.path, "must have the field 'owners' where it has 'owner_roles'")
        return
    alone = draft.says("owner_roles") & ~draft.says("owners") if roles is not None else np.zeros(draft.rows, np.bool_)
    draft.faults.reject(alone, "owner_roles", "roles come with their owners")
    draft.reject_lists("owners", _any_of(owners, wrong_lengths(_elements(owners))), ID_LENGTH)
    draft.reject_lists("owners", _repeated(owners), "each owner is named once")
    if roles is None:
        _say_roles(draft, _owning(owners))
        return
    without = draft.says("owners") & ~draft.says("owner_roles")
    if without.any():
        roles = _chosen(without, _owning(owners), roles)
    _check_lengths(draft, "owner_roles", roles, "owners", owners, "each owner has one role")
    given = _elements(roles)
    _say_roles(draft, _replaced(roles, pc.if_else(pc.equal(given, ""), OWNER_ROLE, given)))


def _say_roles(draft: Draft, roles: ListColumn) -> None:
    """Roles are said with their owners."""
    draft.columns["owner_roles"] = roles
    draft.said.pop("owner_roles", None)
    if "owners" in draft.said:
        draft.said["owner_roles"] = draft.said["owners"]


def _owning(owners: ListColumn) -> ListColumn:
    """The role of an owner for each."""
    return _replaced(owners, pa.array([OWNER_ROLE] * len(_elements(owners)), pa.string()))


def _chosen(first: Wrong, one: ListColumn, other: ListColumn) -> ListColumn:
    """The lists of one column in some rows, and those of another in the rest."""
    dictionary = pa.concat_arrays([one.dictionary, other.dictionary])
    return ListColumn(np.where(first, one.codes, other.codes + np.int32(len(one.dictionary))), dictionary)


def check_consents(draft: Draft) -> None:
    """Each purpose once, with the time of its consent, which is brought into one spelling."""
    purposes, times = draft.lists("consents"), draft.lists("consent_times")
    if purposes is None and times is None:
        return
    if purposes is None or times is None:
        raise FieldRequiredError(draft.path, "must have both of the fields 'consents' and 'consent_times', or none")
    draft.faults.reject(draft.says("consents") != draft.says("consent_times"), "consent_times", _TOGETHER)
    empty = pc.equal(_elements(purposes), "").to_numpy(zero_copy_only=False)
    draft.reject_lists("consents", _any_of(purposes, empty), "a consent has a purpose")
    draft.reject_lists("consents", _repeated(purposes), "each purpose is named once")
    _check_lengths(draft, "consent_times", times, "consents", purposes, "each consent has one time")
    distinct = _elements(times).dictionary_encode()
    spelled = [normalized(text) for text in distinct.dictionary.to_pylist()]
    wrong = np.array([text is None for text in spelled], dtype=np.bool_)[distinct.indices.to_numpy()]
    draft.reject_lists("consent_times", _any_of(times, wrong), _MOMENT)
    right = pa.array([text or "" for text in spelled], pa.string())
    draft.columns["consent_times"] = _replaced(times, right.take(distinct.indices))


def _check_lengths(draft: Draft, name: str, given: ListColumn, of: str, needed: ListColumn, allowed: str) -> None:
    """Reject rows whose list `name` has not as many elements as their list `of`."""
    here, there = _lengths(given)[given.codes], _lengths(needed)[needed.codes]
    draft.faults.reject(here != there, name, allowed, lambda row: f"a list of {here[row]} beside {there[row]} {of}")


def _elements(column: ListColumn) -> pa.StringArray:
    """The elements of all lists of the dictionary, one after the other."""
    return column.dictionary.flatten()


def _lengths(column: ListColumn) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[Any] = pc.list_value_length(column.dictionary).to_numpy(zero_copy_only=False)
    return lengths.astype(np.int64)


def _any_of(column: ListColumn, of_elements: Wrong) -> Wrong:
    """Which lists of the dictionary have an element for which it is true."""
    wrong = np.zeros(len(column.dictionary), dtype=np.bool_)
    wrong[np.repeat(np.arange(len(wrong)), _lengths(column))[of_elements]] = True
    return wrong


def _repeated(column: ListColumn) -> Wrong:
    """Which lists of the dictionary have an element twice."""
    wrong = np.zeros(len(column.dictionary), dtype=np.bool_)
    lists = np.repeat(np.arange(len(wrong), dtype=np.int64), _lengths(column))
    keys = np.sort(lists << 32 | _elements(column).dictionary_encode().indices.to_numpy().astype(np.int64))
    wrong[keys[1:][keys[1:] == keys[:-1]] >> 32] = True
    return wrong


def _replaced(column: ListColumn, elements: pa.StringArray) -> ListColumn:
    """Lists of the same lengths with other elements."""
    offsets = np.concatenate([[0], np.cumsum(_lengths(column))]).astype(np.int32)
    return ListColumn(column.codes, pa.ListArray.from_arrays(pa.array(offsets), elements))
