"""What is wrong with accounts and rates: their owners, currencies and numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segmentd.columns.column import ListColumn, TextColumn
from segmentd.facts.book.checked import Checked
from segmentd.facts.book.currencies import (
    CODES,
    CURRENCY,
    NUMBERS,
    UNKNOWN,
    Currencies,
    currencies_of,
    currencies_of_accounts,
)
from segmentd.facts.book.exchange import scaled_rate
from segmentd.facts.book.ownership import owners_in
from segmentd.facts.book.tables import Tables


def check_owners(checked: Checked, tables: Tables) -> None:
    """Each owner known and named once, each with a role."""
    column, roles = checked.columns.get("owners"), checked.columns.get("owner_roles")
    if not isinstance(column, ListColumn):
        if roles is not None:
            every = np.ones(len(checked.old), np.bool_)
            checked.rejected.add(every, "owner_roles", "is given without owners; roles come with them")
        return
    owners = owners_in(column, roles if isinstance(roles, ListColumn) else None, tables.customers)
    checked.owners, counts = owners, np.diff(owners.offsets)

    def uneven(row: int) -> str:
        given = int(owners.role_counts[row])
        return f"{given} roles are given for {counts[column.codes[row]]} owners; there is a role an owner"

    checked.rejected.add(owners.uneven, "owner_roles", uneven)
    checked.rejected.add(owners.repeated, "owners", "a customer is named twice; each owner is named once")

    def unknown(row: int) -> str:
        return f"{owners.first_unknown(row)!r} is the id of no customer that the ledger has"

    checked.rejected.add(owners.unknown, "owners", unknown)


def check_currency(checked: Checked, ids: pa.StringArray, tables: Tables) -> None:
    """A code of ISO 4217, that of a new account the ledger's where none is given; it stays as it is."""
    given = _given_currencies(checked)
    expected = np.where(given >= 0, given, NUMBERS[tables.ledger.currency_code])
    existing = np.flatnonzero(checked.old >= 0)
    expected[existing] = currencies_of_accounts(tables.accounts, checked.old[existing])
    _expect_first(checked, ids, expected)

    def told(row: int) -> str:
        return f"{CODES[given[row]]} is given for an account in {CODES[expected[row]]}; its currency cannot be changed"

    checked.rejected.add((given >= 0) & (given != expected), CURRENCY, told)
    checked.currencies = expected


def check_rates(checked: Checked, tables: Tables) -> None:
    """Rates of other currencies than the ledger's, of 9 digits before and after the point."""
    given = _given_currencies(checked)
    own = tables.ledger.currency_code
    checked.rejected.add(given == NUMBERS[own], CURRENCY, f"{own} is the ledger's own currency; rates are of others")
    column = checked.columns.get("rate")
    if not isinstance(column, TextColumn):
        return
    texts, codes = column.dictionary.to_pylist(), column.codes
    wrong = np.array([*map(_is_wrong_rate, texts), False], np.bool_)

    def told(row: int) -> str:
        given = texts[codes[row]]
        return f"{given!r} is no rate; a rate is digits with a point, at most 9 before and 9 after it, more than 0"

    checked.rejected.add(wrong[codes], "rate", told)


def _is_wrong_rate(text: str) -> bool:
    try:
        scaled_rate(text)
    except ValueError:
        return True
    return False


def _given_currencies(checked: Checked) -> Currencies:
    """The currencies that a batch gives, by row, -1 for none; rows are rejected whose text is none."""
    column = checked.columns.get(CURRENCY)
    if not isinstance(column, TextColumn):
        return np.full(len(checked.old), UNKNOWN, np.int64)
    given = np.append(currencies_of(column.dictionary), UNKNOWN)[column.codes]

    def told(row: int) -> str:
        text = column.dictionary[int(column.codes[row])].as_py()
        return f"{text!r} is no currency; it must be a currency code of ISO 4217, such as EUR"

    checked.rejected.add((given < 0) & (column.codes < len(column.dictionary)), CURRENCY, told)
    return given


def _expect_first(checked: Checked, ids: pa.StringArray, expected: Currencies) -> None:
    """Of new accounts that come more than once, the first says the currency."""
    new = np.flatnonzero((checked.old < 0) & ~checked.rejected.wrong)
    texts = ids.take(pa.array(new)).dictionary_encode()
    if len(texts.dictionary) < len(new):
        _, first, group = np.unique(texts.indices.to_numpy(), return_index=True, return_inverse=True)
        expected[new] = expected[new[first]][group]
