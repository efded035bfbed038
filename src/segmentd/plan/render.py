"""The program as text: what `segmentd explain-plan` prints."""

from __future__ import annotations

from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ListLiteral,
    Node,
    Now,
    Presence,
    SegmentVerdict,
    children,
)
from segmentd.plan.linear import Instruction
from segmentd.plan.operations import FALLIBLE, OPERANDS, Op, Register, register_of
from segmentd.plan.program import Program
from segmentd.plan.sources import AttributeColumn, Constants, Table


def render_program(program: Program) -> str:
    """What is read, then the instructions, a line each; `p` are planes, `i` integers, `d` doubles."""
    conditions = sum(instruction.op in _CONDITIONS for instruction in program.instructions)
    registers = ", ".join(f"{program.registers[kind]} {name}" for kind, name in _REGISTER_NAMES.items())
    lines = [
        ", ".join(
            (
                f"{len(program.segments)} segments",
                f"{len(program.computed)} computed attributes",
                f"{len(program.attributes)} attributes",
                f"{conditions} distinct conditions",
                f"{len(program.instructions)} instructions",
                f"registers: {registers}",
            )
        )
    ]
    lines += _section("columns", [_column(program, index) for index in range(len(program.columns))])
    lines += _section("parameters", [_parameter(program, index) for index in range(len(program.parameters))])
    lines += _section("tables", [_table(program, index) for index in range(len(program.tables))])
    lines += _section("instructions", [_instruction(program, step) for step in program.instructions])
    return "\n".join(lines) + "\n"


_CONDITIONS = frozenset(
    {Op.COMPARE_INT, Op.COMPARE_DOUBLE, Op.COMPARE_INTS, Op.COMPARE_DOUBLES, Op.LOOKUP_BIT} | {Op.COLUMN_BITS}
)
_REGISTER_NAMES = {Register.PLANE: "planes", Register.INT: "integers", Register.DOUBLE: "doubles"}


def _section(title: str, items: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {item}" for item in items)] if items else []


def _column(program: Program, index: int) -> str:
    source = program.columns[index]
    if isinstance(source, AttributeColumn):
        spec = program.schema.get(source.attribute)
        return f"c{index} = {source.attribute} {spec.type if spec else ''}"
    return f"c{index} = codes of ({', '.join(source.attributes)})"


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
    if step.op in FALLIBLE:
        destination += f", p{step.failed}"
    return f"{destination} = {step.op.value}({operands})"


def render_tree(node: Node) -> str:
    """A tree in the form of calls, by overload id."""
    match node:
        case Constant():
            return repr(node.value)
        case Now():
            return "now"
        case AttributeRead():
            return node.id
        case Presence():
            return f"has({node.id})"
        case SegmentVerdict():
            return f"segment({node.segment})"
        case ListLiteral():
            return f"[{', '.join(map(render_tree, children(node)))}]"
        case Call():
            return f"{node.overload}({', '.join(map(render_tree, children(node)))})"
