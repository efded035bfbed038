"""The program: a straight line of instructions that the engine runs on each block of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segmentd.plan.operations import Op, Register
from segmentd.plan.sources import ColumnSource, Parameter, TableSource
from segmentd.schema import DataType, Schema


@dataclass(frozen=True, slots=True)
class Instruction:
    """An operation, its destination register (or output), its operands, and the plane of its failed rows or -1.

    Operands by operation are described in `kernels/opcodes.py`; predicates, flags and calendar fields stand as text.
    """

    op: Op
    destination: int
    operands: tuple[int | str, ...]
    failed: int = -1


@dataclass(frozen=True, slots=True)
class ComputedOutput:
    """Where the values of an asked computed attribute go: output numbers of its value, presence and unknown planes."""

    id: str
    type: DataType
    value: int
    present: int
    unknown: int


@dataclass(frozen=True, eq=False)
class Program:
    """What is asked, what it reads, and the instructions that answer it. Made by `compile_program` alone.

    `segments` are answered in this order; `attributes` are the given ones that are read, each with the asked segments
    and computed attributes that need it; `registers` says how many of each file are used.
    """

    schema: Schema
    segments: tuple[str, ...]
    computed: tuple[ComputedOutput, ...]
    attributes: Mapping[str, tuple[str, ...]]
    columns: tuple[ColumnSource, ...]
    parameters: tuple[Parameter, ...]
    tables: tuple[TableSource, ...]
    instructions: tuple[Instruction, ...]
    registers: Mapping[Register, int]
    outputs: tuple[Op, ...]

    def render(self) -> str:
        """The program as text, for people."""
        from segmentd.plan.render import render_program  # noqa: PLC0415  (it reads this module)

        return render_program(self)
