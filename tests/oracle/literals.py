"""Values written as CEL literals."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from segmentd.language.tree import Value
from segmentd.schema import DataType, Kind
from tests.oracle.calendar import EPOCH

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def literal(value: Value, kind: DataType) -> str:
    """CEL text of a value of this type, as `segmentd.language.tree` holds it; never of null."""
    match kind.kind:
        case Kind.BOOL:
            return "true" if value else "false"
        case Kind.STRING:
            return text_literal(str(value))
        case Kind.DOUBLE:
            return double_literal(float(str(value)))
        case Kind.LIST:
            assert isinstance(value, tuple)
            return "[" + ", ".join(text_literal(element) for element in value) + "]"
    assert isinstance(value, int)
    match kind.kind:
        case Kind.DECIMAL:
            return decimal_literal(value, kind.scale)
        case Kind.TIMESTAMP:
            return f'timestamp("{rfc3339(value)}")'
        case Kind.DURATION:
            return f'duration("{seconds(value)}")'
        case _:
            assert kind.kind is Kind.INT64, kind
            return str(value)


def text_literal(text: str) -> str:
    """A quoted string; control characters escaped, everything else as it is."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def double_literal(value: float) -> str:
    """A double that reads back as itself; infinities and NaN, which CEL cannot write, as divisions."""
    if math.isnan(value):
        return "(0.0 / 0.0)"
    if math.isinf(value):
        return "(1.0 / 0.0)" if value > 0 else "(-1.0 / 0.0)"
    return repr(value)


def decimal_literal(minor: int, scale: int) -> str:
    """Minor units in major units, with as many digits after the point as the scale (a bare integer has none)."""
    return f"{Decimal(minor).scaleb(-scale):.{scale}f}"


def rfc3339(instant_us: int) -> str:
    """The instant in UTC, to the microsecond."""
    moment = EPOCH + dt.timedelta(microseconds=instant_us)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def seconds(duration_us: int) -> str:
    """The duration in seconds, to the microsecond, with its unit."""
    return f"{decimal_literal(duration_us, 6)}s"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{ord(character):04x}" if ord(character) < 32 else character
