"""Batches are the same rows every time: over pieces of any size, with bad rows anywhere, from any place on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.errors import AlreadyExistsError
from segmentd.facts.imports import rejects as reject_files
from segmentd.facts.imports import service as jobs
from segmentd.facts.imports.bad_rows import MAX_BAD_ROWS, BadRows, TooManyBadRowsError
from segmentd.facts.imports.checking import Wanted
from segmentd.facts.imports.conversion import one_array
from segmentd.facts.imports.errors import TooManyImportJobsError
from segmentd.facts.imports.joining import join_rows
from segmentd.facts.imports.mapping_text import read_mapping
from segmentd.facts.imports.model import JobState
from segmentd.facts.imports.opening import open_reader
from segmentd.facts.imports.places import Places
from segmentd.facts.imports.reading import BATCH_ROWS, batches_of
from segmentd.facts.imports.said_columns import apart
from segmentd.facts.imports.texts import LISTS
from segmentd.facts.kinds import RecordKind
from tests.facts.imports.bank import Bank
from tests.facts.imports.files import FORMATS, write
from tests.facts.imports.test_jobs import MAPPING, movements


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 7))
def test_batches_do_not_depend_on_pieces(sizes: list[int], rows: int) -> None:
    """Pieces of any sizes, empty ones included, become batches of one size; only the last one may be shorter."""
    numbers = pa.table({"n": range(sum(sizes))})
    starts = np.cumsum([0, *sizes])
    pieces = [numbers.slice(start, size) for start, size in zip(starts.tolist(), sizes, strict=False)]
    batches = [batch.column("n").to_pylist() for batch in batches_of(iter(pieces), rows)]
    assert [number for batch in batches for number in batch] == list(range(sum(sizes)))
    assert all(len(batch) == rows for batch in batches[:-1])
    assert all(batches)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_bad_rows_leave_the_others_their_numbers(is_bad: list[bool], size: int) -> None:
    """Good rows are numbered as they stand in the file, and each bad row is told with exactly one batch."""
    bad_rows = BadRows()
    for row, bad in enumerate(is_bad):
        if bad:
            bad_rows.add(row, "is bad")
    good = [row for row, bad in enumerate(is_bad) if not bad]
    told: list[int] = []
    for first in range(0, max(len(good), 1), size):
        count = len(good[first : first + size])
        assert bad_rows.rows_of_good(first, count).tolist() == good[first : first + size]
        stop = None if first + size >= len(good) else first + size
        told += [row for row, _ in bad_rows.between(first, stop)]
    assert told == [row for row, bad in enumerate(is_bad) if bad]


def test_too_many_bad_rows_end_it() -> None:
    """A file of which hardly a row can be read is not what its mapping says."""
    bad_rows = BadRows()
    for row in range(MAX_BAD_ROWS):
        bad_rows.add(row, "is bad")
    with pytest.raises(TooManyBadRowsError, match="100000 rows cannot be read"):
        bad_rows.add(MAX_BAD_ROWS, "is bad")


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.jsonl", "rows.parquet", "rows.arrow", "rows.arrows"])
@pytest.mark.parametrize("skipped", [0, 1, 699, 700, 2_100, 3_000, 5_000])
def test_readers_go_on_anywhere(landing: Path, name: str, skipped: int) -> None:
    """A reader that leaves out the first rows gives the others as one that does not."""
    rows = movements(3_000)
    path = write(landing, name, rows)
    found = Places((landing,)).find(str(path))
    reader = open_reader(found.filesystem, found.files[0], read_mapping(MAPPING))
    try:
        pieces = list(reader.pieces(["number", "text"], skipped))
    finally:
        reader.close()
    numbers = [number for piece in pieces for number in apart(one_array(piece.column("number")))[0].to_pylist()]
    assert numbers == [row["number"] for row in rows[skipped:]]


@pytest.mark.parametrize("name", list(FORMATS))
def test_rows_around_the_size_of_a_batch(bank: Bank, landing: Path, name: str) -> None:
    """A file of exactly one batch, and one more, is imported whole; bad lines at the seam are told once."""
    if not name.startswith(("rows.csv", "rows.jsonl")) or name.endswith(("bz2", "zst")):
        rows = movements(BATCH_ROWS + 1)
        job = bank.run(write(landing, name, rows), MAPPING)
        assert (job.progress.counts.read, job.progress.counts.inserted) == (BATCH_ROWS + 1, BATCH_ROWS + 1)
        return
    seam = {0, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, BATCH_ROWS + 5}
    text = FORMATS[name.removesuffix(".gz")](movements(BATCH_ROWS + 6)).decode().splitlines()
    header = 0 if name.endswith("jsonl") else 1
    for row in seam:
        text[row + header] = "broken"
    (landing / "in").mkdir()
    path = landing / "in" / name.removesuffix(".gz")
    path.write_text("\n".join(text))
    job = bank.run(path, MAPPING)
    counts = job.progress.counts
    assert (counts.read, counts.inserted, counts.rejected) == (BATCH_ROWS + 6, BATCH_ROWS + 1, 5)
    assert [reject.row - 1 for reject in bank.rejects(job)] == sorted(seam)


def test_files_without_rows(bank: Bank, landing: Path) -> None:
    """A header alone, an empty file of JSON lines and an empty table are files without rows."""
    (landing / "in").mkdir()
    header = ",".join(movements(1)[0])
    (landing / "in" / "a.csv").write_text(f"{header}\n")
    (landing / "in" / "b.jsonl").write_text("")
    (landing / "in" / "d.csv").write_text("")
    write(landing / "in", "c.parquet", movements(1))
    table = pa.parquet.read_table(landing / "in" / "c.parquet")
    pa.parquet.write_table(table.slice(0, 0), landing / "in" / "c.parquet")
    job = bank.run(landing / "in", MAPPING)
    assert (job.state, job.error_message, job.progress.counts.read) == (JobState.SUCCEEDED, "", 0)
    assert job.progress.file == 4


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from("xyz"), max_size=3)), max_size=20),
    st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_rows_of_one_id_are_joined(rows: list[tuple[str, list[str]]], flags: list[bool]) -> None:
    """Lists are joined in the order of the rows, other fields are the first row's, ids keep their order.

    A list is said where any row says it, and another field where the first row does.
    """
    table = pa.table(
        {
            "id": pa.array([id_ for id_, _ in rows], pa.string()),
            "list": pa.array([elements for _, elements in rows], LISTS),
            "place": pa.array(range(len(rows)), pa.int64()),
        }
    )
    expected: dict[str, tuple[int, list[str], int]] = {}
    for place, (id_, elements) in enumerate(rows):
        first, so_far, size = expected.get(id_, (place, [], 0))
        expected[id_] = (first, so_far + elements, size + 1)
    said = np.array(flags[: len(rows)], np.bool_)
    joined = join_rows(table, np.arange(len(rows), dtype=np.int64) + 100, {"list": said, "place": said})
    assert joined.said["place"].tolist() == [flags[first] for first, _, _ in expected.values()]
    assert joined.said["list"].tolist() == [
        any(flag for (each, _), flag in zip(rows, flags, strict=False) if each == id_) for id_ in expected
    ]
    assert joined.table.column("id").to_pylist() == list(expected)
    assert joined.table.column("list").to_pylist() == [elements for _, elements, _ in expected.values()]
    assert joined.table.column("place").to_pylist() == [first for first, _, _ in expected.values()]
    assert joined.rows.tolist() == [first + 100 for first, _, _ in expected.values()]
    assert joined.sizes.tolist() == [size for _, _, size in expected.values()]


def test_owners_that_are_scattered_over_a_file(bank: Bank, landing: Path) -> None:
    """Rows of one account need not stand together; a wrong row is rejected and the others joined."""
    (landing / "customers.csv").write_text("id\n" + "".join(f"c{number}\n" for number in range(9)))
    bank.run(
        landing / "customers.csv",
        "kind: customer\nid: id\nfields: {consents: {constant: ''}, consent_times: {constant: ''}}\n",
    )
    rows = [("a1", "c1"), ("a2", "c2"), ("a1", "c3"), ("", "c4"), ("a2", "c5")]
    (landing / "owners.csv").write_text("account,customer\n" + "".join(f"{a},{c}\n" for a, c in rows))
    job = bank.run(landing / "owners.csv", "kind: account\njoin_lists: true\nid: account\nfields: {owners: customer}\n")
    assert (job.state, job.error_message) == (JobState.SUCCEEDED, "")
    counts = job.progress.counts
    assert (counts.read, counts.updated, counts.rejected) == (5, 2, 1)
    assert {account: {customer for customer, _ in of} for account, of in bank.owners().items()} == {
        "a1": {"c1", "c3"},
        "a2": {"c2", "c5"},
    }


def test_reject_files_have_a_limit(bank: Bank, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit rejected rows are counted and no longer told."""
    monkeypatch.setattr(reject_files, "MAX_REJECT_BYTES", 1_000)
    rows = movements(100)
    for row in rows:
        row["account"] = "nobody"
    job = bank.run(write(landing, "rows.csv", rows), MAPPING)
    told = bank.rejects(job)
    assert job.progress.counts.rejected == 100
    assert 0 < len(told) < 20
    assert len(told) + job.progress.rejects_dropped == 100
    assert [reject.row for reject in told] == list(range(1, len(told) + 1))


def test_old_jobs_are_forgotten(bank: Bank, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest finished jobs are kept, and reject files with their jobs."""
    monkeypatch.setattr(jobs, "KEPT", 3)
    rows = movements(1)
    rows[0]["account"] = "nobody"
    path = write(landing, "rows.csv", rows)
    ended = [bank.run(path, MAPPING, job_id=f"job-{number}") for number in range(5)]
    assert [job.id for job in bank.imports.list_after("main", "", 10)] == ["job-2", "job-3", "job-4"]
    kept = {file.name.partition(".")[0] for file in (landing.parent / "data" / "imports").iterdir()}
    assert kept == {job.uid for job in ended[2:]}
    again = bank.run(path, MAPPING, job_id="job-0")
    assert again.progress.counts.read == 1, "an id can be used again, and its batches are others"


def test_only_so_many_jobs_wait(bank: Bank, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told to come back, and the id of one that is there is taken."""
    monkeypatch.setattr(jobs, "MAX_UNFINISHED", 2)
    path = str(write(landing, "rows.csv", movements(300_000)))
    made = [bank.imports.create("main", f"job-{number}", Wanted(path, None, MAPPING)) for number in range(2)]
    with pytest.raises(TooManyImportJobsError):
        bank.imports.create("main", "job-2", Wanted(path, None, MAPPING))
    assert made[1].state is JobState.PENDING
    bank.imports.cancel("main", "job-1")
    assert bank.wait(made[0]).progress.counts.inserted == 300_000
    with pytest.raises(AlreadyExistsError):
        bank.imports.create("main", "job-0", Wanted(path, None, MAPPING))


def test_json_lists_and_truth(bank: Bank, landing: Path) -> None:
    """A list of JSON is taken where the mapping says LIST, and refused where a value is expected."""
    lines = [
        {"id": "a1", "tags": ["x", "y"], "ok": True},
        {"id": "a2", "tags": "z", "ok": False},
        {"id": "a3", "ok": [1]},
    ]
    (landing / "rows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    expression = "'x' in source.tags ? 'X' : 'Y'"
    fields = f'{{external: ok, kind: {{expression: "{expression}"}}}}'
    mapping = f"kind: account\nid: id\ntypes: {{tags: LIST}}\nfields: {fields}\n"
    job = bank.run(landing / "rows.jsonl", mapping)
    assert [(reject.row, reject.message) for reject in bank.rejects(job)] == [
        (3, "the row has a list or an object in 'ok', where a value is expected")
    ]
    accounts = bank.entities(RecordKind.ACCOUNT)
    assert [(accounts[id_]["kind"], accounts[id_]["external"]) for id_ in ("a1", "a2")] == [("X", True), ("Y", False)]
