"""The program: a straight line of instructions that the engine runs on each block of rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.coding import Layout
from segmentd.plan.circuit import Circuit
from segmentd.plan.coding import recode
from segmentd.plan.linear import NO_PLANE, Emission, Instruction, linearize
from segmentd.plan.operations import Op, Register
from segmentd.plan.sources import ColumnSource, ItemsColumn, Parameter, TableSource
from segmentd.plan.thresholds import Distinctions, distinctions
from segmentd.schema import OWNER_ROLE, DataType, Schema, Subject

MAX_VARIANTS: Final = 4
"""Variants of a program that are kept, the last used: for other codes, or other attributes without missing values."""


@dataclass(frozen=True, slots=True)
class ComputedOutput:
    """Where the values of an asked computed attribute go: output numbers of its value, presence and unknown planes."""

    id: str
    type: DataType
    value: int
    present: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a program was made from: its circuit over columns, and what that emits."""

    circuit: Circuit
    emissions: tuple[Emission, ...]


NO_SEGMENT: Final = -1


@dataclass(frozen=True, slots=True)
class ItemsProgram:
    """What is asked of the items of a field, `accounts`, by the macros of a program.

    `program` is over the items, a segment a predicate; `columns` says which is whose, NO_SEGMENT where all items are
    counted; `readers` says which asked names need it. `reads` are the attributes of the subject outside of the macros
    that the predicates read; in `program` they have the subject's name in front.
    """

    items: str
    subject: Subject
    outside: Subject
    program: Program
    columns: Mapping[ItemsColumn, int]
    readers: Mapping[ItemsColumn, tuple[str, ...]]
    reads: tuple[str, ...]

    def program_id(self, attribute: str) -> str:
        """What `program` calls an attribute of the subject outside of the macros."""
        return f"{self.outside}.{attribute}"

    @property
    def needs_pairs(self) -> bool:
        """Whether the predicates say something of an item and of whose it is together: one of two owners may differ."""
        return bool(self.reads) or OWNER_ROLE in self.program.attributes

    def is_outside(self, program_id: str) -> bool:
        """Whether `program` reads this of the subject outside of the macros, and not of an item."""
        return program_id.startswith(f"{self.outside}.")


@dataclass(frozen=True, eq=False)
class Program:
    """What is asked, what it reads, and the instructions that answer it. Made by `compile_program` alone.

    `segments` are answered in this order; `attributes` are the given ones that are read, each with the asked segments
    and computed attributes that need it; `registers` says how many of each file are used. `items` are the programs of
    its macros.
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
    origin: Origin = field(repr=False)
    items: tuple[ItemsProgram, ...] = ()
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)
    _variants: OrderedDict[Hashable, Program] = field(default_factory=OrderedDict, init=False, repr=False)

    @cached_property
    def distinctions(self) -> Distinctions:
        """The thresholds and tabulated conditions that it tells values apart by."""
        return distinctions(self.origin.circuit, self.schema)

    @cached_property
    def undecided(self) -> npt.NDArray[np.bool_]:
        """For which segments it can be unknown whether a row is in: bool[segments]."""
        flags = np.zeros(len(self.segments), np.bool_)
        for step in self.instructions:
            if step.op is Op.EMIT_SEGMENT:
                flags[step.destination] = step.operands[1] != NO_PLANE
        return flags

    @property
    def wanted(self) -> frozenset[str]:
        """The given attributes that are read, and the fields of the items that macros go over."""
        return frozenset(self.attributes).union(part.items for part in self.items)

    def reads(self, attributes: tuple[str, ...]) -> bool:
        """Whether all of these given attributes are read."""
        return all(attribute in self.attributes for attribute in attributes)

    def for_batch(self, layouts: Mapping[Hashable, Layout], complete: frozenset[str]) -> Program:
        """The same program for rows whose columns have these codes, and no missing value in the complete attributes.

        Codes take the place of columns where they tell apart what the program asks for.
        """
        if not layouts and not complete:
            return self
        key = (frozenset(layouts.items()), complete)
        with self._lock:
            variant = self._variants.get(key)
            if variant is not None:
                self._variants.move_to_end(key)
                return variant
        variant = self._recoded(layouts, complete)  # takes a while, so not under the lock: another may make it too
        with self._lock:
            self._variants[key] = variant
            while len(self._variants) > MAX_VARIANTS:
                self._variants.popitem(last=False)
        return variant

    def _recoded(self, layouts: Mapping[Hashable, Layout], complete: frozenset[str]) -> Program:
        line = linearize(*recode(self.origin.circuit, self.origin.emissions, layouts, complete))
        return replace(
            self,
            columns=tuple(line.columns),
            parameters=tuple(line.parameters),
            tables=tuple(line.tables),
            instructions=tuple(line.instructions),
            registers=line.registers,
        )

    def render(self) -> str:
        """The program as text, for people."""
        from segmentd.plan.render import render_program  # noqa: PLC0415  (it reads this module)

        return render_program(self)
