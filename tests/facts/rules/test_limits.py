"""How long rules may take on a batch, and what becomes of one on which they take longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from segmentd.client import CategoryRule as RuleToSet
from segmentd.client import Client
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.decoding.batches import decode_records
from segmentd.facts.rules.allowance import Allowance
from segmentd.facts.rules.categorization import Categorizer
from segmentd.facts.rules.compiled import CompiledRules, compile_rules
from segmentd.facts.rules.errors import RulesTooSlowError
from segmentd.facts.rules.model import CategoryRule, CategoryRules
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.facts.decoding.conftest import NOW
from tests.facts.decoding.records import FORMS
from tests.facts.rules.test_rules import movement
from tests.facts.writing.streams import accounts, counts, refusals, request, write
from tests.server.api import Api

COSTLY = "transaction.purpose.matches('(a|b)*a(a|b){700}c')"
"""Takes two seconds of a processor on the transactions below, and longer with longer purposes."""

ROWS = [movement(number, purpose=f"{number}" + "ab" * 500) for number in range(1_000)]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of a server whose rules may take a tenth of a second, with a ledger of one account."""
    config = ServerConfig(data_dir=tmp_path_factory.mktemp("slow") / "data", port=0, rules_s=0.1)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        with Client(f"127.0.0.1:{server.port}", ledger="slow") as client:
            client.create_ledger("slow", currency_code="EUR")
            client.update_category_rules([RuleToSet(COSTLY, "COSTLY"), RuleToSet("true", "OTHER")])
        connected = Api(channel)
        write(connected, "slow", accounts("a"))
        yield connected


def test_a_batch_whose_rules_take_too_long_is_refused(api: Api) -> None:
    """It says so, with the rows and the limit; nothing of it is written, and the stream goes on."""
    batches = [FORMS["columns"]("transaction", rows) for rows in (ROWS, ROWS[:2])]
    answers = list(api.call("WriteRecords", [request("slow", batch) for batch in batches]))
    refused, accepted = refusals(answers)
    assert accepted is None
    assert refused is not None
    assert (refused.status, refused.reason) == ("RESOURCE_EXHAUSTED", "RULES_TOO_SLOW")
    assert refused.metadata == {"ledger": "slow", "rows": "1000", "limit_s": "0.1"}
    assert counts(answers[1].result) == (2, 0, 0, 0, 0)


def test_rules_are_not_asked_where_categories_are_given(api: Api) -> None:
    """A batch that has its categories is taken, however long it is."""
    given = [{**row, "id": f"given {row['id']}", "category": "OWN"} for row in ROWS]
    assert counts(write(api, "slow", FORMS["columns"]("transaction", given))[0]) == (1_000, 0, 0, 0, 0)


class OneLedger:
    """The rule that costs, as the rules of any ledger."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rules = compile_rules(CategoryRules("main", (CategoryRule(COSTLY, "COSTLY"),), None, "e"), vocabulary)

    def compiled(self, _ledger_id: str) -> CompiledRules:
        """That rule."""
        return self._rules


class Ask:
    """Whether to stop: from the given time of asking on."""

    def __init__(self, patience: int) -> None:
        self.asked, self._patience = 0, patience

    def __call__(self) -> bool:
        """Count."""
        self.asked += 1
        return self.asked > self._patience


def categorizing(engine: Engine, limit_s: float, cancelled: Callable[[], bool] | None) -> None:
    """Apply the rule that costs."""
    vocabulary = build_vocabulary(Ledger("main", "", "EUR", "UTC", NOW, NOW, "e"), [])
    batch = decode_records(FORMS["columns"]("transaction", ROWS), vocabulary)
    Categorizer(engine, OneLedger(vocabulary), limit_s=limit_s).categorize(batch, vocabulary.ledger, cancelled)


def test_rules_stop_when_nobody_waits() -> None:
    """Whoever has gone is asked for again and again while rules are applied, and is no slow rule."""
    patience = Ask(5)
    with Engine(1) as engine, pytest.raises(EvaluationCancelledError):
        categorizing(engine, 60.0, patience)
    assert patience.asked == 6


def test_time_runs_out_while_somebody_waits() -> None:
    """What is used up is the allowance, of which the error tells, whoever waits."""
    begun = time.thread_time()
    with Engine(1) as engine, pytest.raises(RulesTooSlowError):
        categorizing(engine, 0.05, lambda: False)
    assert 0.05 <= time.thread_time() - begun < 1.0


def test_an_allowance_is_of_the_processors_time() -> None:
    """It counts what its thread works, and once it is used up it stays so."""
    begun = time.thread_time()
    allowance = Allowance(0.01, None)
    while not allowance():
        assert time.thread_time() - begun < 1.0
    assert time.thread_time() - begun >= 0.01
    assert allowance.is_used_up
    assert Allowance(60.0, lambda: True)()


def test_a_limit_of_nothing_is_refused(tmp_path: Path) -> None:
    """A server whose rules may take no time is no configuration."""
    with pytest.raises(ValueError, match="rules_s"):
        ServerConfig(data_dir=tmp_path, rules_s=0.0)
