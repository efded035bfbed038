"""What is looked for in a directory is found in every form in which files may have it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from segmentd.facts.erasure.search import PIECE_BYTES, Finding, needles_of, search

TEXT = 'Jan "Žižka"\n'


def found_in(folder: Path, text: str) -> list[Finding]:
    """Where a text is."""
    return list(search(folder, needles_of(text)))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        json.dumps({"name": TEXT}).encode(),
        json.dumps([TEXT], ensure_ascii=False).encode(),
        f"account {TEXT!r} is unknown".encode(),
        b"customers/Jan%20%22%C5%BDi%C5%BEka%22%0A",
    ],
    ids=["as it is", "JSON in ASCII", "JSON", "a message", "a name"],
)
@pytest.mark.parametrize("before", [0, 1, PIECE_BYTES - 5, 3 * PIECE_BYTES - 1])
def test_a_text_is_found_wherever_it_begins(tmp_path: Path, content: bytes, before: int) -> None:
    """In a folder of a folder, at the byte that is told, also across the ends of what is read at a time."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"-" * before + content + b"-" * 100)
    (tmp_path / "other").write_bytes(b"Jan Hus" * 100)
    (found,) = found_in(tmp_path, TEXT)
    assert found.path == Path("a/b/file")
    start = int(found.place.removeprefix("byte ").replace(",", ""))
    assert before <= start < before + len(content)


@pytest.mark.parametrize(("text", "number"), [("-123456789", -123456789), ("1234567.89", 123456789)])
def test_a_number_is_found_as_eight_bytes(tmp_path: Path, text: str, number: int) -> None:
    """A decimal as its minor units."""
    (tmp_path / "file").write_bytes(b"123" + number.to_bytes(8, "little", signed=True))
    (found,) = found_in(tmp_path, text)
    assert (found.form, found.place) == ("number", "byte 3")


def test_compressed_columns_are_read(tmp_path: Path) -> None:
    """A text that is in no byte of a compressed Arrow file is found in its column, among many others."""
    texts = [f"customer {number} of many" for number in range(10_000)]
    table = pa.table({"id": texts, "number": range(10_000)})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(tmp_path / "table.arrow"), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=3_000)
    assert texts[7_654].encode() not in (tmp_path / "table.arrow").read_bytes()
    (found,) = found_in(tmp_path, texts[7_654])
    assert found.place == "column id"


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Not in an empty file, not in one that is no Arrow file, and not compressed by others."""
    (tmp_path / "empty").touch()
    (tmp_path / "broken.arrow").write_bytes(b"ARROW1")
    (tmp_path / "packed").write_bytes(zlib.compress(TEXT.encode()))
    assert found_in(tmp_path, TEXT) == []


def test_the_names_of_files_count(tmp_path: Path) -> None:
    """A file named by an id tells of it."""
    (tmp_path / "c-4711.csv").touch()
    (found,) = found_in(tmp_path, "c-4711")
    assert found.place == "its name"


def test_short_texts_are_refused() -> None:
    """Three bytes are in any large file by chance."""
    with pytest.raises(ValueError, match="'c17' is too short"):
        needles_of("c17")


@pytest.mark.parametrize("page_bytes", [512, 1_024])
def test_values_across_the_pages_of_a_database_are_found(tmp_path: Path, page_bytes: int) -> None:
    """Texts in long values of SQLite, wherever a value is cut, are found as bytes of a page, or of two."""
    places = range(0, 2 * page_bytes, 10)
    texts = [f"customer-{place:05d}" for place in places]
    path = tmp_path / "facts.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        connection.execute("CREATE TABLE payloads (number INTEGER, payload BLOB)")
        filled = [text.encode().rjust(place + len(text), b"-") for place, text in zip(places, texts, strict=True)]
        values = [(place, value.ljust(3 * page_bytes, b"-")) for place, value in zip(places, filled, strict=True)]
        connection.executemany("INSERT INTO payloads VALUES (?, ?)", values)
    content = path.read_bytes()
    cut = {text for text in texts if text.encode() not in content}
    assert len(cut) >= 2
    found = list(search(tmp_path, [needle for text in texts for needle in needles_of(text)]))
    assert sorted(each.text for each in found) == texts
    assert {each.text for each in found if each.place.endswith("and the next")} == cut
