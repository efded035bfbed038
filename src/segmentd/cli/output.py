"""What commands print: tables for people, JSON for programs, on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or pipe."""

LIMITLESS = 10_000
"""Wider than any table."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def print_json(value: Any) -> None:
    """Print a result as JSON; dataclasses become objects, times and decimals text."""
    typer.echo(json.dumps(value, default=as_plain, ensure_ascii=False, indent=2))


def as_plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def console() -> Console:
    """Where tables go: stdout, as wide as the terminal or as a page."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. A column whose name ends with `>` is aligned to the right, one with `?` left out if too wide.

    The first column has ids: neither they nor numbers are shortened or broken, other text is broken into lines.
    """
    from rich.measure import Measurement

    out, cells = console(), list(rows)
    unbounded, table = out.options.update(max_width=LIMITLESS), make_table(columns, cells)
    if Measurement.get(out, unbounded, table).maximum > out.width:
        spare = [index for index, column in enumerate(columns) if column.endswith("?")]
        table = make_table(*without(spare, columns, cells))
    out.width = max(out.width, Measurement.get(out, unbounded, table).minimum)
    out.print(table)


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """The table, ready to print."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for index, column in enumerate(columns):
        whole = index == 0 or column.endswith(">")
        justify: Literal["left", "right"] = "right" if column.endswith(">") else "left"
        table.add_column(column.rstrip(">?"), justify=justify, no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def without(
    spare: Collection[int], columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """The columns and rows without these columns, by index."""
    kept = [index for index in range(len(columns)) if index not in spare]
    return [columns[index] for index in kept], [[row[index] for index in kept] for row in rows]


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print named values, one a line; those without a value are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        first, *rest = value.splitlines()
        typer.echo(f"{name:<{width}}  {first}")
        for line in rest:
            typer.echo(" " * (width + 2) + line)


def counted(number: int, thing: str) -> str:
    """So many of a thing, in words."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent."""
    return f"{part / whole:.2%}" if whole else "-"
