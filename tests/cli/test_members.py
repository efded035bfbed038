"""The file of members: complete or absent, in row groups, as Parquet or CSV."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import typer

from segmentd.cli import members
from segmentd.cli.members import MembersFile, check_ending, open_members

EXPECTED = {"customer_id": ["c1", "ž,2", "c1"], "segment": ["gold", "gold", "silver"]}


def write(path: Path) -> None:
    """Write two members of gold and one of silver."""
    with MembersFile(path) as output:
        output.write(pa.array(["c1", "ž,2"]), "gold")
        output.write(pa.array([], pa.string()), "none")
        output.write(pa.array(["c1"]), "silver")


def test_parquet_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    """Both endings give `customer_id, segment` with a row a membership, whatever the text in it."""
    write(tmp_path / "out.parquet")
    write(tmp_path / "out.csv")
    assert pa.parquet.read_table(tmp_path / "out.parquet").to_pydict() == EXPECTED
    assert pa.csv.read_csv(tmp_path / "out.csv").to_pydict() == EXPECTED


def test_memory_is_bounded_by_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are written whenever a group is full, each as a row group of its own."""
    monkeypatch.setattr(members, "GROUP_ROWS", 2)
    write(tmp_path / "out.parquet")
    file = pa.parquet.ParquetFile(tmp_path / "out.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [2, 1]


def test_an_interrupted_write_leaves_no_file(tmp_path: Path) -> None:
    """What fails half-way leaves neither the file nor a part of it, and an older file stays as it was."""
    path = tmp_path / "out.csv"
    path.write_text("older")
    with pytest.raises(pa.ArrowException), MembersFile(path) as output:
        output.write(pa.array([{"not": "text"}]), "gold")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.csv", "older")]


def test_nothing_is_opened_without_a_path() -> None:
    """No path, no file."""
    with open_members(None) as output:
        assert output is None


def test_other_endings_are_refused_before_any_work() -> None:
    """An ending that is neither Parquet nor CSV is named."""
    with pytest.raises(typer.BadParameter, match=r"'out\.xlsx' ends in neither \.parquet nor \.csv"):
        check_ending(Path("out.xlsx"))
