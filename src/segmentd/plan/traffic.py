"""What a program reads of a row: the bytes that come from memory for each of its columns, once a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from segmentd.columns.coding import bit_count
from segmentd.language.tree import Quantifier
from segmentd.plan.linear import Instruction
from segmentd.plan.operations import OPERANDS, Op
from segmentd.plan.program import Program
from segmentd.plan.sources import AttributeColumn, CodeColumn, ColumnSource, ItemsColumn, SlicedCodes
from segmentd.schema import Kind

VALUE_BYTES: Final = 8
"""Of a number as it is kept unless its column is narrower."""

CODE_BYTES: Final = 4
"""Of the place of a text or a list in its dictionary."""

PLANE_BYTES: Final = 1 / 8

_BYTES: Final = {Kind.BOOL: PLANE_BYTES, Kind.STRING: CODE_BYTES, Kind.LIST: CODE_BYTES}


def bytes_per_row(program: Program, widths: Mapping[str, float]) -> tuple[float, ...]:
    """The bytes a row that the program reads of each of its columns; `widths`: of a value, by attribute.

    Where only the presence of values is asked for, the values are not read.
    """
    values, validities = _reads(program)
    return tuple(
        (value_bytes(program, source, widths) if index in values else 0) + (PLANE_BYTES if index in validities else 0)
        for index, source in enumerate(program.columns)
    )


def value_bytes(program: Program, source: ColumnSource, widths: Mapping[str, float]) -> float:
    """The bytes of a value of a column, without its validity."""
    match source:
        case AttributeColumn(attribute):
            spec = program.schema.get(attribute)
            return widths.get(attribute, VALUE_BYTES if spec is None else _BYTES.get(spec.type.kind, VALUE_BYTES))
        case CodeColumn():
            return CODE_BYTES
        case ItemsColumn(quantifier=quantifier):
            return VALUE_BYTES if quantifier is Quantifier.COUNT else PLANE_BYTES
        case _:
            return bit_count(source.layout.size) / 8


def uncoded_bytes(program: Program, codes: SlicedCodes, widths: Mapping[str, float]) -> float:
    """The bytes of the values that stand behind a code, with the validity of numbers that may be missing.

    A code says itself whether the value is missing, as the place of a text in its dictionary does.
    """
    return sum(
        value_bytes(program, AttributeColumn(attribute), widths) + _validity_bytes(program, attribute)
        for attribute in codes.attributes
    )


def _validity_bytes(program: Program, attribute: str) -> float:
    spec = program.schema.get(attribute)
    if spec is not None and (spec.required or spec.type.kind in (Kind.STRING, Kind.LIST)):
        return 0
    return PLANE_BYTES


def _reads(program: Program) -> tuple[set[int], set[int]]:
    """The columns whose values are read, and those whose validity is."""
    values: set[int] = set()
    validities: set[int] = set()
    for step in program.instructions:
        (validities if step.op is Op.VALIDITY else values).update(_columns(step))
    return values, validities


def _columns(step: Instruction) -> Iterator[int]:
    for sign, operand in zip(OPERANDS.get(step.op, ""), step.operands, strict=False):
        if isinstance(operand, str):
            continue
        if sign == "c":
            yield operand
        elif sign in "id" and operand < 0:
            yield ~operand
