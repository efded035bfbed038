"""Wrong requests of EvaluateSegments."""

from __future__ import annotations

from typing import Any

from segmentd.api.v1 import scoring_service_pb2 as scoring
from tests.server.bank import CUSTOMERS, MAIN
from tests.server.wrong.request import Wrong


def _evaluate(**fields: Any) -> scoring.EvaluateSegmentsRequest:
    return scoring.EvaluateSegmentsRequest(parent=fields.pop("parent", MAIN), **fields)


EVALUATIONS = [
    Wrong("EvaluateSegments", "no parent", _evaluate(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong(
        "EvaluateSegments", "unknown ledger", _evaluate(parent="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"
    ),
    Wrong(
        "EvaluateSegments",
        "ledger without customers",
        _evaluate(parent="ledgers/empty"),
        "NO_RESIDENT_POPULATION",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong("EvaluateSegments", "unknown segment", _evaluate(segments=["x"]), "UNKNOWN_SEGMENT", "segments[0]"),
    Wrong("EvaluateSegments", "unknown form", _evaluate(form=99), "INVALID_FIELD", "form"),
    Wrong("EvaluateSegments", "row after the last", _evaluate(row_start=CUSTOMERS + 1), "INVALID_FIELD", "row_start"),
    Wrong("EvaluateSegments", "largest row", _evaluate(row_start=2**64 - 1), "INVALID_FIELD", "row_start"),
    Wrong(
        "EvaluateSegments",
        "more rows than there are",
        _evaluate(row_start=CUSTOMERS - 5, row_count=6),
        "INVALID_FIELD",
        "row_count",
    ),
    Wrong("EvaluateSegments", "most rows", _evaluate(row_start=1, row_count=2**64 - 1), "INVALID_FIELD", "row_count"),
    Wrong("EvaluateSegments", "pages too long", _evaluate(page_rows=2**20 + 1), "INVALID_FIELD", "page_rows"),
    Wrong(
        "EvaluateSegments", "other data version", _evaluate(data_version=99), "DATA_VERSION_MISMATCH", None, "ABORTED"
    ),
    Wrong("EvaluateSegments", "negative data version", _evaluate(data_version=-1), "INVALID_FIELD", "data_version"),
]
