"""JSON lines are read as Python's own parser reads them, line by line, whichever way a line is written."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.fs as pafs
import pytest

from segmentd.facts.imports import json_reader
from segmentd.facts.imports.json_reader import JsonReader
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.kinds import RecordKind
from tests.facts.imports.bank import Bank

COLUMNS: Final = ("a", "b", "ž", "tags")
LISTS: Final = frozenset({"tags"})
UNSAID: Final = "unsaid"

NUMBERS: Final = ("0", "-0", "12", "-1.50", "1e5", "1E-05", "0.1e+3", "9007199254740993.10", "9" * 400)
WRONG_NUMBERS: Final = (
    "01",
    "+1",
    "1.",
    ".5",
    "-",
    "1e",
    "1e+",
    "0x1",
    "1_0",
    "--1",
    "Infinity",
    "NaN",
    "-Infinity",
    "nul",
)
STRINGS: Final = ('""', '"x"', '"žluťoučký"', '"a b, c: {d} [e]"', '"\x7f"', '"true"')
ESCAPED: Final = (r'"a\"b"', r'"\u017e"', r'"\ud83d\ude00"', r'"\ud800"', r'"\\"', r'"\x"', '"tab\tin"', '"open', "'x'")
WORDS: Final = ("true", "false", "null", "null")
NESTED: Final = ("[]", '["x", "y"]', "[1]", '{"a": 1}', "[[]]", "{}")
BLANKS: Final = ("", "", "", " ", "\t ", "\r", "\x0b", "\xa0")


def make_line(random: Random) -> str:
    """A line that is mostly an object."""
    odd = random.choice((0.0, 0.0, 0.1))

    def blank() -> str:
        return random.choice(BLANKS[: 6 if random.random() > odd else 8])

    def value() -> str:
        if random.random() < odd:
            return random.choice((*WRONG_NUMBERS, *ESCAPED, *NESTED))
        return random.choice((*NUMBERS, *STRINGS, *STRINGS, *WORDS))

    def key() -> str:
        name = random.choice((*COLUMNS[:3], *COLUMNS, "other", ""))
        return json.dumps(name, ensure_ascii=random.random() < odd)

    pairs = [f"{blank()}{key()}{blank()}:{blank()}{value()}{blank()}" for _ in range(random.randrange(5))]
    line = f"{blank()}{{{','.join(pairs) or blank()}}}{blank()}"
    if random.random() < odd:
        at = random.randrange(len(line) + 1)
        line = random.choice((line[:at], line[at:], line[:at] + random.choice(',:{}"x0') + line[at:], "[1, 2]", "7"))
    return line


def make_file(random: Random, lines: int) -> bytes:
    """Lines, some blank, some no text at all, with or without a line break at the end."""
    made = [make_line(random).encode() for _ in range(lines)]
    for place in range(lines):
        if random.random() < 0.03:
            made[place] = random.choice(
                (b"", b"  \t", b"\r", b'{"a": "\xff"}', b'{"\xc5": 1}', b'\xef\xbb\xbf{"a": 1}')
            )
    return b"\n".join(made) + random.choice((b"", b"\n"))


def read_naively(data: bytes, columns: tuple[str, ...]) -> tuple[list[list[Any]], list[int]]:
    """The values of the good rows, and the numbers of the bad ones; of what is not asked for nothing can be wrong."""
    rows, bad, number = [], [], -1
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        number += 1
        try:
            found = json.loads(line.decode(), parse_float=str, parse_int=str, parse_constant=str)
            rows.append([naive_value(found, column) for column in columns])
        except (ValueError, TypeError):
            bad.append(number)
    return rows, bad


def naive_value(found: Any, column: str) -> Any:
    """The value of a key as text. TypeError for what is none."""
    if not isinstance(found, dict):
        raise TypeError
    value = found.get(column, UNSAID)
    if value is None or column not in found:
        return value
    if column in LISTS and isinstance(value, list | str):
        texts = value if isinstance(value, list) else [value]
        if all(isinstance(text, str) and text.encode() for text in texts if text != ""):
            return texts
        raise TypeError
    if isinstance(value, list | dict) or column in LISTS:
        raise TypeError
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text.encode()
    return text


def read(path: Path, columns: tuple[str, ...], skipped: int = 0) -> tuple[pa.Table, JsonReader]:
    """The rows of a file."""
    reader = JsonReader(pafs.LocalFileSystem(), SourceFile(str(path), path.stat().st_size, 0), LISTS)
    return pa.concat_tables(reader.pieces(list(columns), skipped)), reader


def values_of(table: pa.Table, column: str) -> list[Any]:
    """The values of a column, by row."""
    return [cell["value"] if cell["said"] else UNSAID for cell in table.column(column).to_pylist()]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:3]], ids=["with lists", "without"])
@pytest.mark.parametrize("chunk", [7, 64, 1 << 20])
def test_lines_are_read_as_python_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: tuple[str, ...], chunk: int
) -> None:
    """Every value, what is said, and which rows are wrong, however the file is cut into chunks."""
    monkeypatch.setattr(json_reader, "CHUNK_BYTES", chunk)
    random, path = Random(chunk), tmp_path / "rows.jsonl"  # noqa: S311 - nothing secret
    seen = 0
    for _ in range(20):
        data = make_file(random, 80)
        path.write_bytes(b'{"a": "first"}\n' + data)
        expected, bad = read_naively(path.read_bytes(), columns)
        table, reader = read(path, columns)
        found = [list(row) for row in zip(*(values_of(table, column) for column in columns), strict=True)]
        assert found == expected
        assert [row for row, _ in reader.bad_rows.between(0, None)] == bad
        assert reader.bad_rows.rows_of_good(0, len(found)).tolist() == sorted(
            set(range(len(found) + len(bad))) - {*bad}
        )
        seen += len(bad)
    assert seen > 100


def test_skipped_rows_are_the_first_good_ones(tmp_path: Path) -> None:
    """An import that goes on begins after the rows that it had, wrong ones not counted."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": \n\n{"a": "\\u0032"}\n{"a": 3}\n')
    table, reader = read(path, ("a",), skipped=1)
    assert values_of(table, "a") == ["2", "3"]
    assert reader.bad_rows.between(0, None) == [(1, "is no JSON")]


def test_what_a_line_leaves_out_stays(bank: Bank, landing: Path) -> None:
    """A key that is not there leaves the field as it is, and null removes it; an expression always says its field."""
    first = [{"id": f"x{number}", "kind": "A", "status": "S", "note": "n"} for number in range(4)]
    again = [{"id": "x0", "kind": "B"}, {"id": "x1", "status": None}, {"id": "x2"}, {"id": "new", "status": "T"}]
    mapping = (
        "kind: account\nid: id\nfields:\n  kind: kind\n  status: status\n  institution: {expression: source.note}\n"
    )
    for rows in (first, again):
        (landing / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        said = "\"has(source.note) ? source.note : 'none'\""
        text = mapping if rows is first else mapping.replace("source.note", said)
        assert bank.run(landing / "rows.jsonl", text).progress.counts.rejected == 0
    accounts = bank.entities(RecordKind.ACCOUNT)
    told = {
        id_: [accounts[id_][name] for name in ("kind", "status", "institution")] for id_ in (*accounts,) if id_ != "a"
    }
    assert {id_: told[id_] for id_ in ("x0", "x1", "x2", "x3", "new")} == {
        "x0": ["B", "S", "none"],
        "x1": ["A", None, "none"],
        "x2": ["A", "S", "none"],
        "x3": ["A", "S", "n"],
        "new": [None, "T", "none"],
    }


def test_owners_that_a_line_leaves_out_stay(bank: Bank, landing: Path) -> None:
    """Owners without roles are owners, roles without owners are refused, and a line without both leaves them."""
    (landing / "customers.jsonl").write_text('{"id": "c1"}\n{"id": "c2"}\n')
    consents = "fields: {consents: {constant: ''}, consent_times: {constant: ''}}"
    bank.run(landing / "customers.jsonl", f"kind: customer\nid: id\n{consents}\n")
    mapping = "kind: account\nid: id\ntypes: {o: LIST, r: LIST}\nfields: {owners: o, owner_roles: r, status: s}\n"
    first = [{"id": f"x{number}", "o": ["c1"], "r": ["JOINT"]} for number in range(3)]
    again = [
        {"id": "x0", "o": ["c2", "c1"]},
        {"id": "x1", "s": "S"},
        {"id": "x2", "r": ["OWNER"]},
        {**first[2], "o": []},
    ]
    for rows in (first, again):
        (landing / "accounts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        job = bank.run(landing / "accounts.jsonl", mapping)
    assert [(reject.row, reject.field) for reject in bank.rejects(job)] == [(3, "owner_roles"), (4, "owner_roles")]
    owners = bank.owners()
    assert {id_: owners[id_] for id_ in ("x0", "x1", "x2")} == {
        "x0": [("c1", "OWNER"), ("c2", "OWNER")],
        "x1": [("c1", "JOINT")],
        "x2": [("c1", "JOINT")],
    }
