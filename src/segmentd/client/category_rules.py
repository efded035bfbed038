"""The rules that give transactions their categories: get, update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.client.call import Call, Scope
from segmentd.client.moments import from_timestamp


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """Transactions for which `expression` (CEL over `transaction`) is true are of `category`: `INCOME/SALARY`."""

    expression: str
    category: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class CategoryRules:
    """A ledger's rules, of which the first that is true counts. `update_time`: None where they were never set."""

    rules: tuple[CategoryRule, ...]
    update_time: datetime | None
    etag: str


def get_category_rules(scope: Scope) -> Call[CategoryRules]:
    """Return the rules that give transactions without a category one when they are written."""
    request = pb.GetCategoryRulesRequest(name=name_of(scope))
    return Call("LedgerService/GetCategoryRules", request, pb.CategoryRules, read_rules)


def update_category_rules(
    scope: Scope, rules: Sequence[CategoryRule], *, etag: str = "", validate_only: bool = False
) -> Call[CategoryRules]:
    """Take these rules in the place of all that there are; with an `etag`, only if it is still current."""
    wanted = [
        pb.CategoryRule(expression=rule.expression, category=rule.category, description=rule.description)
        for rule in rules
    ]
    message = pb.CategoryRules(name=name_of(scope), rules=wanted, etag=etag)
    request = pb.UpdateCategoryRulesRequest(
        category_rules=message, update_mask=FieldMask(paths=["rules"]), validate_only=validate_only
    )
    return Call("LedgerService/UpdateCategoryRules", request, pb.CategoryRules, read_rules)


def name_of(scope: Scope) -> str:
    """The resource name of the ledger's rules."""
    return f"{scope.parent}/categoryRules"


def read_rules(message: pb.CategoryRules) -> CategoryRules:
    """The rules of a response."""
    return CategoryRules(
        rules=tuple(CategoryRule(rule.expression, rule.category, rule.description) for rule in message.rules),
        update_time=from_timestamp(message.update_time) if message.HasField("update_time") else None,
        etag=message.etag,
    )
