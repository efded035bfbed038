"""Tables on narrow terminals."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segmentd.cli.invocation import program_name
from segmentd.cli.output import counted, print_table

COLUMNS = ("segment", "name?", "members>", "balance EUR>")
ROWS = [
    ("cross-sell-money-market-of-the-bank", "Cross-sell the money market", "1,000,000", "12,345,678,901.23"),
    ("low", "Low balance", "7", "0.10"),
]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the columns of the page that tables are printed on."""
    return lambda columns: monkeypatch.setattr("segmentd.cli.output.PIPE_WIDTH", columns)


@pytest.mark.parametrize("width", [10, 40, 60, 80])
def test_ids_and_numbers_are_never_shortened(
    wide: Callable[[int], None], capsys: pytest.CaptureFixture[str], width: int
) -> None:
    """However narrow the page is, each id and each number stands on one line, and names are left out."""
    wide(width)
    print_table(COLUMNS, ROWS)
    shown = capsys.readouterr().out
    for row in ROWS:
        for cell in (row[0], row[2], row[3]):
            assert f" {cell} " in shown
    assert "name" not in shown
    assert "…" not in shown


def test_names_are_there_where_they_fit(wide: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    """A page of 160 columns has the names too."""
    wide(160)
    print_table(COLUMNS, ROWS)
    assert "Cross-sell the money market" in capsys.readouterr().out


def test_long_text_goes_on_in_the_next_line(wide: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    """An expression without blanks is broken into lines, none of it is lost."""
    wide(40)
    expression = "customer.income>=3000.0&&customer.country==1234567890"
    print_table(("segment", "expression"), [("rich", expression)])
    lines = [line.strip("│\n").split("│") for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "".join(cells[1].strip() for cells in lines) == expression


@pytest.mark.parametrize(("number", "text"), [(0, "0 segments"), (1, "1 segment"), (1200, "1,200 segments")])
def test_numbers_of_things_read_well(number: int, text: str) -> None:
    """One is singular, everything else plural."""
    assert counted(number, "segment") == text


def test_the_program_is_named_as_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On the PATH it is its name, elsewhere the path from here, run as a module the interpreter's."""
    program = tmp_path / "bin" / "segmentd"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["bin/segmentd", "demo"])
    assert program_name() == "bin/segmentd"
    monkeypatch.chdir(program.parent)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert program_name() == "./segmentd"
    monkeypatch.setenv("PATH", str(program.parent))
    assert program_name() == "segmentd"
    monkeypatch.setattr(sys, "argv", ["/x/cli/__main__.py"])
    assert program_name().endswith("-m segmentd.cli")
