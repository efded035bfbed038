"""Writes the table of supported operations into the page on the language, or with `--check` says whether it is current.

Usage: `python scripts/overload_table.py [--check]`, from the root of the repository.
"""

import argparse
import sys
from pathlib import Path

from segmentd.language.overloads import SUPPORTED, Overload

PAGE = Path("docs/semantics.md")
START = "<!-- operations: written by scripts/overload_table.py -->\n"
END = "<!-- end of operations -->\n"


def main() -> int:
    """Rewrite or compare, as the command line asks; the exit code is 1 where the page is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    check: bool = parser.parse_args().check
    page = PAGE.read_text("utf-8")
    current = with_table(page)
    if not check:
        PAGE.write_text(current, "utf-8")
    elif page != current:
        print(f"{PAGE} does not show the operations of the code; run `python {sys.argv[0]}`")
        return 1
    return 0


def with_table(page: str) -> str:
    """The page with the table of now between its marks. Raises ValueError where it has no marks."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{PAGE} lacks the marks {START.strip()} and {END.strip()}")
    return f"{before}{START}\n{table()}\n{END}{after}"


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
