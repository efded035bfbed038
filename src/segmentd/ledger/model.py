"""Ledgers and attributes as they are kept, with the rules that each must obey by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from segmentd.api.errors import FieldRequiredError
from segmentd.api.limits import check_description, check_display_name
from segmentd.api.names import AttributeName, ledger_name
from segmentd.ledger.aggregate_rules import check_aggregate
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.currencies import check_currency
from segmentd.ledger.defaults import Default, check_default
from segmentd.ledger.zones import check_time_zone
from segmentd.schema import AttributeSpec, DataType, Kind, Subject


@dataclass(frozen=True, slots=True)
class Ledger:
    """A book of customers and their accounts. Raises a SegmentdError that names the wrong field.

    `catalogue_version` is 1 at creation and grows by one with every change of the ledger, its attributes or segments.
    """

    id: str
    display_name: str
    currency_code: str
    time_zone: str
    create_time: datetime
    update_time: datetime
    etag: str
    catalogue_version: int = 1

    def __post_init__(self) -> None:
        check_display_name(self.display_name, "ledger.display_name")
        if not self.currency_code:
            raise FieldRequiredError("ledger.currency_code", "must be set, to a currency code of ISO 4217 such as EUR")
        check_currency(self.currency_code, "ledger.currency_code")
        check_time_zone(self.time_zone, "ledger.time_zone")

    @property
    def name(self) -> str:
        """`ledgers/{ledger}`."""
        return ledger_name(self.id)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A typed field of a subject: given, computed or aggregated. Raises a SegmentdError that names the wrong field.

    `default` is taken for resident subjects without a value: bool, int (INT64; minor units; microseconds; days), float
    or str, as the type says; None where there is none. `aggregate`: of an aggregated one, its definition.
    """

    subject: Subject
    spec: AttributeSpec
    display_name: str
    description: str
    default: Default
    create_time: datetime
    update_time: datetime
    etag: str
    aggregate: Aggregate | None = None

    def __post_init__(self) -> None:
        if self.spec.aggregated is not (self.aggregate is not None):
            raise ValueError(f"attribute {self.id!r} is aggregated exactly if it has an aggregate")
        check_display_name(self.display_name, "attribute.display_name")
        check_description(self.description, "attribute.description")
        if self.type.kind is Kind.DECIMAL and self.type.currency:
            check_currency(self.type.currency, "attribute.decimal.currency_code")
        check_default(self.default, self.spec)
        if self.aggregate is not None:
            check_aggregate(self.aggregate, self.subject)

    @property
    def id(self) -> str:
        """Its id among its subject's attributes."""
        return self.spec.id

    @property
    def type(self) -> DataType:
        """The type of its values."""
        return self.spec.type

    @property
    def is_given(self) -> bool:
        """Whether records have values of it: it is neither computed nor aggregated."""
        return self.spec.expression is None and self.aggregate is None

    @property
    def qualified(self) -> str:
        """`{subject}.{id}`, as expressions write it."""
        return f"{self.subject}.{self.id}"

    def name_in(self, ledger_id: str) -> AttributeName:
        """Its resource name in a ledger."""
        return AttributeName(ledger_id, self.subject, self.id)
