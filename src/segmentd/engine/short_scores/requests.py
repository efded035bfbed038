"""Short requests: at most a word of rows, all of them numbers and truth values, from bytes to bytes on one thread.

What takes hundreds of microseconds where it is decoded, bound, run on blocks and encoded in turn, takes some here, of
requests whose shape is known and programs that `short_program` knows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.short_scores.program import ShortProgram
from segmentd.kernels.short_scores import run as short_run
from segmentd.kernels.short_scores import scan as short_scan
from segmentd.kernels.short_scores.answer import COUNTS, LISTS, answer_request
from segmentd.kernels.short_scores.scan import scan_request

MAX_ROWS: Final = short_scan.ROWS
"""Rows of a short request."""

MAX_BYTES: Final = 8_192
"""Bytes of a short request."""

_ABSENT: Final = short_scan.SLOTS
"""The slot of what a request does not have: all of its values are missing."""

MAX_STEPS: Final = 50_000
"""Steps of a short request: each a nanosecond or two."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A given column, and what is done with its values. `presence`: its place among the bits that say who has one."""

    attribute: str
    presence: int
    required: bool = False
    conversion: int = short_run.AS_IS
    limits: tuple[int, int] = (0, 0)


def as_truths(slot: Slot) -> Slot:
    """The values are whole numbers, 0 or 1, and become truth values."""
    return Slot(slot.attribute, slot.presence, slot.required, short_run.TRUTHS)


def as_amounts(slot: Slot, unit: float, most: float) -> Slot:
    """The values are doubles in major units of `unit` minor units each, below `most` minor units either way."""
    unit_bits, most_bits = struct.unpack("<qq", struct.pack("<dd", unit, most))
    return Slot(slot.attribute, slot.presence, slot.required, short_run.MINOR_UNITS, (unit_bits, most_bits))


def within(slot: Slot, least: int, most: int) -> Slot:
    """The values are whole numbers from `least` to `most`."""
    return Slot(slot.attribute, slot.presence, slot.required, short_run.IN_RANGE, (least, most))


@dataclass(frozen=True, slots=True, eq=False)
class ShortPlan:
    """A program tied to the shape of a request, and to the form and the names of its answers."""

    program: ShortProgram
    rows: int
    form: int
    columns: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int64]
    limits: npt.NDArray[np.int64]
    names: npt.NDArray[np.uint8]
    name_ends: npt.NDArray[np.int64]

    @property
    def most_bytes(self) -> int:
        """The bytes of an answer, at most."""
        segments = len(self.name_ends)
        lists = 4 * self.rows * (2 + segments) + 64 if self.form == LISTS else 0
        return len(self.names) + (16 + 2 * (2 + MAX_ROWS)) * segments + lists + 16


def plan_short(
    program: ShortProgram, slots: Sequence[Slot], rows: int, form: int, names: Sequence[bytes]
) -> ShortPlan | None:
    """The plan of all requests of a shape that has these slots, in this order; None if they are no short work.

    `form` is the API's number of counts, ids (of rows that have none), lists or planes; `names` are the fields
    `segment` of each segment's message.
    """
    if not 1 <= rows <= MAX_ROWS or _steps(program, rows, form) > MAX_STEPS:
        return None
    places = {slot.attribute: (place, slot.presence) for place, slot in enumerate(slots)}
    columns = [places.get(attribute, (_ABSENT, _ABSENT)) for attribute in program.columns]
    return ShortPlan(
        program=program,
        rows=int(rows),
        form=int(form),  # Numba takes 10 µs to tell what an enum is
        columns=np.array(columns, np.int64).reshape(-1, 2),
        slots=np.array([(each.conversion, each.presence, each.required) for each in slots], np.int64).reshape(-1, 3),
        limits=np.array([slot.limits for slot in slots], np.int64).reshape(-1, 2),
        names=np.frombuffer(b"".join(names), np.uint8),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int64),
    )


def _steps(program: ShortProgram, rows: int, form: int) -> int:
    """What a request takes, in steps: instructions, compared values, what is written of each segment."""
    details = 2 * rows if form != COUNTS else 0
    return len(program.code) + program.comparisons * rows + program.segments * (20 + details)


class ShortRequests:
    """The memory that short requests are answered in, one after the other: for one thread.

    `scan` a request, then `answer` it.
    """

    def __init__(self) -> None:
        self._table = short_scan.field_table()
        self._shape = np.zeros(2 * MAX_BYTES + 16, np.uint8)
        self._ends = np.zeros((short_scan.DEPTH, 3), np.int64)
        self._values = np.zeros((short_scan.SLOTS + 1) * MAX_ROWS, np.int64)
        self._reals = self._values.view(np.float64)
        self._present = np.zeros(short_scan.SLOTS + 1, np.uint64)
        self._facts = np.zeros(short_scan.FACTS, np.int64)
        self._planes = np.zeros(1, np.uint64)
        self._verdicts = np.zeros((1, 2), np.uint64)
        self._scratch = np.zeros(1, np.uint8)
        self._out = np.zeros(1, np.uint8)

    def scan(self, request: bytes) -> bytes | None:
        """The request's shape: all but its values and its moment. None if it has none."""
        if not 0 < len(request) <= MAX_BYTES:
            return None
        raw = np.frombuffer(request, np.uint8)
        size = scan_request(raw, self._table, self._shape, self._ends, self._values, self._present, self._facts)
        return None if size < 0 else self._shape[:size].tobytes()

    @property
    def moment(self) -> tuple[int, int] | None:
        """Seconds and nanoseconds of the scanned request's `now`, if it has one."""
        has_now, seconds, nanos = self._facts.tolist()
        return (seconds, nanos) if has_now else None

    def answer(self, plan: ShortPlan) -> bytes | None:
        """The memberships of the scanned request, whose shape is the plan's; None if a value is not allowed."""
        program = plan.program
        if len(self._out) < plan.most_bytes:
            self._out, self._scratch = np.zeros(plan.most_bytes, np.uint8), np.zeros(plan.most_bytes, np.uint8)
        if len(self._planes) < program.planes:
            self._planes = np.zeros(program.planes, np.uint64)
        if len(self._verdicts) < program.segments:
            self._verdicts = np.zeros((program.segments, 2), np.uint64)
        size = answer_request(
            program.code,
            program.bounds,
            plan.columns,
            plan.slots,
            plan.limits,
            plan.rows,
            self._values,
            self._reals,
            self._present,
            self._planes,
            self._verdicts[: program.segments],
            plan.form,
            plan.names,
            plan.name_ends,
            self._scratch,
            self._out,
        )
        return None if size < 0 else self._out[:size].tobytes()


def answer_sample() -> None:
    """Answer a request of one truth value, so that the machine code is there when one comes."""
    requests = ShortRequests()
    requests.scan(_SAMPLE)
    nothing = np.zeros((0, short_run.WIDTH), np.int16)
    program = ShortProgram(nothing, np.zeros(1, np.int64), (), planes=1, segments=0, comparisons=0)
    plan = plan_short(program, (as_truths(Slot("a", 0)),), 1, COUNTS, ())
    if plan is not None:
        requests.answer(plan)


_SAMPLE: Final = bytes.fromhex("120d0a0b0a090a01612a040a020101")
"""A ScoreRequest with a column of two truth values."""
