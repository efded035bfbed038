"""Import jobs over real files into a real ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segmentd.errors import SegmentdError
from segmentd.facts.imports.model import JobState
from segmentd.facts.kinds import RecordKind
from tests.facts.imports.bank import Bank
from tests.facts.imports.files import FORMATS, as_csv, write

MAPPING = """
kind: transaction
types:
  day: {type: DATE, format: "%d.%m.%Y"}
  amount: DECIMAL(2)
id: {column: number, prefix: t}
fields:
  account: account
  booking_time: day
  amount: {expression: "source.direction == 'in' ? source.amount : -source.amount"}
  purpose: text
"""

PRAGUE_WINTER_US = 3_600_000_000
DAY_US = 86_400_000_000


def movements(count: int, first: int = 0) -> list[dict[str, str | None]]:
    """Transactions of two accounts, one each day from 1 January 2021 on and around again after 28 days."""
    return [
        {
            "number": str(number),
            "account": f"a{number % 2 + 1}",
            "day": f"{number % 28 + 1:02d}.01.2021",
            "direction": "in" if number % 3 else "out",
            "amount": f"{number * 7 % 1000}.{number % 100:02d}",
            "text": f"order {number}, »Müller«" if number % 5 else None,
        }
        for number in range(first, first + count)
    ]


def expected(rows: list[dict[str, str | None]]) -> list[tuple[str, int, int, str | None]]:
    """What the ledger holds of them, worked out by hand: account, moment, minor units with their sign, purpose."""
    start_us = 1_609_459_200_000_000 - PRAGUE_WINTER_US
    found = []
    for row in rows:
        minor = int((row["amount"] or "").replace(".", ""))
        when = start_us + (int((row["day"] or "")[:2]) - 1) * DAY_US
        found.append((row["account"] or "", when, minor if row["direction"] == "in" else -minor, row["text"]))
    return sorted(found, key=repr)


def held(bank: Bank) -> list[tuple[str, int, int, str | None]]:
    """What the ledger holds."""
    facts = bank.facts(RecordKind.TRANSACTION)
    found = [(fact["account"], fact["booking_time"], fact["amount"], fact.get("purpose")) for fact in facts]
    return sorted(found, key=repr)


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_means_the_same(bank: Bank, landing: Path, name: str) -> None:
    """The same rows give the same records whatever the format and compression of their file."""
    rows = movements(1_000)
    job = bank.run(write(landing, name, rows), MAPPING)
    assert (job.state, job.error_message, bank.rejects(job)) == (JobState.SUCCEEDED, "", [])
    assert held(bank) == expected(rows)
    counts, progress = job.progress.counts, job.progress
    assert (counts.read, counts.inserted, counts.rejected) == (1_000, 1_000, 0)
    assert progress.bytes_read == job.bytes_total == (landing / name).stat().st_size


def test_a_folder_is_read_whole_in_the_order_of_paths(bank: Bank, landing: Path) -> None:
    """All files of a folder and those below are read, whatever their formats; hidden ones and `_` ones are not."""
    rows = movements(90)
    folder = landing / "in"
    (folder / "day=1").mkdir(parents=True)
    write(folder, "b.parquet", rows[:30])
    write(folder / "day=1", "a.csv.gz", rows[30:60])
    write(folder, "c.jsonl", rows[60:])
    (folder / "_SUCCESS").write_text("")
    (folder / ".part.crc").write_text("x")
    job = bank.run(folder, MAPPING)
    assert [Path(file.path).name for file in job.files] == ["b.parquet", "c.jsonl", "a.csv.gz"]
    assert job.state is JobState.SUCCEEDED
    assert held(bank) == expected(rows)


def test_a_glob_takes_what_it_matches(bank: Bank, landing: Path) -> None:
    """`*` stays within a name, `**` crosses folders."""
    rows = movements(40)
    (landing / "in" / "deep").mkdir(parents=True)
    write(landing / "in", "x1.csv", rows[:10])
    write(landing / "in", "x2.csv", rows[10:20])
    write(landing / "in", "y.csv", rows[20:30])
    write(landing / "in" / "deep", "x3.csv", rows[30:])
    assert bank.run(landing / "in" / "x*.csv", MAPPING).progress.counts.inserted == 20
    assert held(bank) == expected(rows[:20])
    again = bank.run(landing / "in" / "**" / "x?.csv", MAPPING).progress.counts
    assert (again.inserted, again.unchanged) == (10, 20)
    assert held(bank) == expected([*rows[:20], *rows[30:]])


def test_rows_that_are_wrong_are_rejected_and_the_others_written(bank: Bank, landing: Path) -> None:
    """Half of the rows are wrong, each in its way; the reject file has each with its row and field, and no value."""
    rows = movements(20)
    rows[1]["amount"] = "12,50"
    rows[3]["amount"] = "1.234"
    rows[5]["day"] = "31.02.2021"
    rows[7]["amount"] = None
    rows[9]["account"] = "nobody"
    rows[11]["number"] = None
    rows[13]["account"] = None
    rows[15]["day"] = None
    text = as_csv(rows).decode().splitlines()
    text[18] += ",one field more"
    text[20] = "only one field"
    (landing / "rows.csv").write_text("\n".join(text) + "\n")
    job = bank.run(landing / "rows.csv", MAPPING)
    assert job.state is JobState.SUCCEEDED
    right = [row for place, row in enumerate(rows) if place not in {1, 3, 5, 7, 9, 11, 13, 15, 17, 19}]
    assert held(bank) == expected(right)
    assert (job.progress.counts.read, job.progress.counts.inserted, job.progress.counts.rejected) == (20, 10, 10)
    told = [(reject.row, reject.field) for reject in bank.rejects(job)]
    assert told == [
        (2, "amount"),
        (4, "amount"),
        (6, "day"),
        (8, "amount"),
        (10, "account"),
        (12, "id"),
        (14, "account"),
        (16, "booking_time"),
        (18, ""),
        (20, ""),
    ]
    assert {reject.file for reject in bank.rejects(job)} == {str(landing / "rows.csv")}
    assert not any("12,50" in reject.message or "1.234" in reject.message for reject in bank.rejects(job))


def test_lines_that_are_no_json_are_rejected(bank: Bank, landing: Path) -> None:
    """A line that is no object is a wrong row; blank lines do not count."""
    rows = movements(4)
    lines = [json.dumps(row) for row in rows]
    lines[1] = lines[1][:-1]
    lines[2] = "[1, 2]"
    (landing / "rows.jsonl").write_text("\n\n".join(lines))
    job = bank.run(landing / "rows.jsonl", MAPPING)
    assert [(reject.row, reject.message) for reject in bank.rejects(job)] == [
        (2, "the row is no JSON"),
        (3, "the row is no object"),
    ]
    assert held(bank) == expected([rows[0], rows[3]])


def test_numbers_in_json_are_exact(bank: Bank, landing: Path) -> None:
    """An amount that is a number in JSON is taken from its digits, never through a double."""
    row = movements(1)[0] | {"direction": "in"}
    line = json.dumps(row).replace('"0.00"', "90071992547409.93")
    (landing / "rows.jsonl").write_text(line)
    assert bank.run(landing / "rows.jsonl", MAPPING).progress.counts.inserted == 1
    assert [fact["amount"] for fact in bank.facts(RecordKind.TRANSACTION)] == [9_007_199_254_740_993]


def test_a_dry_run_writes_nothing(bank: Bank, landing: Path) -> None:
    """A dry run counts what would be written and tells what would be rejected; the ledger is as before."""
    rows = movements(10)
    rows[4]["account"] = "nobody"
    before = bank.version
    job = bank.run(write(landing, "rows.csv", rows), MAPPING, dry_run=True)
    assert job.state is JobState.SUCCEEDED
    assert (job.progress.counts.inserted, job.progress.counts.rejected) == (9, 1)
    assert [(reject.row, reject.field) for reject in bank.rejects(job)] == [(5, "account")]
    assert bank.version == before
    assert bank.facts(RecordKind.TRANSACTION) == []


def test_an_import_again_changes_nothing(bank: Bank, landing: Path) -> None:
    """Records have ids, so the same file a second time is unchanged to the last record."""
    path = write(landing, "rows.parquet", movements(100))
    bank.run(path, MAPPING)
    before, version = held(bank), bank.version
    counts = bank.run(path, MAPPING).progress.counts
    assert (counts.inserted, counts.updated, counts.unchanged) == (0, 0, 100)
    assert (held(bank), bank.version) == (before, version)


def test_a_file_that_lacks_a_column_fails_the_job(bank: Bank, landing: Path) -> None:
    """The first file is looked at before there is a job; a later one ends it, and what was before it stays."""
    rows = movements(20)
    without = [{key: value for key, value in row.items() if key != "amount"} for row in rows[10:]]
    (landing / "in").mkdir()
    write(landing / "in", "b.csv", without)
    with pytest.raises(SegmentdError, match="the column 'amount', which the file lacks") as refused:
        bank.run(landing / "in", MAPPING)
    assert refused.value.reason == "INVALID_MAPPING"
    write(landing / "in", "a.csv", rows[:10])
    job = bank.run(landing / "in", MAPPING)
    assert (job.state, job.error_reason) == (JobState.FAILED, "INVALID_MAPPING")
    assert held(bank) == expected(rows[:10])


def test_a_file_that_is_not_what_its_name_says_fails(bank: Bank, landing: Path) -> None:
    """A file that cannot be read as Parquet, cut off, or in another encoding, gives a clear error."""
    path = write(landing, "rows.parquet", movements(10))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SegmentdError) as refused:
        bank.run(path, MAPPING)
    assert refused.value.reason == "IMPORT_SOURCE_UNREADABLE"
    rows = as_csv(movements(10)).decode().encode("cp1250")
    (landing / "rows.csv").write_bytes(rows)
    job = bank.run(landing / "rows.csv", MAPPING)
    assert (job.state, job.error_reason) == (JobState.FAILED, "IMPORT_SOURCE_UNREADABLE")
    assert "UTF8" in job.error_message
    again = bank.run(landing / "rows.csv", MAPPING + "csv: {encoding: cp1250}\n")
    assert again.state is JobState.SUCCEEDED
    assert held(bank) == expected(movements(10))
