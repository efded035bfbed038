"""The official evaluator on whole rows: what the engine's answers are compared with.

It evaluates checked trees, such as `CompiledExpression.checked`, on one message a row, and takes them as they are.
Where they mean something else than segmentd does, whoever compares rewrites them first: a missing timestamp or date
reads 1970, a computed attribute and `segments` are fields like any other, `double()` of a decimal gives minor units,
and a getter on a date is in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cel_expr_python import cel
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.language.celtree_pb2 import CheckedExpr
from segmentd.language.official import NOW, OfficialEnvironment, subject_environment
from segmentd.language.runtime import UNKNOWN, Unknown, plain_value
from segmentd.language.subject_message import SubjectMessage, subject_message
from segmentd.language.tree import Value
from segmentd.schema import Schema


@dataclass(frozen=True)
class ReferenceExpression:
    """A checked tree, ready to be evaluated on the messages of `subject`."""

    expression: cel.Expression
    subject: str

    def evaluate(self, message: Message, now_us: int) -> Value | Literal[Unknown.UNKNOWN]:
        """The value for one subject: as in the typed tree, None where CEL has null, UNKNOWN where it has an error."""
        now = Timestamp()
        now.FromMicroseconds(now_us)
        return plain_value(self.expression.eval(data={self.subject: message, NOW: now}))


@dataclass(frozen=True)
class ReferenceEnvironment:
    """The official environment of a schema and the message type of its subject."""

    official: OfficialEnvironment
    subject: SubjectMessage

    def check(self, text: str) -> CheckedExpr:
        """The official checker's tree of a text, where decimals are minor units. Raises OfficialRefusal."""
        return self.official.check(text)

    def deserialize(self, checked: bytes) -> ReferenceExpression:
        """A serialized CheckedExpr, made ready."""
        expression = self.official.load(CheckedExpr.FromString(checked))
        return ReferenceExpression(expression, str(self.subject.schema.subject))

    def message(self, row: Mapping[str, Value]) -> Message:
        """A subject with the given values, those of computed attributes and `segments` included, the others missing."""
        return self.subject.build(row)


def reference_environment(schema: Schema) -> ReferenceEnvironment:
    """The environment in which the official evaluator runs the expressions over a schema."""
    subject = subject_message(schema)
    return ReferenceEnvironment(subject_environment(subject), subject)


__all__ = ["UNKNOWN", "ReferenceEnvironment", "ReferenceExpression", "reference_environment"]
