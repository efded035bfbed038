"""`segmentd explain-plan`: the program that evaluates the segments of a file."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.options import AccountsFlag, DefinitionFile, IdOption, PlanPopulationOption, SegmentsOption
from segmentd.cli.output import JsonFlag, print_json


def explain_plan(
    file: DefinitionFile,
    segments: SegmentsOption = None,
    population: PlanPopulationOption = None,
    id_column: IdOption = None,
    accounts: AccountsFlag = False,
    raw: Annotated[bool, typer.Option("--raw", help="Show the program for columns that have no codes.")] = False,
    json: JsonFlag = False,
) -> None:
    """Print the program that evaluates segments: shared conditions, registers, tables, columns read as codes."""
    from segmentd.cli.coded_plan import CodedPlan, plan_codes, widths_of
    from segmentd.cli.offline import compile_segments, load_subjects
    from segmentd.plan.render import render_program
    from segmentd.schema import Subject
    from segmentd.segments.errors import UnknownSegmentError

    subject = Subject.ACCOUNT if accounts else Subject.CUSTOMER
    catalogue, batch = load_subjects(file, population, id_column, subject)
    try:
        program = compile_segments(catalogue, segments or (), subject)
    except UnknownSegmentError as error:
        raise typer.BadParameter(f"--segment: {error.fields[0].description}") from error
    plan = CodedPlan(program, program, widths_of(batch)) if raw else plan_codes(program, batch)
    text = render_program(plan.chosen, plan.widths)
    before, after = plan.bytes_per_row
    if not program.segments:
        typer.echo(f"{file} has no active segments of {subject}s", err=True)
    if not json:
        typer.echo(f"{after:.3g} bytes a row are read; without codes {before:.3g}")
        typer.echo(text)
        return
    attributes = {attribute: list(needed_by) for attribute, needed_by in program.attributes.items()}
    for part in program.items:
        of_items = {name: names for name, names in part.program.attributes.items() if not part.is_outside(name)}
        attributes |= {f"{part.subject}.{attribute}": list(names) for attribute, names in of_items.items()}
    print_json(
        {
            "segments": program.segments,
            "attributes": attributes,
            "columns": plan.columns(),
            "bytes_per_row": {"raw": before, "chosen": after},
            "plan": text.splitlines(),
        }
    )
