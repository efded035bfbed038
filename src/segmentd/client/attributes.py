"""Attributes: create, get, list, update, delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import attribute_service_pb2 as pb
from segmentd.client.call import Call, Scope, Steps, fetch_pages, last_part
from segmentd.client.moments import from_timestamp
from segmentd.client.values import Value, decode_type, decode_value, encode_type, encode_value
from segmentd.ledger.aggregate_messages import decode_aggregate, encode_aggregate
from segmentd.ledger.aggregates import Aggregate
from segmentd.schema import DataType


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as the service keeps it. `id` starts with its subject: `customer.income`."""

    id: str
    type: DataType
    required: bool
    expression: str
    default: Value | None
    display_name: str
    description: str
    create_time: datetime
    update_time: datetime
    etag: str
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """What defines an attribute. `type` may be None for a computed or aggregated one: that of its values is taken.

    Without `expression`, which is "", and `aggregate` it is a given attribute; a required given one needs a `default`,
    and a default its `type`, also in an update of the default alone: calls raise ValueError without.
    """

    type: DataType | None = None
    required: bool = False
    expression: str = ""
    default: Value | None = None
    display_name: str = ""
    description: str = ""
    aggregate: Aggregate | None = None


def create_attribute(
    scope: Scope, attribute_id: str, definition: AttributeDefinition, *, validate_only: bool = False
) -> Call[Attribute]:
    """Add an attribute (`customer.isGlobetrotter`), usable at once and missing everywhere until told."""
    request = pb.CreateAttributeRequest(
        parent=scope.parent,
        attribute_id=attribute_id,
        attribute=encode_definition(definition),
        validate_only=validate_only,
    )
    return Call("AttributeService/CreateAttribute", request, pb.Attribute, read_attribute)


def get_attribute(scope: Scope, attribute_id: str) -> Call[Attribute]:
    """Return an attribute, `customer.income`."""
    request = pb.GetAttributeRequest(name=scope.attribute(attribute_id))
    return Call("AttributeService/GetAttribute", request, pb.Attribute, read_attribute)


def list_attributes(scope: Scope, *, page_size: int = 1_000) -> Steps[tuple[Attribute, ...]]:
    """Return all attributes of the ledger, ordered by id, fetched in pages of `page_size`."""
    request = pb.ListAttributesRequest(parent=scope.parent, page_size=page_size)
    method = "AttributeService/ListAttributes"
    attributes = yield from fetch_pages(method, request, pb.ListAttributesResponse, "attributes")
    return tuple(map(read_attribute, attributes))


def update_attribute(
    scope: Scope,
    attribute_id: str,
    definition: AttributeDefinition,
    *,
    fields: tuple[str, ...] = (),
    etag: str = "",
    validate_only: bool = False,
) -> Call[Attribute]:
    """Change the `fields` (of AttributeDefinition) to those of `definition`; without fields, those not empty."""
    attribute = encode_definition(definition)
    attribute.name, attribute.etag = scope.attribute(attribute_id), etag
    mask = FieldMask(paths=mask_paths(fields)) if fields else None
    request = pb.UpdateAttributeRequest(attribute=attribute, update_mask=mask, validate_only=validate_only)
    return Call("AttributeService/UpdateAttribute", request, pb.Attribute, read_attribute)


def delete_attribute(scope: Scope, attribute_id: str, *, etag: str = "", validate_only: bool = False) -> Call[None]:
    """Delete an attribute. Refused, naming what uses it, while it is in use."""
    request = pb.DeleteAttributeRequest(name=scope.attribute(attribute_id), etag=etag, validate_only=validate_only)
    return Call("AttributeService/DeleteAttribute", request, Empty, lambda _: None)


def encode_definition(definition: AttributeDefinition) -> pb.Attribute:
    """The attribute of a request, without name."""
    attribute = pb.Attribute(
        display_name=definition.display_name,
        description=definition.description,
        required=definition.required,
        expression=definition.expression,
        aggregate=None if definition.aggregate is None else encode_aggregate(definition.aggregate),
    )
    _put_type(attribute, definition)
    return attribute


def _put_type(attribute: pb.Attribute, definition: AttributeDefinition) -> None:
    if definition.type is not None:
        attribute.type, decimal = encode_type(definition.type)
        if decimal is not None:
            attribute.decimal.CopyFrom(decimal)
    if definition.default is None:
        return
    if definition.type is None:
        raise ValueError(f"the default {definition.default!r} is given without a type; give the attribute's type too")
    attribute.default_value.CopyFrom(encode_value(definition.default, definition.type))


def mask_paths(fields: tuple[str, ...]) -> list[str]:
    """The update mask of definition fields: `type` changes the decimal format too."""
    paths = {"type": ("type", "decimal"), "default": ("default_value",)}
    return [path for field in fields for path in paths.get(field, (field,))]


def read_attribute(attribute: Any) -> Attribute:
    """The attribute of a response."""
    data_type = decode_type(attribute.type, attribute.decimal)
    if data_type is None:
        raise ValueError(f"{attribute.name} has a type that this client does not know: {attribute.type}")
    return Attribute(
        id=last_part(attribute.name),
        type=data_type,
        required=attribute.required,
        expression=attribute.expression,
        default=decode_value(attribute.default_value, data_type),
        display_name=attribute.display_name,
        description=attribute.description,
        create_time=from_timestamp(attribute.create_time),
        update_time=from_timestamp(attribute.update_time),
        etag=attribute.etag,
        aggregate=decode_aggregate(attribute.aggregate) if attribute.HasField("aggregate") else None,
    )
