"""Arguments and options that several commands have."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated

import typer


def existing(path: Path | None) -> Path | None:
    """The path of a file that is there, or None where none is given.

    Raises FileNotFoundError, IsADirectoryError: a file that cannot be read ends every command with the same code.
    """
    if path is not None and path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path is not None and not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path


DefinitionFile = Annotated[
    Path, typer.Argument(callback=existing, metavar="FILE", help="Attributes and segments, in YAML.")
]

DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Let the server check everything, and store nothing.")]

PopulationOption = Annotated[
    Path | None,
    typer.Option(
        "--population",
        callback=existing,
        help="Take the attributes that FILE leaves out from the columns of this Parquet, CSV or Arrow file.",
    ),
]

PlanPopulationOption = Annotated[
    Path | None,
    typer.Option(
        "--population",
        callback=existing,
        help="Take the attributes that FILE leaves out from the columns of this Parquet, CSV or Arrow file, and show "
        "the codes that a server makes of these columns: of texts too, in as many bits as their values need.",
    ),
]

IdOption = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="The column of the ids. [default: what FILE says, else customer_id; of accounts account_id]",
        show_default=False,
    ),
]

AccountsFlag = Annotated[
    bool, typer.Option("--accounts", help="Of accounts: a row is an account, and segments are those of accounts.")
]

SegmentsOption = Annotated[
    list[str] | None,
    typer.Option("--segment", metavar="ID", help="Only this segment; repeat for more.", show_default=False),
]

AsOfOption = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="What `now` means: a date, or RFC 3339. [default: this moment]",
        show_default=False,
    ),
]

MembersOption = Annotated[
    Path | None,
    typer.Option(
        "--members",
        metavar="OUT",
        help="Write customer_id (or account_id), segment to this .parquet or .csv file.",
        show_default=False,
    ),
]
