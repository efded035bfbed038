"""The program as text: what `segmentd explain-plan` prints."""

from __future__ import annotations

from collections.abc import Mapping

from segmentd.plan.linear import Instruction
from segmentd.plan.operations import FALLIBLE, OPERANDS, Op, Register, register_of
from segmentd.plan.program import Program
from segmentd.plan.render_codes import render_bound, render_codes
from segmentd.plan.render_tree import render_macro, render_tree
from segmentd.plan.sources import AttributeColumn, Constants, ItemsColumn, SlicedCodes, Table
from segmentd.plan.traffic import uncoded_bytes, value_bytes


def render_program(program: Program, widths: Mapping[str, float] | None = None) -> str:
    """What is read, then the instructions, a line each; `p` are planes, `i` integers, `d` doubles.

    `widths`: the bytes of a value, by attribute, where they are known.
    """
    conditions = sum(instruction.op in _CONDITIONS for instruction in program.instructions)
    registers = ", ".join(_counted(program.registers[kind], name) for kind, name in _REGISTER_NAMES.items())
    lines = [
        ", ".join(
            (
                _counted(len(program.segments), "segment"),
                f"{_counted(len(program.computed), 'computed attribute')} asked for",
                _counted(len(program.attributes), "attribute"),
                _counted(conditions, "distinct condition"),
                _counted(len(program.instructions), "instruction"),
                f"registers: {registers}",
            )
        )
    ]
    lines += _section("columns", [_column(program, index, widths or {}) for index in range(len(program.columns))])
    lines += _section("parameters", [_parameter(program, index) for index in range(len(program.parameters))])
    lines += _section("tables", [_table(program, index) for index in range(len(program.tables))])
    lines += _section("instructions", [_instruction(program, step) for step in program.instructions])
    for part in (part for part in program.items if part.program.segments):
        lines += _section(f"over {part.items}", render_program(part.program).rstrip("\n").split("\n"))
    return "\n".join(lines) + "\n"


_CONDITIONS = frozenset(
    {Op.COMPARE_INT, Op.COMPARE_DOUBLE, Op.COMPARE_INTS, Op.COMPARE_DOUBLES, Op.LOOKUP_BIT}
    | {Op.COLUMN_BITS, Op.CODE_AT_LEAST}
)
_REGISTER_NAMES = {Register.PLANE: "plane", Register.INT: "integer", Register.DOUBLE: "double"}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _section(title: str, items: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {item}".rstrip() for item in items)] if items else []


def _column(program: Program, index: int, widths: Mapping[str, float]) -> str:
    source = program.columns[index]
    if isinstance(source, AttributeColumn):
        spec = program.schema.get(source.attribute)
        return f"c{index} = {source.attribute} {spec.type if spec else ''}"
    if isinstance(source, SlicedCodes):
        raw, taken = uncoded_bytes(program, source, widths), value_bytes(program, source, widths)
        return f"c{index} = {render_codes(source)} ({taken:.4g} bytes a row instead of {raw:.4g})"
    if isinstance(source, ItemsColumn):
        return f"c{index} = {render_macro(source.items, source.quantifier, source.predicate)}, once a program"
    return f"c{index} = distinct values of ({', '.join(source.attributes)})"


def _parameter(program: Program, index: int) -> str:
    parameter = program.parameters[index]
    if isinstance(parameter, Constants):
        return f"k{index} = {', '.join(map(repr, parameter.values))}"
    return f"k{index} = {parameter.kind} of {render_tree(parameter.node)}, once a request"


def _table(program: Program, index: int) -> str:
    table = program.tables[index]
    if isinstance(table, Table):
        return (
            f"t{index} = {table.kind} of {render_tree(table.node)}, once per distinct ({', '.join(table.attributes)})"
        )
    return f"t{index} = {'offsets' if table.offsets else 'transitions'} of {table.zone}"


def _operand(sign: str, operand: int | str) -> str:
    if sign == "_":
        return str(operand)
    if isinstance(operand, int) and operand < 0:
        return "-" if sign == "p" else f"c{~operand}"
    return f"{sign}{operand}"


def _instruction(program: Program, step: Instruction) -> str:
    operands = ", ".join(map(_operand, OPERANDS.get(step.op, ""), step.operands))
    if step.op is Op.EMIT_SEGMENT:
        return f"segment {program.segments[step.destination]} = {operands}"
    if step.op in (Op.EMIT_PLANE, Op.EMIT_INT, Op.EMIT_DOUBLE):
        return f"output {step.destination} = {operands}"
    destination = f"{register_of(step.op).value}{step.destination}"
    if step.op is Op.CODE_AT_LEAST:
        return f"{destination} = {_code_at_least(program, step)}"
    if step.op in FALLIBLE:
        destination += f", p{step.failed}"
    return f"{destination} = {step.op.value}({operands})"


def _code_at_least(program: Program, step: Instruction) -> str:
    """The comparison with the whole code, and with the value that it stands for."""
    column, left_out, bound = (int(operand) for operand in step.operands)
    codes = program.columns[column]
    if not isinstance(codes, SlicedCodes):
        raise TypeError(f"{codes} has no codes")
    whole = bound << left_out
    return f"{step.op.value}(c{column}, {whole})  # {render_bound(codes, whole, program.schema)}"
