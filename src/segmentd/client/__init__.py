"""The Python client of the gRPC service: `Client`, and `AsyncClient` for asyncio.

```python
import numpy as np
from segmentd.client import DOUBLE, AttributeDefinition, Client, SegmentDefinition

with Client("localhost:50051", ledger="retail") as client:
    client.create_ledger("retail", currency_code="EUR")
    client.create_attribute("customer.income", AttributeDefinition(DOUBLE))
    client.create_segment("affluent", SegmentDefinition("customer.income >= 3000"))
    answer = client.score({"income": np.array([1200.0, 5300.0, 3000.0])})
    print(answer.counts["affluent"], answer.members("affluent"))
```
"""

from segmentd.client.aio import AsyncClient
from segmentd.client.apply import Action, Change
from segmentd.client.attributes import Attribute, AttributeDefinition
from segmentd.client.balances import BalanceFrame, BalanceGroup, BalancePage, BalanceReport, BalanceTotals
from segmentd.client.category_rules import CategoryRule, CategoryRules
from segmentd.client.channel import Timeouts, Tls
from segmentd.client.computed import Computed
from segmentd.client.erasure import ErasedCustomer
from segmentd.client.errors import SegmentdCallError, ServerUnreachableError
from segmentd.client.evaluation import EvaluationPage, EvaluationResult
from segmentd.client.imports import ImportJob, ImportProgress, ImportReject, ImportState
from segmentd.client.ledgers import Ledger, LedgerStatus
from segmentd.client.membership import Count, Form, FormError, Memberships
from segmentd.client.records import RecordBatch, RecordKind, RejectedRow, WriteResult
from segmentd.client.scores import Basis, ScoreResult
from segmentd.client.segments import Benefit, CheckedExpression, ExpressionIssue, Segment, SegmentDefinition
from segmentd.client.sync import Client
from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, DataType, Kind, Subject

__all__ = [
    "BOOL",
    "DATE",
    "DOUBLE",
    "INT64",
    "LIST",
    "STRING",
    "TIMESTAMP",
    "Action",
    "Aggregate",
    "AllTime",
    "AsyncClient",
    "Attribute",
    "AttributeDefinition",
    "BalanceFrame",
    "BalanceGroup",
    "BalancePage",
    "BalanceReport",
    "BalanceTotals",
    "Basis",
    "Benefit",
    "Between",
    "CategoryRule",
    "CategoryRules",
    "Change",
    "CheckedExpression",
    "Client",
    "CompleteMonths",
    "Computed",
    "Count",
    "DataType",
    "ErasedCustomer",
    "EvaluationPage",
    "EvaluationResult",
    "ExpressionIssue",
    "Form",
    "FormError",
    "Function",
    "ImportJob",
    "ImportProgress",
    "ImportReject",
    "ImportState",
    "Kind",
    "Ledger",
    "LedgerStatus",
    "Memberships",
    "MonthToDate",
    "RecordBatch",
    "RecordKind",
    "RejectedRow",
    "ScoreResult",
    "Segment",
    "SegmentDefinition",
    "SegmentdCallError",
    "ServerUnreachableError",
    "Source",
    "Subject",
    "Timeouts",
    "Tls",
    "TrailingDays",
    "TrailingSeconds",
    "Window",
    "WriteResult",
]
