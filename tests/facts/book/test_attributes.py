"""Attributes that come, go and change their types while a ledger has facts."""

from __future__ import annotations

from segmentd.columns.column import Column
from segmentd.facts.book import Book, View
from segmentd.facts.kinds import RecordKind
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, DataType, Subject
from tests.facts.book.comparing import python_values
from tests.facts.book.records import LEDGER, batch, vocabulary


def write(book: Book, ids: list[str], given: dict[str, tuple[DataType, list[object]]]) -> View:
    """Customers of a ledger that has just these attributes."""
    words = vocabulary((Subject.CUSTOMER, id_, type_) for id_, (type_, _) in given.items())
    book.stage(batch(RecordKind.CUSTOMER, ids, given), words)
    return book.publish()


def values(view: View, attribute: str) -> list[object]:
    """What the customers have, by slot."""
    entities = view.entities(RecordKind.CUSTOMER).batch
    return python_values(entities.columns[attribute], entities.rows)


def column(view: View, attribute: str) -> Column | None:
    """The column, if there is one."""
    return view.entities(RecordKind.CUSTOMER).batch.columns.get(attribute)


def test_a_new_attribute_is_missing_in_old_rows() -> None:
    """Rows of before, in prefix and tail, have no value of an attribute that came later, whatever its type."""
    book = Book(LEDGER)
    write(book, ["a"], {})
    book.merge()
    write(book, ["b"], {})
    given: dict[str, tuple[DataType, list[object]]] = {
        "number": (INT64, [7]),
        "share": (DOUBLE, [0.5]),
        "flag": (BOOL, [True]),
        "text": (STRING, ["t"]),
        "list": (LIST, [["l"]]),
    }
    write(book, ["c"], given)
    for _ in range(2):
        assert [values(book.view, name) for name in given] == [[None, None, value[0]] for _, value in given.values()]
        book.merge()


def test_an_attribute_of_another_type_begins_anew() -> None:
    """With its first values of another type the old ones are gone; older versions still have them."""
    book = Book(LEDGER)
    old = write(book, ["a", "b"], {"x": (INT64, [1, 2])})
    write(book, ["b"], {"x": (STRING, ["two"])})
    assert values(book.view, "x") == [None, "two"]
    assert values(old, "x") == [1, 2]


def test_a_retyped_attribute_is_undone() -> None:
    """Undoing what gave an attribute another type gives back the old values."""
    book = Book(LEDGER)
    write(book, ["a"], {"x": (INT64, [1])})
    words = vocabulary([(Subject.CUSTOMER, "x", STRING)])
    book.stage(batch(RecordKind.CUSTOMER, ["a"], {"x": (STRING, ["one"])}), words)
    book.undo()
    assert values(write(book, ["b"], {"x": (INT64, [2])}), "x") == [1, 2]


def test_a_deleted_attribute_goes() -> None:
    """The column of an attribute that the ledger lacks goes with the next batch, and does not come back with its id."""
    book = Book(LEDGER)
    write(book, ["a"], {"x": (INT64, [1])})
    write(book, ["b"], {})
    assert column(book.view, "x") is None
    assert values(write(book, ["c"], {"x": (INT64, [3])}), "x") == [None, None, 3]


def test_columns_of_unknown_attributes_are_passed_over() -> None:
    """A batch that was made for another vocabulary, as an old one in the journal, is written without them."""
    book = Book(LEDGER)
    given = batch(RecordKind.CUSTOMER, ["a"], {"gone": (INT64, [1]), "x": (STRING, ["text"])})
    assert book.stage(given, vocabulary([(Subject.CUSTOMER, "x", INT64)])).inserted == 1
    view = book.publish()
    assert column(view, "gone") is None
    assert column(view, "x") is None
