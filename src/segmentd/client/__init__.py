"""The Python client of the gRPC service: `Client`, and `AsyncClient` for asyncio.

```python
import numpy as np
from segmentd.client import Client, SegmentDefinition

with Client("localhost:50051") as client:
    client.apply_segments({"affluent": SegmentDefinition("customer.income >= 3000 && customer.age >= 30")})
    answer = client.score({"income": np.array([1200.0, 5300.0]), "age": np.array([44, 51])})
    print(answer.members("affluent"), answer.counts["affluent"])
    print(answer.to_arrow())
```
"""

from segmentd.client.aio import AsyncClient
from segmentd.client.apply import Action, Change
from segmentd.client.attributes import Attribute, AttributeDefinition
from segmentd.client.channel import Timeouts, Tls
from segmentd.client.computed import Computed
from segmentd.client.errors import SegmentdCallError, ServerUnreachableError
from segmentd.client.evaluation import EvaluationPage, EvaluationResult
from segmentd.client.ledgers import Ledger
from segmentd.client.membership import Count, Form, FormError, Memberships
from segmentd.client.scores import Basis, ScoreResult
from segmentd.client.segments import Benefit, CheckedExpression, ExpressionIssue, Segment, SegmentDefinition
from segmentd.client.sync import Client

__all__ = [
    "Action",
    "AsyncClient",
    "Attribute",
    "AttributeDefinition",
    "Basis",
    "Benefit",
    "Change",
    "CheckedExpression",
    "Client",
    "Computed",
    "Count",
    "EvaluationPage",
    "EvaluationResult",
    "ExpressionIssue",
    "Form",
    "FormError",
    "Ledger",
    "Memberships",
    "ScoreResult",
    "Segment",
    "SegmentDefinition",
    "SegmentdCallError",
    "ServerUnreachableError",
    "Timeouts",
    "Tls",
]
