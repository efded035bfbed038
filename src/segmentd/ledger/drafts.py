"""What callers ask ledgers and attributes to be: not yet checked, and merged with what is there."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.defaults import Default
from segmentd.ledger.model import Attribute, Ledger
from segmentd.schema import MAX_SCALE, DataType, Kind

DEFAULT_TIME_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class LedgerDraft:
    """A ledger as a caller gives it. Empty texts mean what they mean at creation."""

    CHANGEABLE = ("display_name", "time_zone")

    display_name: str = ""
    currency_code: str = ""
    time_zone: str = ""

    def over(self, current: Ledger, fields: AbstractSet[str]) -> LedgerDraft:
        """The current ledger with the chosen fields of this draft."""
        return LedgerDraft(
            display_name=self.display_name if "display_name" in fields else current.display_name,
            currency_code=current.currency_code,
            time_zone=self.time_zone if "time_zone" in fields else current.time_zone,
        )


@dataclass(frozen=True, slots=True)
class DecimalFormat:
    """Digits after the point, and a currency code or nothing."""

    scale: int
    currency_code: str = ""

    def as_json(self) -> dict[str, int | str]:
        """The format as JSON spells it, without what is empty."""
        return {"scale": self.scale} | ({"currencyCode": self.currency_code} if self.currency_code else {})


@dataclass(frozen=True, slots=True)
class AttributeDraft:
    """An attribute as a caller gives it. `kind` None: to be taken from the expression or the aggregate.

    Without `expression`, which is "", and `aggregate` it is given.
    """

    CHANGEABLE = (
        "display_name",
        "description",
        "type",
        "decimal",
        "required",
        "expression",
        "default_value",
        "aggregate",
    )

    display_name: str = ""
    description: str = ""
    kind: Kind | None = None
    decimal: DecimalFormat | None = None
    required: bool = False
    expression: str = ""
    default: Default = None
    aggregate: Aggregate | None = None

    def declared_type(self) -> DataType | None:
        """The type that `kind` and `decimal` say, or None. Raises where the two do not fit each other."""
        if self.kind is not Kind.DECIMAL:
            if self.decimal is not None:
                given = self.kind.value if self.kind else "unspecified"
                allowed = f"it is for type DECIMAL alone, and the type is {given}"
                raise InvalidFieldError("attribute.decimal", self.decimal.as_json(), allowed)
            return None if self.kind is None else DataType(self.kind)
        if self.decimal is None:
            raise FieldRequiredError("attribute.decimal", "must be set: a DECIMAL has a scale")
        if not 0 <= self.decimal.scale <= MAX_SCALE:
            raise InvalidFieldError("attribute.decimal.scale", self.decimal.scale, f"0 to {MAX_SCALE}")
        return DataType(Kind.DECIMAL, self.decimal.scale, self.decimal.currency_code)

    def over(self, current: Attribute, fields: AbstractSet[str]) -> AttributeDraft:
        """The current attribute with the chosen fields of this draft.

        A decimal format that is not chosen stays with a DECIMAL, and goes with another type. A type that is not chosen
        stays, or follows from the aggregate if that is.
        """
        aggregate = self.aggregate if "aggregate" in fields else current.aggregate
        kept_kind = None if "aggregate" in fields and aggregate is not None else current.type.kind
        merged = replace(
            self,
            display_name=self.display_name if "display_name" in fields else current.display_name,
            description=self.description if "description" in fields else current.description,
            kind=self.kind if "type" in fields else kept_kind,
            required=self.required if "required" in fields else current.spec.required,
            expression=self.expression if "expression" in fields else current.spec.expression or "",
            default=self.default if "default_value" in fields else current.default,
            aggregate=aggregate,
        )
        return merged if "decimal" in fields else replace(merged, decimal=_kept_format(current, merged.kind))


def _kept_format(current: Attribute, kind: Kind | None) -> DecimalFormat | None:
    if kind is Kind.DECIMAL and current.type.kind is Kind.DECIMAL:
        return DecimalFormat(current.type.scale, current.type.currency)
    return None
