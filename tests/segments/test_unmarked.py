"""Definitions whose mark cannot be written: what is on disk is current, and nobody is told that it was taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from segmentd.api.errors import AlreadyExistsError
from segmentd.api.names import AttributeName, SegmentName
from segmentd.facts.rules.model import CategoryRule
from segmentd.facts.rules.service import RulesService
from segmentd.facts.rules.store import SqlRulesStore
from segmentd.ledger.drafts import AttributeDraft, LedgerDraft
from segmentd.schema import Kind, Subject
from segmentd.segments.drafts import SegmentDraft
from segmentd.storage import UnmarkedError
from tests.segments.assembly import Assembly, assembled

INCOME = AttributeName("main", Subject.CUSTOMER, "income")
RICH = SegmentName("main", "rich")


def refused(services: Assembly, change: Callable[[], object]) -> None:
    """Make a change while the mark is open for reading alone: it is not acknowledged; later the mark is kept."""
    mark = services.database._log.mark
    good, mark._descriptor = mark._descriptor, os.open(mark.path, os.O_RDONLY)
    with pytest.raises(UnmarkedError, match="send it again"):
        change()
    os.close(mark._descriptor)
    mark._descriptor = good
    mark.settle()


def test_what_was_not_acknowledged_is_current_as_it_is_on_disk(tmp_path: Path) -> None:
    """Whoever sends it again meets it, and what is made later can refer to it; a start finds the same."""
    with assembled(tmp_path) as services:
        ledgers, attributes, segments = services.ledger_service, services.attribute_service, services.segment_service
        rules = RulesService(SqlRulesStore(services.database), services.catalogues)
        refused(services, lambda: ledgers.create("main", LedgerDraft(currency_code="EUR")))
        with pytest.raises(AlreadyExistsError):
            ledgers.create("main", LedgerDraft(currency_code="EUR"))
        refused(services, lambda: ledgers.update("main", LedgerDraft(display_name="New"), {"display_name"}))
        refused(services, lambda: attributes.create(INCOME, AttributeDraft(kind=Kind.INT64)))
        refused(services, lambda: segments.create(RICH, SegmentDraft(expression="customer.income > 1")))
        refused(services, lambda: segments.update(RICH, SegmentDraft(display_name="Rich"), {"display_name"}))
        refused(services, lambda: rules.update("main", (CategoryRule("transaction.amount < 0.00", "FEES"),)))
        catalogue, kept = services.catalogue(), rules.get("main")
        assert catalogue.vocabulary.ledger.display_name == "New"
        assert catalogue.segment("rich").display_name == "Rich"
    with assembled(tmp_path) as services:
        assert services.catalogue().vocabulary.ledger == catalogue.vocabulary.ledger
        assert services.catalogue().segment("rich") == catalogue.segment("rich")
        assert RulesService(SqlRulesStore(services.database), services.catalogues).get("main") == kept
