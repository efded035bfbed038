"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DefinitionFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="Attributes and segments, in YAML.")
]

DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Let the server check everything, and store nothing.")]

PopulationOption = Annotated[
    Path | None,
    typer.Option(
        "--population",
        exists=True,
        dir_okay=False,
        help="Take the attributes that FILE leaves out from the columns of this Parquet, CSV or Arrow file.",
    ),
]

IdOption = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="The column of the ids. [default: what FILE says, else customer_id]",
        show_default=False,
    ),
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
        help="Write customer_id, segment to this .parquet or .csv file.",
        show_default=False,
    ),
]
