"""A ledger that is opened again while a checkpoint of it is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from segmentd.facts.journal import Entry, Journal
from segmentd.facts.past_values import History
from segmentd.facts.records import WriteOutcome


class Slow(Mapping[str, pa.Table]):
    """One table, before which another thread does something."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile

    def __getitem__(self, name: str) -> pa.Table:
        other = threading.Thread(target=self._meanwhile)
        other.start()
        other.join(60)
        return pa.table({name: [1]})

    def __iter__(self) -> Iterator[str]:
        return iter(["one"])

    def __len__(self) -> int:
        return 1


def test_files_of_a_checkpoint_that_is_made_stay(tmp_path: Path) -> None:
    """Whoever cleans up meanwhile leaves them; afterwards nothing but the new checkpoint is there."""
    journal = Journal(tmp_path)
    journal.append([Entry("main", "", WriteOutcome(1, inserted=1), b"payload")])
    made = journal.save("main", 1, Slow(lambda: journal.clean("main")), History())
    (tmp_path / "facts" / "main" / "left.new").mkdir()
    journal.clean("main")
    assert [path.name for path in (tmp_path / "facts" / "main").iterdir()] == [made.folder]
    assert journal.load("main")[1]["one"].to_pydict() == {"one": [1]}
    assert list(journal.replay("main", 0)) == []
    journal.close()
