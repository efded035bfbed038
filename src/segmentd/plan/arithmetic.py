"""How arithmetic, conversions, times and calendars are lowered."""

from __future__ import annotations

from typing import Final

from segmentd.language.tree import Call, Constant, Node
from segmentd.plan.circuit import GateId
from segmentd.plan.lowered import Lowered, Quantity, Truth
from segmentd.plan.lowering import Handler, Lowering
from segmentd.plan.operations import FALLIBLE, Op
from segmentd.plan.sources import ZoneTable, double_constant, int_constants

INT64_RANGE: Final = (-(2**63), 2**63 - 1)
TIMESTAMP_RANGE: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z, in microseconds."""
DURATION_RANGE: Final = (-9_223_372_036_854_775, 9_223_372_036_854_775)
"""292 years either way, in microseconds: the official runtime sums durations as int64 nanoseconds."""
DURATION_SECONDS: Final = (-9_223_372_036, 9_223_372_036)
SECOND_US: Final = 1_000_000
TIMESTAMP_SECONDS: Final = (-62_135_596_800, 253_402_300_799)

_FIELDS: Final = {
    "year": "year",
    "month": "month",
    "day_of_month": "day_of_month",
    "day_of_month_1_based": "day_of_month",
    "day_of_week": "day_of_week",
    "day_of_year": "day_of_year",
    "hours": "hours",
    "minutes": "minutes",
    "seconds": "seconds",
    "milliseconds": "milliseconds",
}
"""What follows `timestamp_to_` in the overload ids of getters, and the field it reads."""

_DURATION_UNITS: Final = {"hours": 3600 * SECOND_US, "minutes": 60 * SECOND_US, "seconds": SECOND_US}


def _ranged(op: Op, limits: tuple[int, int]) -> Handler:
    """A sum or difference that fails outside the limits."""

    def lower(low: Lowering, call: Call) -> Lowered:
        return _strict(low, op, call.arguments, (int_constants(*limits),))

    return lower


def _plain(op: Op) -> Handler:
    """An operation on the arguments' values as they are."""

    def lower(low: Lowering, call: Call) -> Lowered:
        return _strict(low, op, call.arguments)

    return lower


def _strict(low: Lowering, op: Op, arguments: tuple[Node, ...], details: tuple[object, ...] = ()) -> Quantity:
    """Present where all arguments are and the operation does not fail; never null."""
    operands = [low.quantity(argument) for argument in arguments]
    value = low.circuit.make(op, *(operand.value for operand in operands), details=details)
    present = low.circuit.all_of(*(operand.present for operand in operands))
    return _surviving(low, value, present)


def _surviving(low: Lowering, value: GateId, present: GateId) -> Quantity:
    if low.circuit.gates[value].op in FALLIBLE:
        present = low.circuit.without(present, low.circuit.make(Op.FAILED, value))
    return Quantity(value, present, low.circuit.zeros)


def identity(low: Lowering, call: Call) -> Lowered:
    """`int(x)` of an integer and its like: the value, and unknown where it is missing."""
    operand = low.quantity(call.arguments[0])
    return Quantity(operand.value, operand.present, low.circuit.zeros)


def truth_identity(low: Lowering, call: Call) -> Lowered:
    """`bool(x)` of a truth value."""
    truth = low.truth(call.arguments[0])
    return Truth(truth.true, truth.false, low.circuit.zeros)


def minor_to_major(low: Lowering, call: Call) -> Lowered:
    """`double(amount)`: minor units divided by ten to the scale."""
    divisor = double_constant(10.0 ** call.arguments[0].type.scale)
    return _strict(low, Op.MINOR_TO_MAJOR, call.arguments, (divisor,))


def seconds_to_timestamp(low: Lowering, call: Call) -> Lowered:
    """`timestamp(seconds)`: fails outside the years 1 to 9999."""
    return _strict(low, Op.MULTIPLY_RANGE, call.arguments, (int_constants(SECOND_US, *TIMESTAMP_SECONDS),))


def timestamp_to_seconds(low: Lowering, call: Call) -> Lowered:
    """`int(timestamp)`: whole seconds since 1970, rounded down."""
    return _strict(low, Op.FLOOR_DIVIDE, call.arguments, (int_constants(SECOND_US),))


def difference_of_times(low: Lowering, call: Call) -> Lowered:
    """`a - b` of times. The official runtime subtracts the seconds, rounded down, and then what is beyond them.

    It fails where either result is no int64 in nanoseconds, so up to a second earlier backwards than forwards.
    """
    difference = _strict(low, Op.SUBTRACT_INT, call.arguments, (int_constants(*DURATION_RANGE),))
    operands = [low.quantity(argument).value for argument in call.arguments]
    seconds = [low.circuit.make(Op.FLOOR_DIVIDE, value, details=(int_constants(SECOND_US),)) for value in operands]
    whole = low.circuit.make(Op.SUBTRACT_INT, *seconds, details=(int_constants(*DURATION_SECONDS),))
    present = low.circuit.without(difference.present, low.circuit.make(Op.FAILED, whole))
    return Quantity(difference.value, present, low.circuit.zeros)


def duration_unit(unit_us: int) -> Handler:
    """`getHours()` of a duration and its like: whole units in all, towards zero."""

    def lower(low: Lowering, call: Call) -> Lowered:
        return _strict(low, Op.DIVIDE_TRUNCATED, call.arguments, (int_constants(unit_us),))

    return lower


def duration_milliseconds(low: Lowering, call: Call) -> Lowered:
    """`getMilliseconds()` of a duration: the milliseconds within its second."""
    whole = _strict(low, Op.DIVIDE_TRUNCATED, call.arguments, (int_constants(1000),))
    value = low.circuit.make(Op.REMAINDER_TRUNCATED, whole.value, details=(int_constants(1000),))
    return Quantity(value, whole.present, low.circuit.zeros)


def local_time(low: Lowering, value: GateId, zone: str) -> GateId:
    """Times as a zone's clocks show them."""
    if zone == "UTC":
        return value
    details = (ZoneTable(zone, offsets=False), ZoneTable(zone, offsets=True))
    return low.circuit.make(Op.LOCAL_TIME, value, details=details)


def getter(name: str, *, zoned: bool) -> Handler:
    """`getFullYear()` and its like, in UTC or in the zone that a literal names."""

    def lower(low: Lowering, call: Call) -> Lowered:
        zone = "UTC"
        if zoned:
            named = call.arguments[1]
            if not isinstance(named, Constant) or not isinstance(named.value, str):
                raise TypeError("a getter's zone is a literal")
            zone = named.value
        moment = low.quantity(call.arguments[0])
        local = local_time(low, moment.value, zone)
        value = low.circuit.make(Op.CALENDAR_FIELD, local, details=(_FIELDS[name],))
        if name == "day_of_month_1_based":
            one = low.circuit.make(Op.FILL_INT, details=(int_constants(1),))
            value = low.circuit.make(Op.ADD_INT, value, one, details=(int_constants(*INT64_RANGE),))
        return Quantity(value, moment.present, low.circuit.zeros)

    return lower


def between(op: Op, months: int = 1) -> Handler:
    """`yearsBetween(a, b)` and its like, on dates in the ledger's zone; `months` a unit."""

    def lower(low: Lowering, call: Call) -> Lowered:
        start, end = (low.quantity(argument) for argument in call.arguments)
        dates = (local_time(low, moment.value, low.zone) for moment in (start, end))
        value = low.circuit.make(op, *dates)
        if months > 1:
            value = low.circuit.make(Op.DIVIDE_TRUNCATED, value, details=(int_constants(months),))
        return Quantity(value, low.circuit.both(start.present, end.present), low.circuit.zeros)

    return lower


ARITHMETIC: dict[str, Handler] = {
    "add_int64": _ranged(Op.ADD_INT, INT64_RANGE),
    "subtract_int64": _ranged(Op.SUBTRACT_INT, INT64_RANGE),
    "multiply_int64": _plain(Op.MULTIPLY_INT),
    "divide_int64": _plain(Op.DIVIDE_INT),
    "modulo_int64": _plain(Op.MODULO_INT),
    "negate_int64": _plain(Op.NEGATE_INT),
    "add_double": _plain(Op.ADD_DOUBLE),
    "subtract_double": _plain(Op.SUBTRACT_DOUBLE),
    "multiply_double": _plain(Op.MULTIPLY_DOUBLE),
    "divide_double": _plain(Op.DIVIDE_DOUBLE),
    "negate_double": _plain(Op.NEGATE_DOUBLE),
    "add_timestamp_duration": _ranged(Op.ADD_INT, TIMESTAMP_RANGE),
    "add_duration_timestamp": _ranged(Op.ADD_INT, TIMESTAMP_RANGE),
    "add_duration_duration": _ranged(Op.ADD_INT, DURATION_RANGE),
    "subtract_timestamp_timestamp": difference_of_times,
    "subtract_timestamp_duration": _ranged(Op.SUBTRACT_INT, TIMESTAMP_RANGE),
    "subtract_duration_duration": _ranged(Op.SUBTRACT_INT, DURATION_RANGE),
    "int64_to_double": _plain(Op.INT_TO_DOUBLE),
    "double_to_int64": _plain(Op.DOUBLE_TO_INT),
    "decimal_to_double": minor_to_major,
    "timestamp_to_int64": timestamp_to_seconds,
    "int64_to_timestamp": seconds_to_timestamp,
    "int64_to_int64": identity,
    "double_to_double": identity,
    "timestamp_to_timestamp": identity,
    "duration_to_duration": identity,
    "bool_to_bool": truth_identity,
    **{f"timestamp_to_{name}": getter(name, zoned=False) for name in _FIELDS},
    **{f"timestamp_to_{name}_with_tz": getter(name, zoned=True) for name in _FIELDS if name != "seconds"},
    "timestamp_to_seconds_tz": getter("seconds", zoned=True),  # cel-cpp's name for it
    **{f"duration_to_{name}": duration_unit(unit_us) for name, unit_us in _DURATION_UNITS.items()},
    "duration_to_milliseconds": duration_milliseconds,
    "years_between_timestamp_timestamp": between(Op.MONTHS_BETWEEN, 12),
    "months_between_timestamp_timestamp": between(Op.MONTHS_BETWEEN),
    "days_between_timestamp_timestamp": between(Op.DAYS_BETWEEN),
}
