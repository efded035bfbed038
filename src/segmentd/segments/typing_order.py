"""The types of computed and aggregated attributes that declare none, found in the order in which they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.language import Environment, ExpressionError, check_attribute_id
from segmentd.language.issues import AttributeCycleError
from segmentd.ledger.aggregate_compilation import result_type
from segmentd.ledger.compiled_aggregates import ITEM
from segmentd.ledger.vocabulary import attribute_user
from segmentd.schema import ITEMS, AttributeSpec, DataType, Kind, Schema, Subject
from segmentd.segments.aggregate_entries import DeclaredAggregate
from segmentd.segments.declarations import DeclaredAttribute

Failures = dict[str, SegmentdError]


def resolve_aggregates(
    built_in: Mapping[Subject, Schema], declared: Sequence[DeclaredAttribute], currency_code: str, failures: Failures
) -> tuple[DeclaredAttribute, ...]:
    """The attributes with a type of each aggregated one, and thresholds in minor units of the ledger's currency.

    Those that cannot have one are left out and added to the failures.
    """
    items = {subject: _given(schema, declared) for subject, schema in built_in.items()}
    resolved = []
    for attribute in declared:
        try:
            resolved.append(_resolve_aggregate(attribute, items, currency_code))
        except SegmentdError as error:
            failures[attribute_user(attribute.subject, attribute.id)] = error
    return tuple(resolved)


def resolve_types(
    built_in: Schema, declared: Sequence[DeclaredAttribute], items: Mapping[str, Schema], failures: Failures
) -> dict[str, AttributeSpec]:
    """The attributes by id, each with a type. Those that get none are added to the failures.

    `built_in`: the fields that the subject has without them. `items`: what macros go over, by field.
    """
    subject = built_in.subject
    for index, attribute in enumerate(declared):
        taken = [spec.id for spec in built_in] + [other.id for other in declared[:index]]
        if error := _refusal(attribute, taken):
            failures[attribute_user(subject, attribute.id)] = error
    if failures:
        return {}
    specs = {a.id: _spec(a, a.type) for a in declared if a.type is not None}
    pending = {a.id: a for a in declared if a.type is None}
    while pending and not failures:
        known = Schema(subject, (*built_in, *specs.values()), built_in.time_zone)
        errors = _resolve_some(Environment(known, items), specs, pending)
        if len(errors) == len(pending):
            failures.update(_blame(subject, pending, errors))
        pending = {id_: pending[id_] for id_ in errors}
    return specs


def typed_items(
    built_in: Mapping[Subject, Schema], declared: Sequence[DeclaredAttribute], subject: Subject
) -> dict[str, Schema]:
    """What the macros of a subject go over, by field, with the attributes whose types are declared."""
    items = {}
    for field, item in ITEMS.get(subject, {}).items():
        typed = {
            a.id: AttributeSpec(a.id, a.type, expression=a.expression)
            for a in declared
            if a.subject is item and a.type is not None
        }
        typed |= {spec.id: spec for spec in built_in[item]}
        items[field] = Schema(item, tuple(typed.values()), built_in[item].time_zone)
    return items


def _given(built_in: Schema, declared: Sequence[DeclaredAttribute]) -> Schema:
    """The fields and given attributes of a subject, which aggregates measure."""
    specs = {
        a.id: AttributeSpec(a.id, a.type) for a in declared if a.subject is built_in.subject and a.is_given and a.type
    }
    specs |= {spec.id: spec for spec in built_in}
    return Schema(built_in.subject, tuple(specs.values()), built_in.time_zone)


def _resolve_aggregate(
    attribute: DeclaredAttribute, items: Mapping[Subject, Schema], currency_code: str
) -> DeclaredAttribute:
    if attribute.aggregate is None:
        return attribute
    aggregate = attribute.aggregate.in_currency(currency_code)
    found = attribute.type or result_type(aggregate, items[ITEM[aggregate.source]], currency_code)
    return replace(attribute, type=found, aggregate=DeclaredAggregate(aggregate))


def _refusal(attribute: DeclaredAttribute, taken: Sequence[str]) -> SegmentdError | None:
    """What is wrong with the declaration itself, beside the ids that are taken."""
    if attribute.type is None and attribute.expression is None:
        return FieldRequiredError("type", "must be set: no expression and no column of this name has one")
    if attribute.required and attribute.type is not None and attribute.type.kind is Kind.LIST:
        return InvalidFieldError("nullable", "false", "a missing LIST is an empty list, so it stays nullable")
    try:
        check_attribute_id(attribute.id, taken, attribute.subject)
    except SegmentdError as error:
        return error
    return None


def _resolve_some(
    environment: Environment, specs: dict[str, AttributeSpec], pending: dict[str, DeclaredAttribute]
) -> dict[str, ExpressionError]:
    """Give a type to every attribute that reads none that is pending; what stops the others, by id."""
    errors = {}
    for attribute in pending.values():
        try:
            found = environment.compile(attribute.expression or "", result=None, itself=attribute.id)
            specs[attribute.id] = _spec(attribute, found.type)
        except ExpressionError as error:
            errors[attribute.id] = error
    return errors


def _spec(attribute: DeclaredAttribute, data_type: DataType) -> AttributeSpec:
    aggregated = attribute.aggregate is not None
    return AttributeSpec(attribute.id, data_type, attribute.required, attribute.expression, aggregated=aggregated)


def _blame(subject: Subject, pending: Iterable[str], errors: dict[str, ExpressionError]) -> Failures:
    """The errors that are their own attribute's fault; where all wait for each other, that they do."""
    waiting = {f"{subject}.{id_}" for id_ in pending}
    own: Failures = {
        attribute_user(subject, id_): error
        for id_, error in errors.items()
        if not (error.reason is ErrorReason.UNKNOWN_ATTRIBUTE and error.metadata.get("attribute") in waiting)
    }
    return own or {attribute_user(subject, id_): _cycle(subject, id_, errors) for id_ in errors}


def _cycle(subject: Subject, start: str, errors: dict[str, ExpressionError]) -> AttributeCycleError:
    path = [f"{subject}.{start}"]
    while (following := errors[path[-1].partition(".")[2]].metadata["attribute"]) not in path:
        path.append(following)
    cycle = " -> ".join([*path, following])
    message = f"attributes are computed from each other: {cycle}"
    issue = replace(
        errors[start].issues[0], reason=ErrorReason.ATTRIBUTE_CYCLE, message=message, metadata={"cycle": cycle}
    )
    return AttributeCycleError((issue,))
