"""`segmentd check`: definitions without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from segmentd.cli.exits import ExitCode
from segmentd.cli.options import DefinitionFile, IdOption, PopulationOption
from segmentd.cli.output import JsonFlag, counted, print_json

if TYPE_CHECKING:
    from segmentd.segments.catalogue import Catalogue
    from segmentd.segments.definitions import DefinitionsError, Problem


def check(
    file: DefinitionFile, population: PopulationOption = None, id_column: IdOption = None, json: JsonFlag = False
) -> None:
    """Check a file of definitions: errors come with their lines and a caret. Exit code 1 if there is one."""
    from segmentd.cli.offline import load_catalogue
    from segmentd.segments.definitions import DefinitionsError

    try:
        catalogue = load_catalogue(file, population, id_column)
    except DefinitionsError as error:
        if not json:
            raise
        print_json({"valid": False, "problems": described(error)})
        raise typer.Exit(ExitCode.INVALID) from error
    warnings = collect_warnings(catalogue)
    if json:
        print_json({"valid": True, "segments": list(catalogue.segments), "warnings": warnings})
        return
    for warning in warnings:
        typer.echo(f"warning: {warning['entry']}: {warning['message']}\n{warning['snippet']}", err=True)
    attributes = sum(len(of_subject) for of_subject in catalogue.attributes.values())
    segments = counted(len(catalogue.segments), "segment")
    typer.echo(f"{file}: {segments} and {counted(attributes, 'attribute')} are valid")


def described(error: DefinitionsError) -> list[dict[str, object]]:
    """The problems as JSON has them: one for each place in an expression; `line` is that of the entry in the file.

    `snippet`, and `column` in the snippet's first line, are of the expression's text and null for other problems.
    """
    return [entry for problem in error.problems for entry in described_problem(problem)]


def described_problem(problem: Problem) -> list[dict[str, object]]:
    """One problem, or those of the places in its expression."""
    place: dict[str, object] = {"line": problem.line, "entry": problem.entry}
    if not problem.issues:
        return [place | {"reason": problem.reason, "message": problem.message, "column": None, "snippet": None}]
    return [
        place
        | {
            "reason": issue.reason,
            "message": issue.message,
            "column": issue.position.column,
            "snippet": issue.snippet,
        }
        for issue in problem.issues
    ]


def collect_warnings(catalogue: Catalogue) -> list[dict[str, object]]:
    """What the segments' expressions may not mean as they seem to."""
    return [
        {"entry": f"segments/{segment}", "message": issue.message, "snippet": issue.snippet}
        for segment, compiled in catalogue.segments.items()
        for issue in compiled.expression.warnings
    ]
