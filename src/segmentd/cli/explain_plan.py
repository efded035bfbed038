"""`segmentd explain-plan`: the program that evaluates the segments of a file."""

from __future__ import annotations

import typer

from segmentd.cli.options import DefinitionFile, IdOption, PopulationOption, SegmentsOption
from segmentd.cli.output import JsonFlag, print_json


def explain_plan(
    file: DefinitionFile,
    segments: SegmentsOption = None,
    population: PopulationOption = None,
    id_column: IdOption = None,
    json: JsonFlag = False,
) -> None:
    """Print the program that evaluates segments: shared conditions, registers, tables."""
    from segmentd.cli.offline import compile_segments, load_catalogue
    from segmentd.segments.errors import UnknownSegmentError

    catalogue = load_catalogue(file, population, id_column)
    try:
        program = compile_segments(catalogue, segments or ())
    except UnknownSegmentError as error:
        raise typer.BadParameter(f"--segment: {error.fields[0].description}") from error
    if json:
        attributes = {attribute: list(needed_by) for attribute, needed_by in program.attributes.items()}
        print_json({"segments": program.segments, "attributes": attributes, "plan": program.render().splitlines()})
        return
    typer.echo(program.render())
