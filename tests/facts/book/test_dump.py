"""What a book leaves behind, and what is made of it."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from segmentd.facts.book import Book
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.schema import INT64, LIST, STRING, TIMESTAMP, Subject
from tests.facts.book.records import LEDGER, Columns, batch, vocabulary

WORDS = vocabulary([(Subject.CUSTOMER, "shoe", INT64), (Subject.CUSTOMER, "name", STRING)])
PLANTED = (b"planted-customer", b"planted-account", b"planted-fact", b"planted text", b"planted-visit", b"planted name")
SHOE = 0x7EDC_BA98_7654_3210


def files(tables: Mapping[str, pa.Table]) -> bytes:
    """The tables as they lie on disk, one after the other."""
    out = io.BytesIO()
    for table in tables.values():
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    return out.getvalue()


def planted_book() -> Book:
    """A customer with an account and facts, whose every text is planted, and another one like it."""
    book = Book(LEDGER)
    for word in ("planted", "other"):
        customer: Columns = {"shoe": (INT64, [SHOE if word == "planted" else 43]), "name": (STRING, [f"{word} name"])}
        book.stage(batch(RecordKind.CUSTOMER, [f"{word}-customer"], customer), WORDS)
        owners: Columns = {"owners": (LIST, [[f"{word}-customer"]]), "institution": (STRING, [f"{word} text"])}
        book.stage(batch(RecordKind.ACCOUNT, [f"{word}-account"], owners), WORDS)
        fact: Columns = {
            "account": (STRING, [f"{word}-account"]),
            "booking_time": (TIMESTAMP, [1]),
            "amount": (AMOUNT, [SHOE if word == "planted" else 43]),
            "purpose": (STRING, [f"{word} text"]),
        }
        book.stage(batch(RecordKind.TRANSACTION, [f"{word}-fact"], fact), WORDS)
        visit: Columns = {
            "customer": (STRING, [f"{word}-customer"]),
            "time": (TIMESTAMP, [1]),
            "device": (STRING, [f"{word} text"]),
        }
        book.stage(batch(RecordKind.ENGAGEMENT, [f"{word}-visit"], visit), WORDS)
    book.publish()
    return book


@pytest.mark.parametrize("is_merged", [False, True])
def test_what_was_deleted_is_in_no_byte(is_merged: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Ids, texts and numbers of a deleted customer, of the accounts and of the facts, are absent from the files."""
    book = planted_book()
    if is_merged:
        book.merge()
    planted = (*PLANTED, SHOE.to_bytes(8, "little"))
    before = files(book.dump(book.view))
    assert all(value in before for value in planted)
    book.stage(batch(RecordKind.CUSTOMER, [], {}, deletions=["planted-customer"]), WORDS, delete_customers=True)
    book.publish()
    after = files(book.dump(book.view))
    assert [value for value in planted if value in after] == []
    assert b"other-customer" in after
    assert b"other text" in after


def test_texts_of_rejected_and_undone_rows_are_not_kept() -> None:
    """What was never published is in no byte of the files either."""
    book = planted_book()
    fact: Columns = {
        "account": (STRING, ["nobody", "other-account"]),
        "booking_time": (TIMESTAMP, [1, 2]),
        "amount": (AMOUNT, [1, 2]),
        "purpose": (STRING, ["rejected text", "accepted text"]),
    }
    book.stage(batch(RecordKind.TRANSACTION, ["rejected-id", "accepted-id"], fact), WORDS)
    book.publish()
    undone: Columns = {
        "account": (STRING, ["other-account"]),
        "booking_time": (TIMESTAMP, [1]),
        "amount": (AMOUNT, [1]),
    }
    book.stage(batch(RecordKind.TRANSACTION, ["undone-id"], {**undone, "purpose": (STRING, ["undone text"])}), WORDS)
    book.undo()
    left = files(book.dump(book.view))
    assert b"accepted text" in left
    assert [text for text in (b"rejected", b"undone") if text in left] == []


def test_an_old_version_can_be_dumped() -> None:
    """The tables of a view are those of its version, whatever was written since."""
    book = planted_book()
    view, wanted = book.view, files(book.dump(book.view))
    book.stage(batch(RecordKind.CUSTOMER, ["new"], {"name": (STRING, ["new text"])}), WORDS)
    book.stage(batch(RecordKind.ACCOUNT, [], {}, deletions=["other-account"]), WORDS)
    book.publish()
    book.merge()
    assert files(book.dump(view)) == wanted


def test_a_restored_book_goes_on() -> None:
    """A book that was restored knows the ids and texts of before, and its versions go on."""
    book = planted_book()
    kept = Book.restore(LEDGER, book.dump(book.view), book.version)
    assert kept.version == book.version == 8
    again: Columns = {"name": (STRING, ["other name", "other name"])}
    outcome = kept.stage(batch(RecordKind.CUSTOMER, ["other-customer", "third"], again), WORDS)
    assert (outcome.version, outcome.unchanged, outcome.inserted) == (9, 1, 1)
    view = kept.publish()
    assert view.entities(RecordKind.CUSTOMER).batch.ids == pa.array(["planted-customer", "other-customer", "third"])
    changes = view.changes_since(8)
    assert changes is not None
    assert changes.customers.tolist() == [2]


def test_tables_are_taken_over() -> None:
    """Restoring copies no column of facts."""
    book = planted_book()
    tables = dict(book.dump(book.view))
    view = Book.restore(LEDGER, tables, 8).view
    amounts = view.sorted_items(RecordKind.TRANSACTION).batch.columns["amount"]
    assert np.shares_memory(amounts.values, tables["transaction.amount.cells"].column("amount").chunk(0).to_numpy())  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["transaction.purpose.texts", "transaction.purpose.cells", "account.#owners.lists"])
def test_a_lacking_table(name: str) -> None:
    """Tables of which one is lacking are no book."""
    book = planted_book()
    tables = dict(book.dump(book.view))
    del tables[name]
    with pytest.raises(KeyError, match=name):
        Book.restore(LEDGER, tables, 8)


def test_tables_with_all_columns_of_a_kind() -> None:
    """Checkpoints of earlier days have the values of all fields in the table of the kind; they are read as well."""
    book = planted_book()
    tables = dict(book.dump(book.view))
    for kind in RecordKind:
        parts = [tables[kind.value]]
        parts += [tables.pop(name) for name in list(tables) if name.startswith(f"{kind}.") and name.endswith(".cells")]
        schema = pa.schema([field for part in parts for field in part.schema])
        tables[kind.value] = pa.Table.from_arrays([column for part in parts for column in part.columns], schema=schema)
    kept = Book.restore(LEDGER, tables, 8)
    assert dict(kept.dump(kept.view)) == dict(book.dump(book.view))


def test_a_dump_is_not_kept() -> None:
    """What a dump holds of a version is free as soon as nobody holds the dump, without a search for cycles."""
    book = planted_book()
    gc.disable()
    try:
        dump = book.dump(book.view)
        assert len(dump) == len({name: dump[name].num_rows for name in dump})
        held = weakref.ref(dump)
        del dump
        assert held() is None
    finally:
        gc.enable()
