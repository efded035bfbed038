"""More streams than there are places: their batches wait, and calls of one request find room beside them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.scoring.short_scores import ShortScores
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api
from tests.server.bank import CUSTOMER_ATTRIBUTES, MAIN, create_segment

STREAMS = 12
BATCHES = 10
ROWS = 2_000


def test_batches_of_many_streams_are_all_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker and room for two, a dozen streams are slowed and none of their batches is refused."""
    monkeypatch.setattr(ShortScores, "answer", lambda *_: None)
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1, max_waiting=2)
    column = features.Column(attribute="income", doubles=features.DoubleValues(values=map(float, range(ROWS))))
    batch = scoring.ScoreRequest(
        parent=MAIN,
        form=membership_pb2.MEMBERSHIP_FORM_COUNTS,
        features=features.FeatureBatch(columns=features.ColumnBatch(columns=[column])),
    )
    requests = [scoring.StreamScoresRequest(request=batch)] * BATCHES
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        api = Api(channel)
        ledger = ledgers.Ledger(currency_code="EUR")
        api.call("CreateLedger", ledgers.CreateLedgerRequest(ledger_id="main", ledger=ledger))
        income = attributes.CreateAttributeRequest(
            parent=MAIN, attribute_id="customer.income", attribute=CUSTOMER_ATTRIBUTES["income"]
        )
        api.call("CreateAttribute", income)
        create_segment(api, "rich", "customer.income >= 1000.0")
        with ThreadPoolExecutor(STREAMS) as callers:
            answers = list(callers.map(lambda _: api.call("StreamScores", iter(requests)), range(STREAMS)))
    counts = [each.response.memberships.segments[0].member_count for answered in answers for each in answered]
    assert counts == [ROWS - 1_000] * (STREAMS * BATCHES)
