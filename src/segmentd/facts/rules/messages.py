"""Rules of categories as messages of the API, and back."""

from __future__ import annotations

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import to_timestamp
from segmentd.facts.rules.model import CategoryRule, CategoryRules


def encode_rules(rules: CategoryRules) -> pb.CategoryRules:
    """The message of a ledger's rules."""
    return pb.CategoryRules(
        name=rules.name,
        rules=map(_encode_rule, rules.rules),
        update_time=None if rules.update_time is None else to_timestamp(rules.update_time),
        etag=rules.etag,
    )


def decode_rules(message: pb.CategoryRules) -> tuple[CategoryRule, ...]:
    """The rules that a caller asks for."""
    return tuple(CategoryRule(rule.expression, rule.category, rule.description) for rule in message.rules)


def _encode_rule(rule: CategoryRule) -> pb.CategoryRule:
    return pb.CategoryRule(expression=rule.expression, category=rule.category, description=rule.description)
