"""Wrong requests of AttributeService."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import attribute_service_pb2 as attributes
from tests.server.bank import MAIN
from tests.server.wrong.request import FOREIGN, Wrong

TYPES = attributes.AttributeType
BALANCE = f"{MAIN}/attributes/customer.balance"


def _create_attribute(attribute_id: str = "customer.fresh", **fields: Any) -> attributes.CreateAttributeRequest:
    fields.setdefault("type", TYPES.ATTRIBUTE_TYPE_INT64)
    parent = fields.pop("parent", MAIN)
    return attributes.CreateAttributeRequest(
        parent=parent, attribute_id=attribute_id, attribute=attributes.Attribute(**fields)
    )


def _update_attribute(mask: list[str], **fields: Any) -> attributes.UpdateAttributeRequest:
    fields.setdefault("name", BALANCE)
    return attributes.UpdateAttributeRequest(
        attribute=attributes.Attribute(**fields), update_mask=FieldMask(paths=mask)
    )


def _name(attribute: str) -> str:
    return f"{MAIN}/attributes/{attribute}"


ATTRIBUTES = [
    Wrong("CreateAttribute", "no parent", _create_attribute(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong(
        "CreateAttribute",
        "unknown ledger",
        _create_attribute(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("CreateAttribute", "no id", _create_attribute(""), "FIELD_REQUIRED", "attribute_id"),
    Wrong("CreateAttribute", "no subject", _create_attribute("fresh"), "INVALID_FIELD", "attribute_id"),
    Wrong("CreateAttribute", "a keyword", _create_attribute("customer.in"), "INVALID_FIELD", "attribute_id"),
    Wrong("CreateAttribute", "taken", _create_attribute("customer.age"), "ALREADY_EXISTS", None, "ALREADY_EXISTS"),
    Wrong("CreateAttribute", "no type", _create_attribute(type=0), "FIELD_REQUIRED", "attribute.type"),
    Wrong("CreateAttribute", "unknown type", _create_attribute(type=99), "INVALID_FIELD", "attribute.type"),
    Wrong(
        "CreateAttribute",
        "no scale",
        _create_attribute(type=TYPES.ATTRIBUTE_TYPE_DECIMAL),
        "FIELD_REQUIRED",
        "attribute.decimal",
    ),
    Wrong(
        "CreateAttribute", "no default", _create_attribute(required=True), "DEFAULT_REQUIRED", "attribute.default_value"
    ),
    Wrong(
        "CreateAttribute",
        "reads itself",
        _create_attribute(expression="customer.fresh + 1"),
        "ATTRIBUTE_CYCLE",
        "attribute.expression",
    ),
    Wrong(
        "CreateAttribute",
        "reads what is not there yet",
        _create_attribute(expression="customer.later + 1"),
        "UNKNOWN_ATTRIBUTE",
        "attribute.expression",
    ),
    Wrong("GetAttribute", "no name", attributes.GetAttributeRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "GetAttribute", "no subject", attributes.GetAttributeRequest(name=_name("age")), "INVALID_RESOURCE_NAME", "name"
    ),
    Wrong(
        "GetAttribute",
        "unknown",
        attributes.GetAttributeRequest(name=_name("customer.agee")),
        "ATTRIBUTE_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("ListAttributes", "no parent", attributes.ListAttributesRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "ListAttributes",
        "negative page",
        attributes.ListAttributesRequest(parent=MAIN, page_size=-1),
        "INVALID_FIELD",
        "page_size",
    ),
    Wrong(
        "ListAttributes",
        "foreign token",
        attributes.ListAttributesRequest(parent=MAIN, page_token=FOREIGN),
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong("UpdateAttribute", "no name", _update_attribute(["*"], name=""), "FIELD_REQUIRED", "attribute.name"),
    Wrong("UpdateAttribute", "unknown field", _update_attribute(["etag"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong(
        "UpdateAttribute", "old etag", _update_attribute(["description"], etag="old"), "ETAG_MISMATCH", None, "ABORTED"
    ),
    Wrong(
        "UpdateAttribute",
        "type of an attribute in use",
        _update_attribute(["type", "decimal"], type=TYPES.ATTRIBUTE_TYPE_STRING),
        "ATTRIBUTE_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "UpdateAttribute",
        "reads itself",
        _update_attribute(["expression"], name=_name("customer.tier"), expression="customer.tier + 'x'"),
        "ATTRIBUTE_CYCLE",
        "attribute.expression",
    ),
    Wrong("DeleteAttribute", "no name", attributes.DeleteAttributeRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "DeleteAttribute",
        "unknown",
        attributes.DeleteAttributeRequest(name=_name("customer.agee")),
        "ATTRIBUTE_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "DeleteAttribute",
        "in use",
        attributes.DeleteAttributeRequest(name=BALANCE),
        "ATTRIBUTE_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "DeleteAttribute",
        "old etag",
        attributes.DeleteAttributeRequest(name=_name("customer.seen"), etag="old"),
        "ETAG_MISMATCH",
        None,
        "ABORTED",
    ),
]
