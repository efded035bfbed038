"""Writes the tables of supported operations and macros into the page on the language; `--check` says if it is current.

Usage: `python scripts/overload_table.py [--check]`, from the root of the repository.
"""

import argparse
import sys
from pathlib import Path

from segmentd.language.macros import FORMS, MacroForm
from segmentd.language.overloads import SUPPORTED, Overload

PAGE = Path("docs/semantics.md")
OPERATIONS = ("<!-- operations: written by scripts/overload_table.py -->\n", "<!-- end of operations -->\n")
MACROS = ("<!-- macros: written by scripts/overload_table.py -->\n", "<!-- end of macros -->\n")


def main() -> int:
    """Rewrite or compare, as the command line asks; the exit code is 1 where the page is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    check: bool = parser.parse_args().check
    page = PAGE.read_text("utf-8")
    current = with_table(with_table(page, OPERATIONS, table()), MACROS, macro_table())
    if not check:
        PAGE.write_text(current, "utf-8")
    elif page != current:
        print(f"{PAGE} does not show the operations of the code; run `python {sys.argv[0]}`")
        return 1
    return 0


def with_table(page: str, marks: tuple[str, str], rows: str) -> str:
    """The page with a table between its marks. Raises ValueError where it has no marks."""
    before, start, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not start or not end:
        raise ValueError(f"{PAGE} lacks the marks {marks[0].strip()} and {marks[1].strip()}")
    return f"{before}{marks[0]}\n{rows}\n{marks[1]}{after}"


def macro_table() -> str:
    """The macros over items as Markdown, a row each."""
    rows = ["| macro | without items | unknown where |", "|---|---|---|", *map(macro_row, FORMS)]
    return "\n".join(rows) + "\n"


def macro_row(form: MacroForm) -> str:
    """One macro."""
    return f"| `{form.signature}` | {form.without_items} | {form.unknown} |"


def table() -> str:
    """The supported operations as Markdown, a row each."""
    rows = ["| operation | overload | evaluated | note |", "|---|---|---|---|", *map(row, SUPPORTED.values())]
    return "\n".join(rows) + "\n"


def row(overload: Overload) -> str:
    """One operation; bars in its signature do not end the cell."""
    signature = overload.signature.replace("|", "\\|")
    return f"| `{signature}` | `{overload.id}` | {overload.evaluation} | {overload.note.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.exit(main())
