"""The program: a straight line of instructions that the engine runs on each block of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from segmentd.plan.operations import Op, Register
from segmentd.plan.sources import ColumnSource, Parameter, TableSource
from segmentd.schema import DataType, Schema

MAX_VARIANTS: Final = 16
"""Variants of a program that are kept, each for other attributes without missing values."""


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
    compile_for: Callable[[frozenset[str]], Program] = field(repr=False)
    _variants: dict[frozenset[str], Program] = field(default_factory=dict, init=False, repr=False)

    def for_complete(self, complete: frozenset[str]) -> Program:
        """The same program for rows in which these nullable attributes have values throughout: with less to do."""
        variant = self._variants.get(complete)
        if variant is None:
            variant = self.compile_for(complete)
            if len(self._variants) < MAX_VARIANTS:
                self._variants[complete] = variant
        return variant

    def render(self) -> str:
        """The program as text, for people."""
        from segmentd.plan.render import render_program  # noqa: PLC0415  (it reads this module)

        return render_program(self)
