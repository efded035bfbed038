"""A server codes resident columns for what is asked of it, says so in its log, and answers the same."""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.server.logs import LOGGER
from segmentd.server.recodings import tell_recoding_failed
from tests.server.api import Api
from tests.server.bank import MAIN

WAIT_S = 60.0
ONLY = ["premium"]


class Listener(logging.Handler):
    """The records of one event."""

    def __init__(self, event: str) -> None:
        super().__init__()
        self._event = event
        self.heard: queue.Queue[logging.LogRecord] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record if it is of the event."""
        if record.getMessage() == self._event:
            self.heard.put(record)


@contextmanager
def listening(event: str) -> Iterator[Listener]:
    """Hear what the server logs of an event."""
    listener, level = Listener(event), LOGGER.level
    LOGGER.addHandler(listener)
    LOGGER.setLevel(logging.INFO)
    try:
        yield listener
    finally:
        LOGGER.removeHandler(listener)
        LOGGER.setLevel(level)


def planes(api: Api) -> list[memberships.Memberships]:
    """Who is premium, page by page."""
    form = memberships.MEMBERSHIP_FORM_PLANES
    request = scoring.EvaluateSegmentsRequest(parent=MAIN, form=form, segments=ONLY)
    answers: list[scoring.EvaluateSegmentsResponse] = api.call("EvaluateSegments", request)
    return [each.memberships for each in answers if each.HasField("memberships")]


def test_codes_are_made_and_logged(bank: Api) -> None:
    """One threshold of one column: three codes and the missing one, without any value in the log."""
    with listening("codes") as listener:
        before = planes(bank)
        record = listener.heard.get(timeout=WAIT_S)
    fields = record.fields  # type: ignore[attr-defined]  # as log_event gives them
    assert set(fields) == {"ledger", "columns", "bytes", "seconds"}
    assert (fields["ledger"], fields["columns"], fields["bytes"]) == ("main", 1, 3 * 4_096 * 2 // 8 + 512)
    assert planes(bank) == before
    assert before


def test_a_failure_is_logged_without_its_message() -> None:
    """Of what went wrong the type and the places are logged, not the text, which may hold a value."""
    with listening("codes_failed") as listener:
        try:
            int("Jana")
        except ValueError as error:
            tell_recoding_failed("main", error)
        record = listener.heard.get_nowait()
    fields = record.fields  # type: ignore[attr-defined]  # as log_event gives them
    assert (record.levelno, fields["ledger"], fields["error"]) == (logging.ERROR, "main", "ValueError")
    assert "Jana" not in str(fields)
