"""Rules of categories as they are kept, with what each must obey by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.limits import check_description
from segmentd.api.names import ledger_name

CATEGORY: Final = re.compile(r"[A-Z0-9_]+(/[A-Z0-9_]+)*", re.ASCII)
MAX_CATEGORY_BYTES: Final = 256
MAX_RULES: Final = 1_024

RULES: Final = "categoryRules"
"""The last part of the resource's name, and how errors name the rules as the user of an attribute."""


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """Transactions for which `expression` (CEL over `transaction`) is true are of `category`."""

    expression: str
    category: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class CategoryRules:
    """A ledger's rules in their order: the first that is true says the category. `update_time`: None until the first.

    Raises a SegmentdError that names the wrong field.
    """

    ledger_id: str
    rules: tuple[CategoryRule, ...]
    update_time: datetime | None
    etag: str

    def __post_init__(self) -> None:
        if len(self.rules) > MAX_RULES:
            given = f"{len(self.rules)} rules"
            raise InvalidFieldError("category_rules.rules", given, f"at most {MAX_RULES} are allowed")
        for place, rule in enumerate(self.rules):
            _check_rule(rule, rule_field(place))

    @property
    def name(self) -> str:
        """`ledgers/{ledger}/categoryRules`."""
        return rules_name(self.ledger_id)


NO_ETAG: Final = "none"
"""The etag of rules that were never set."""


def no_rules(ledger_id: str) -> CategoryRules:
    """The rules of a ledger that were never set."""
    return CategoryRules(ledger_id, (), None, NO_ETAG)


def rules_name(ledger_id: str) -> str:
    """`ledgers/{ledger}/categoryRules`."""
    return f"{ledger_name(ledger_id)}/{RULES}"


def rule_field(place: int) -> str:
    """Where a rule stands in a request."""
    return f"category_rules.rules[{place}]"


def rule_from(fields: Mapping[str, Any]) -> CategoryRule:
    """The rule that was kept as these fields."""
    return CategoryRule(fields["expression"], fields["category"], fields["description"])


def _check_rule(rule: CategoryRule, field: str) -> None:
    if not rule.expression:
        raise FieldRequiredError(f"{field}.expression")
    if not rule.category:
        raise FieldRequiredError(f"{field}.category")
    if not CATEGORY.fullmatch(rule.category) or len(rule.category) > MAX_CATEGORY_BYTES:
        allowed = f"a path such as INCOME/SALARY, of at most {MAX_CATEGORY_BYTES} characters"
        raise InvalidFieldError(f"{field}.category", rule.category, allowed)
    check_description(rule.description, f"{field}.description")
