"""Engine and official evaluator agree on generated macros over items, row by row, on truth and on unknown."""

from __future__ import annotations

import pytest
from hypothesis import settings

from segmentd.engine import Engine, binding
from segmentd.language.tree import Quantifier
from segmentd.schema import OWNER_ROLE
from tests.engine.test_oracle import CodedEngine
from tests.oracle.campaign import Record, run_campaign
from tests.oracle.evaluator import UNKNOWN
from tests.oracle.populations import population_with_items

FUZZING = settings.get_current_profile_name() == "fuzz"
pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(7_200 if FUZZING else 600)]

SEED = 2024
WORLDS, FUZZ_WORLDS = 4, 200
PAIRS = 5_000
EXPRESSIONS_A_QUANTIFIER = 20
REFUSED_SHARE = 0.02
CODED_READS = 40


@pytest.fixture(scope="module")
def record(engine: Engine) -> Record:
    """One campaign over customers with accounts and accounts with owners; the same in every normal run."""
    return run_campaign(engine, SEED, FUZZ_WORLDS if FUZZING else WORLDS, 6, population_with_items)


def test_macros_equal_the_oracle(record: Record) -> None:
    """No generated expression with macros is true, false or unknown of a row for engine or oracle alone."""
    assert not record.failures, "\n\n".join(record.failures)
    assert record.pairs >= PAIRS


def test_every_quantifier_decides_all_ways(record: Record) -> None:
    """Each macro occurs often, and conditions that turn on it come out true, false and unknown."""
    for quantifier in Quantifier:
        assert record.expressions[quantifier.value] >= EXPRESSIONS_A_QUANTIFIER
        assert record.verdicts[quantifier.value] == {True, False, UNKNOWN}


def test_roles_are_asked_about(record: Record) -> None:
    """The owner's role occurs often: the same account has another one in another customer's list."""
    assert record.expressions[OWNER_ROLE] >= EXPRESSIONS_A_QUANTIFIER // 2


def test_generated_macros_are_accepted(record: Record) -> None:
    """What the generator holds for the language is the language: few of its expressions are refused."""
    tally = record.tally
    assert tally.refused.total() <= REFUSED_SHARE * tally.accepted, tally.examples


def test_codes_and_complete_columns_equal_the_oracle_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With codes in the place of columns, of accounts too, and programs for complete columns, nothing changes."""
    monkeypatch.setattr(binding, "COMPLETE_ROWS", 1)
    with CodedEngine(2) as engine:
        record = run_campaign(engine, SEED + 1, 2, 4, population_with_items)
        assert not record.failures, "\n\n".join(record.failures)
        assert engine.coded_reads >= CODED_READS
