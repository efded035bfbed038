"""What every store of definitions promises: any backend runs these tests by giving its stores as a fixture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    Span,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.store import AttributeStore, LedgerStore
from segmentd.schema import (
    BOOL,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    AttributeSpec,
    DataType,
    Kind,
    Subject,
)
from segmentd.segments.model import Benefit, Segment, State
from segmentd.segments.store import SegmentStore
from segmentd.storage import StoreFailedError

THEN = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 0, 0, 0, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stores:
    """The three stores of one database, and a way to open it anew as after a restart."""

    ledgers: LedgerStore
    attributes: AttributeStore
    segments: SegmentStore
    reopened: Callable[[], Stores]


def ledger(ledger_id: str = "main", version: int = 1) -> Ledger:
    """A ledger at a version."""
    return Ledger(ledger_id, "Hlavní účetní kniha", "CZK", "Europe/Prague", THEN, LATER, "etag", version)


def attribute(attribute_id: str = "income", data_type: DataType = INT64, **fields: object) -> Attribute:
    """An attribute of customers, given unless `expression` is among the fields."""
    expression = fields.pop("expression", None)
    required = bool(fields.pop("required", False))
    spec = AttributeSpec(attribute_id, data_type, required, str(expression) if expression else None)
    attribute = Attribute(Subject.CUSTOMER, spec, "Příjem", "per month", None, THEN, LATER, "etag")
    return replace(attribute, **fields)  # type: ignore[arg-type]


def aggregated(attribute_id: str, span: Span, **fields: object) -> Attribute:
    """An aggregated attribute of customers over a span of time."""
    aggregate = Aggregate(Source.TRANSACTIONS, Function.COUNT, window=Window(span))
    spec = AttributeSpec(attribute_id, INT64, aggregated=True)
    return replace(attribute(), spec=spec, aggregate=replace(aggregate, **fields))  # type: ignore[arg-type]


def segment(segment_id: str = "premium", **fields: object) -> Segment:
    """A segment of customers with two benefits and two labels."""
    segment = Segment(
        id=segment_id,
        display_name="Prémiový",
        description="line one\nline two",
        subject=Subject.CUSTOMER,
        expression="customer.income > 3000 // 'quotes' and \"quotes\"",
        benefits=(Benefit("lounge", "Lounge", "…"), Benefit("insurance")),
        labels={"team": "retail", "country": "NO"},
        state=State.ACTIVE,
        create_time=THEN,
        update_time=LATER,
        etag="etag",
    )
    return replace(segment, **fields)  # type: ignore[arg-type]


class StoreContract:
    """The tests; a subclass has a fixture `stores` that is empty."""

    def test_a_new_database_is_empty(self, stores: Stores) -> None:
        """There are no ledgers, and an unknown ledger has no attributes and no segments."""
        assert stores.ledgers.ledgers() == ()
        assert stores.attributes.attributes("main") == ()
        assert stores.segments.segments("main") == ()

    def test_everything_comes_back_as_it_was_after_a_restart(self, stores: Stores) -> None:
        """Texts, moments, types, flags, defaults, benefits in order, labels and states."""
        attributes = (
            attribute("a"),
            attribute("b", DataType(Kind.DECIMAL, 2, "EUR"), default=-(2**63)),
            attribute("c", DataType(Kind.DECIMAL, 9)),
            attribute("d", STRING, required=True, default=""),
            attribute("e", BOOL, required=True, default=False),
            attribute("f", DOUBLE, default=0.1),
            attribute("g", LIST),
            attribute("h", STRING, expression="customer.a > 1 ? 'x' : \"y\""),
            attribute("i", subject=Subject.CUSTOMER, display_name="", description="\u0000 and 🙂"),
        )
        segments = (
            segment("a"),
            segment("b", state=State.INACTIVE, benefits=(), labels={}, display_name="", description=""),
            segment("c", subject=Subject.ACCOUNT, expression="true"),
        )
        stores.ledgers.create_ledger(ledger())
        stores.attributes.create_attributes(ledger(version=2), attributes)
        for version, each in enumerate(segments, 3):
            stores.segments.create_segment(ledger(version=version), each)
        again = stores.reopened()
        assert again.ledgers.ledgers() == (ledger(version=5),)
        assert again.attributes.attributes("main") == attributes
        assert again.segments.segments("main") == segments
        assert [type(each.default) for each in again.attributes.attributes("main")] == [
            type(each.default) for each in attributes
        ]

    def test_aggregates_come_back_as_they_were_after_a_restart(self, stores: Stores) -> None:
        """Whatever their window, with every field set, and with none."""
        spans: list[Span] = [
            AllTime(),
            TrailingSeconds(3_153_600_000),
            TrailingDays(90),
            CompleteMonths(12),
            MonthToDate(),
            Between(-1, 2**55),
        ]
        by_span = [aggregated(f"a{index}", span) for index, span in enumerate(spans)]
        attributes = (
            *by_span,
            aggregated(
                "b",
                AllTime(),
                function=Function.PERCENTILE,
                measure="amount",
                filter='transaction.purpose == "Příjem"',
                account_filter="account.external",
                window=Window(CompleteMonths(3), demand_coverage=True),
                percentile_hundredths=9_950,
                min_count=7,
                roles=("OWNER", "ZÁSTUPCE"),
            ),
            aggregated(
                "c",
                AllTime(),
                source=Source.BALANCES,
                function=Function.MONTHS_BELOW,
                window=Window(CompleteMonths(1)),
                threshold_minor=-(2**63),
            ),
        )
        stores.ledgers.create_ledger(ledger())
        stores.attributes.create_attributes(ledger(version=2), attributes)
        assert stores.reopened().attributes.attributes("main") == attributes
        plain = attribute("c")
        stores.attributes.update_attribute(ledger(version=3), plain)
        assert stores.reopened().attributes.attributes("main") == (*attributes[:-1], plain)

    def test_lists_are_ordered_by_id_within_their_ledger(self, stores: Stores) -> None:
        """In whatever order things came; ids compare as bytes, and other ledgers' are left out."""
        for ledger_id in ("b", "a", "a-b"):
            stores.ledgers.create_ledger(ledger(ledger_id))
        for version, segment_id in enumerate(("b", "a_b", "a", "a-b", "ab"), 2):
            stores.segments.create_segment(ledger("a", version), segment(segment_id))
        stores.segments.create_segment(ledger("b", 2), segment("elsewhere"))
        account = replace(attribute("z"), subject=Subject.ACCOUNT)
        stores.attributes.create_attributes(ledger("b", 3), (attribute("b"), attribute("B"), account))
        assert [each.id for each in stores.ledgers.ledgers()] == ["a", "a-b", "b"]
        assert [each.id for each in stores.segments.segments("a")] == ["a", "a-b", "a_b", "ab", "b"]
        assert [each.qualified for each in stores.attributes.attributes("b")] == [
            "account.z",
            "customer.B",
            "customer.b",
        ]

    def test_updates_replace_all_values(self, stores: Stores) -> None:
        """The kept values are those given, and the ledger's version moves with them."""
        stores.ledgers.create_ledger(ledger())
        stores.attributes.create_attributes(ledger(version=2), (attribute("a"), attribute("b")))
        stores.segments.create_segment(ledger(version=3), segment("a"))
        changed = attribute("a", STRING, display_name="New", default="x", etag="2")
        stores.attributes.update_attribute(ledger(version=4), changed)
        stores.segments.update_segment(ledger(version=5), segment("a", expression="false", labels={"k": "v"}))
        stores.ledgers.update_ledger(replace(ledger(version=6), time_zone="UTC", display_name=""))
        assert stores.attributes.attributes("main") == (changed, attribute("b"))
        assert stores.segments.segments("main") == (segment("a", expression="false", labels={"k": "v"}),)
        assert stores.ledgers.ledgers() == (replace(ledger(version=6), time_zone="UTC", display_name=""),)

    def test_deleted_things_are_gone(self, stores: Stores) -> None:
        """And their ids free for others."""
        stores.ledgers.create_ledger(ledger())
        stores.attributes.create_attributes(ledger(version=2), (attribute("a"), attribute("b")))
        stores.segments.create_segment(ledger(version=3), segment("a"))
        stores.attributes.delete_attribute(ledger(version=4), attribute("a"))
        stores.segments.delete_segment(ledger(version=5), segment("a"))
        assert stores.attributes.attributes("main") == (attribute("b"),)
        assert stores.segments.segments("main") == ()
        stores.segments.create_segment(ledger(version=6), segment("a", expression="false"))
        assert [each.expression for each in stores.segments.segments("main")] == ["false"]

    @pytest.mark.parametrize("version", [1, 3, 4])
    def test_a_change_on_another_version_is_refused_whole(self, stores: Stores, version: int) -> None:
        """Only the version after the kept one is taken, so that no change is made unseen."""
        stores.ledgers.create_ledger(ledger())
        with pytest.raises(StoreFailedError):
            stores.segments.create_segment(ledger(version=version), segment())
        with pytest.raises(StoreFailedError):
            stores.attributes.create_attributes(ledger(version=version), (attribute(),))
        with pytest.raises(StoreFailedError):
            stores.ledgers.update_ledger(ledger(version=version))
        assert stores.segments.segments("main") == ()
        assert stores.attributes.attributes("main") == ()
        assert stores.ledgers.ledgers() == (ledger(),)

    def test_what_is_not_there_cannot_be_changed(self, stores: Stores) -> None:
        """The change is refused, and the ledger's version stays."""
        stores.ledgers.create_ledger(ledger())
        changes: tuple[Callable[[], None], ...] = (
            lambda: stores.segments.update_segment(ledger(version=2), segment()),
            lambda: stores.segments.delete_segment(ledger(version=2), segment()),
            lambda: stores.attributes.update_attribute(ledger(version=2), attribute()),
            lambda: stores.attributes.delete_attribute(ledger(version=2), attribute()),
            lambda: stores.segments.create_segment(ledger("other", 2), segment()),
        )
        for change in changes:
            with pytest.raises(StoreFailedError):
                change()
        assert stores.ledgers.ledgers() == (ledger(),)

    def test_what_is_there_cannot_be_created(self, stores: Stores) -> None:
        """All of a change is undone when a part of it is refused."""
        stores.ledgers.create_ledger(ledger())
        stores.attributes.create_attributes(ledger(version=2), (attribute("a"),))
        stores.segments.create_segment(ledger(version=3), segment("a"))
        with pytest.raises(StoreFailedError):
            stores.ledgers.create_ledger(ledger())
        with pytest.raises(StoreFailedError):
            stores.segments.create_segment(ledger(version=4), segment("a", expression="false"))
        with pytest.raises(StoreFailedError):
            stores.attributes.create_attributes(ledger(version=4), (attribute("b"), attribute("a")))
        assert stores.attributes.attributes("main") == (attribute("a"),)
        assert stores.segments.segments("main") == (segment("a"),)
        assert stores.ledgers.ledgers() == (ledger(version=3),)
