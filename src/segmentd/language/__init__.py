"""CEL text to typed trees, the only importer of the CEL library."""

from segmentd.language.environment import CompiledExpression, Environment
from segmentd.language.identifiers import AttributeIdError, check_attribute_id
from segmentd.language.issues import ExpressionError, Issue, Severity

__all__ = [
    "AttributeIdError",
    "CompiledExpression",
    "Environment",
    "ExpressionError",
    "Issue",
    "Severity",
    "check_attribute_id",
]
