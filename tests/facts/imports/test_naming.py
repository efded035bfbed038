"""Import jobs that name somebody who was erased are forgotten, and no others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from segmentd.facts.imports.checking import Wanted
from segmentd.facts.imports.model import ImportJob, JobState
from segmentd.facts.imports.naming import names_any
from segmentd.facts.imports.service import JobListener
from segmentd.facts.kinds import RecordKind
from tests.facts.imports.bank import Bank, open_bank

TOO_LONG = "x" * 300
"""No id."""

MAPPING = "kind: customer\nid: id\nfields: {}\n"


@pytest.mark.parametrize(
    ("text", "id_", "answer"),
    [
        ("customer-4711.csv", "4711", True),
        ("customer4711.csv", "4711", True),
        ("4711", "4711", True),
        ("14711.csv", "4711", False),
        ("47110.csv", "4711", False),
        ("part-0001.csv", "1", False),
        ("/in/Erika.csv", "erika", True),
        ("/in/ERIKA_2.csv", "erika", True),
        ("/in/Erikas.csv", "erika", False),
        ("s3://in/Erika%20M%C3%BCller.csv", "Erika Müller", True),
        ("expression: source.id == 'a/b.c'", "a/b.c", True),
        ("a/bxc", "a/b.c", False),
        ("all of (them)", "(them)", True),
        ("anything", "", False),
    ],
)
def test_a_text_names_whom_it_spells_whole(text: str, id_: str, answer: object) -> None:
    """In any case, as it is or as in a URL; not where the id is a part of a longer number or word."""
    assert names_any([text], [id_]) is answer
    assert names_any(["other", text], ["nobody", id_]) is answer


def spells(directory: Path, text: str) -> list[str]:
    """The files that have a text in any byte, by name."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes() or text in path.name]


def is_known(bank: Bank, job: ImportJob) -> bool:
    """Whether a job can still be looked at."""
    return any(kept.uid == job.uid for kept in bank.imports.list_after("main", "", 1_000))


def test_jobs_that_name_the_erased_are_forgotten(bank: Bank, landing: Path, tmp_path: Path) -> None:
    """By a file's name, the mapping or the job's own id: no byte of them is left; other jobs are as they were."""
    for name in ("customer-4711.csv", "others.csv", "folder-of-4712"):
        (landing / name).mkdir() if name.startswith("folder") else (landing / name).write_text(f"id\nc\n{TOO_LONG}\n")
    (landing / "folder-of-4712" / "x.csv").write_text(f"id\nd\n{TOO_LONG}\n")
    kept = bank.run(landing / "others.csv", MAPPING)
    gone = [
        bank.run(landing / "customer-4711.csv", MAPPING),
        bank.run(landing / "folder-of-4712", MAPPING),
        bank.run(landing / "others.csv", "kind: customer\nid: {column: id, prefix: secret-47}\nfields: {}\n"),
        bank.run(landing / "others.csv", MAPPING, job_id="of-4713"),
    ]
    assert {job.state for job in (kept, *gone)} == {JobState.SUCCEEDED}
    assert gone[0].progress.counts.rejected == 1
    assert spells(tmp_path / "data", "customer-4711")
    bank.imports.forget_naming("main", ["4711", "4712", "secret-47", "of-4713"])
    for text in ("customer-4711", "folder-of-4712", "of-4713", gone[0].uid):
        assert spells(tmp_path / "data", text) == []
    assert [is_known(bank, job) for job in (kept, *gone)] == [True, False, False, False, False]
    bank.imports.forget_naming("other", ["others"])
    bank.imports.forget_naming("main", [])
    assert is_known(bank, kept)


def test_a_job_that_runs_is_forgotten_when_it_has_ended(landing: Path, tmp_path: Path) -> None:
    """It goes on to its end, over a restart too, and nothing names it then."""
    data, ended = tmp_path / "data", threading.Event()
    (landing / "customer-4711.csv").write_text("id\n" + "".join(f"c{number}\n" for number in range(400_000)))
    with open_bank(data, roots=(landing,)) as bank:
        job = bank.imports.create("main", "", Wanted(str(landing / "customer-4711.csv"), None, MAPPING, dry_run=False))
        bank.imports.forget_naming("main", ["4711"])
        assert is_known(bank, job)
        assert not bank.imports.get("main", job.id).state.is_final
    with open_bank(data, roots=(landing,), listener=JobListener(ended=lambda _: ended.set())) as bank:
        assert spells(data, "customer-4711")
        assert ended.wait(60)
        assert not is_known(bank, job)
        assert spells(data, "customer-4711") == []
        assert len(bank.entities(RecordKind.CUSTOMER)) == 400_000
