"""Every reason that the API documents is met by a test, or it says here why none can."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from segmentd.errors import ErrorReason
from tests.server.wrong import WRONG

TESTS: Final = Path(__file__).parent.parent

TESTED: Final = {
    "AMOUNT_OVERFLOW": "scoring/balances/test_rules.py",
    "CALL_CANCELLED": "scoring/test_workers.py",
    "DATA_DIRECTORY_IN_USE": "server/test_lifecycle.py",
    "DEADLINE_EXCEEDED": "scoring/test_workers.py",
    "DISTINCT_LIMIT": "server/test_limits.py",
    "HISTORY_NOT_KEPT": "facts/history/test_server.py",
    "IMPORT_SOURCE_UNREADABLE": "facts/imports/test_jobs.py",
    "INTERNAL": "server/test_calls.py",
    "MALFORMED_REQUEST": "server/test_bad_input.py",
    "MESSAGE_TOO_LARGE": "server/test_bad_input.py",
    "NOT_READY": "server/test_lifecycle.py",
    "OVERLOADED": "server/test_calls.py",
    "POPULATION_MISMATCH": "server/test_population.py",
    "REQUIRED_ATTRIBUTE_MISSING": "server/test_limits.py",
    "RESPONSE_TOO_LARGE": "server/test_limits.py",
    "RULES_TOO_SLOW": "facts/rules/test_limits.py",
    "SNAPSHOT_LIMIT": "server/test_snapshots.py",
    "STORE_FAILED": "segments/test_durability.py",
    "TEXT_LIMIT": "server/test_limits.py",
    "TOO_MANY_GROUPS": "scoring/balances/test_rules.py",
}
"""Where reasons are tested that no single wrong request brings about: with a limit set low, or something broken."""

SENT_TO_NOBODY: Final = {
    "CALL_CANCELLED": "the caller's library has ended the call",
    "DEADLINE_EXCEEDED": "the caller's library has ended the call",
    "DATA_DIRECTORY_IN_USE": "the server does not start",
}
"""Reasons that no answer carries, and why."""


def test_every_reason_is_met_by_a_test() -> None:
    """Each is in the tables of wrong requests or in a test that is named here, and none of them is unknown."""
    in_tables = {wrong.reason for wrong in WRONG}
    assert in_tables | set(TESTED) == set(ErrorReason)
    assert not in_tables & set(TESTED)
    assert set(SENT_TO_NOBODY) <= set(TESTED)


@pytest.mark.parametrize(("reason", "file"), TESTED.items(), ids=list(TESTED))
def test_the_named_test_is_about_the_reason(reason: str, file: str) -> None:
    """The file that is named above for a reason expects it in a line of its own."""
    text = (TESTS / file).read_text("utf-8")
    assert any(reason in line for line in text.splitlines() if "assert" in line or "reason" in line.lower())
