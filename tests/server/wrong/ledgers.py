"""Wrong requests of LedgerService."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import ledger_service_pb2 as ledgers
from tests.server.bank import MAIN
from tests.server.wrong.request import FOREIGN, Wrong


def _create_ledger(ledger_id: str = "new", **fields: Any) -> ledgers.CreateLedgerRequest:
    fields.setdefault("currency_code", "EUR")
    return ledgers.CreateLedgerRequest(ledger_id=ledger_id, ledger=ledgers.Ledger(**fields))


def _update_ledger(mask: list[str] | None = None, **fields: Any) -> ledgers.UpdateLedgerRequest:
    fields.setdefault("name", MAIN)
    return ledgers.UpdateLedgerRequest(ledger=ledgers.Ledger(**fields), update_mask=FieldMask(paths=mask or []))


RULES = f"{MAIN}/categoryRules"


def _update_rules(
    *rules: tuple[str, str], mask: list[str] | None = None, **fields: Any
) -> ledgers.UpdateCategoryRulesRequest:
    fields.setdefault("name", RULES)
    wanted = [ledgers.CategoryRule(expression=expression, category=category) for expression, category in rules]
    return ledgers.UpdateCategoryRulesRequest(
        category_rules=ledgers.CategoryRules(rules=wanted, **fields), update_mask=FieldMask(paths=mask or [])
    )


CATEGORY_RULES = [
    Wrong("GetCategoryRules", "no name", ledgers.GetCategoryRulesRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "GetCategoryRules",
        "the name of its ledger",
        ledgers.GetCategoryRulesRequest(name=MAIN),
        "INVALID_RESOURCE_NAME",
        "name",
    ),
    Wrong(
        "GetCategoryRules",
        "unknown ledger",
        ledgers.GetCategoryRulesRequest(name="ledgers/other/categoryRules"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("UpdateCategoryRules", "no name", _update_rules(name=""), "FIELD_REQUIRED", "category_rules.name"),
    Wrong("UpdateCategoryRules", "old etag", _update_rules(etag="old"), "ETAG_MISMATCH", None, "ABORTED"),
    Wrong("UpdateCategoryRules", "unknown field", _update_rules(mask=["etag"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong(
        "UpdateCategoryRules",
        "unknown ledger",
        _update_rules(name="ledgers/other/categoryRules"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "UpdateCategoryRules",
        "no expression",
        _update_rules(("true", "A"), ("", "B")),
        "FIELD_REQUIRED",
        "category_rules.rules[1].expression",
    ),
    Wrong(
        "UpdateCategoryRules",
        "no category",
        _update_rules(("true", "")),
        "FIELD_REQUIRED",
        "category_rules.rules[0].category",
    ),
    Wrong(
        "UpdateCategoryRules",
        "category in small letters",
        _update_rules(("true", "Income")),
        "INVALID_FIELD",
        "category_rules.rules[0].category",
    ),
    Wrong(
        "UpdateCategoryRules",
        "no truth value",
        _update_rules(("transaction.purpose", "A")),
        "EXPRESSION_TYPE",
        "category_rules.rules[0].expression",
    ),
    Wrong(
        "UpdateCategoryRules",
        "unknown field of transactions",
        _update_rules(("true", "A"), ("transaction.amont > 1.00", "A")),
        "UNKNOWN_ATTRIBUTE",
        "category_rules.rules[1].expression",
    ),
    Wrong(
        "UpdateCategoryRules",
        "too many rules",
        _update_rules(*[("true", "A")] * 1_025),
        "INVALID_FIELD",
        "category_rules.rules",
    ),
]

LEDGERS = [
    *CATEGORY_RULES,
    Wrong("CreateLedger", "no id", _create_ledger(""), "FIELD_REQUIRED", "ledger_id"),
    Wrong("CreateLedger", "id in capitals", _create_ledger("Main"), "INVALID_FIELD", "ledger_id"),
    Wrong("CreateLedger", "taken", _create_ledger("main"), "ALREADY_EXISTS", None, "ALREADY_EXISTS"),
    Wrong("CreateLedger", "no currency", _create_ledger(currency_code=""), "FIELD_REQUIRED", "ledger.currency_code"),
    Wrong(
        "CreateLedger",
        "no such currency",
        _create_ledger(currency_code="EURO"),
        "INVALID_FIELD",
        "ledger.currency_code",
    ),
    Wrong("CreateLedger", "no such zone", _create_ledger(time_zone="Mars/Base"), "INVALID_FIELD", "ledger.time_zone"),
    Wrong("CreateLedger", "long name", _create_ledger(display_name="x" * 129), "INVALID_FIELD", "ledger.display_name"),
    Wrong("GetLedger", "no name", ledgers.GetLedgerRequest(), "FIELD_REQUIRED", "name"),
    Wrong("GetLedger", "no form", ledgers.GetLedgerRequest(name="main"), "INVALID_RESOURCE_NAME", "name"),
    Wrong(
        "GetLedger", "unknown", ledgers.GetLedgerRequest(name="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"
    ),
    Wrong("ListLedgers", "negative page", ledgers.ListLedgersRequest(page_size=-1), "INVALID_FIELD", "page_size"),
    Wrong(
        "ListLedgers",
        "foreign token",
        ledgers.ListLedgersRequest(page_token=FOREIGN),
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong("UpdateLedger", "no name", _update_ledger(name=""), "FIELD_REQUIRED", "ledger.name"),
    Wrong("UpdateLedger", "unknown field", _update_ledger(["currency_code"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong("UpdateLedger", "old etag", _update_ledger(["*"], etag="old"), "ETAG_MISMATCH", None, "ABORTED"),
    Wrong(
        "UpdateLedger",
        "no such zone",
        _update_ledger(["time_zone"], time_zone="X"),
        "INVALID_FIELD",
        "ledger.time_zone",
    ),
    Wrong("UpdateLedger", "unknown", _update_ledger(name="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"),
]
