"""Default values of attributes: one value that fits the attribute's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import InvalidFieldError
from segmentd.schema import AttributeSpec, Kind

Default = bool | int | float | str | None
"""BOOL bool; INT64 int; DECIMAL int, in minor units; TIMESTAMP int, in microseconds since 1970; DATE int, in days since
1970; DOUBLE float; STRING str; None: no default."""

INT64_RANGE: Final = range(-(2**63), 2**63)
TIMESTAMP_RANGE: Final = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
"""Microseconds from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z."""
DATE_RANGE: Final = range(-719_161, 2_932_896)
"""Days from 0001-01-02 to 9999-12-30: in every time zone they start within TIMESTAMP_RANGE."""

_FIELD: Final = "attribute.default_value"
_FORMS: Final[Mapping[Kind, tuple[type, str]]] = {
    Kind.BOOL: (bool, "bool_value"),
    Kind.INT64: (int, "integer_value"),
    Kind.DECIMAL: (int, "integer_value, in minor units"),
    Kind.TIMESTAMP: (int, "integer_value, in microseconds since 1970"),
    Kind.DATE: (int, "integer_value, in days since 1970"),
    Kind.DOUBLE: (float, "double_value"),
    Kind.STRING: (str, "string_value"),
}
_RANGES: Final[Mapping[Kind, range]] = {
    Kind.INT64: INT64_RANGE,
    Kind.DECIMAL: INT64_RANGE,
    Kind.TIMESTAMP: TIMESTAMP_RANGE,
    Kind.DATE: DATE_RANGE,
}


def check_default(value: Default, spec: AttributeSpec) -> None:
    """Raise InvalidFieldError unless the value fits the attribute, or is None."""
    if value is None:
        return
    if spec.expression is not None:
        raise InvalidFieldError(_FIELD, value, "a computed attribute has no default, its expression decides")
    if spec.aggregated:
        raise InvalidFieldError(_FIELD, value, "an aggregated attribute has no default, its facts decide")
    if spec.type.kind is Kind.LIST:
        raise InvalidFieldError(_FIELD, value, "a LIST has no default, a missing list is an empty list")
    form, field = _FORMS[spec.type.kind]
    if type(value) is not form:
        raise InvalidFieldError(_FIELD, value, f"a {spec.type} takes {field}")
    allowed = _RANGES.get(spec.type.kind)
    if allowed is not None and value not in allowed:
        raise InvalidFieldError(_FIELD, value, f"a {spec.type} lies in {allowed[0]:,} to {allowed[-1]:,}")
