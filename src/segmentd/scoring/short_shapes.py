"""What a short request's shape means: which of its columns is which attribute, and what its values have to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.columns.fixed import MAX_MINOR_FROM_DOUBLE, MAX_TIMESTAMP_US, MIN_TIMESTAMP_US
from segmentd.engine.short_scores.requests import Slot, as_amounts, as_truths, within
from segmentd.plan import Program
from segmentd.schema import AttributeSpec, Kind, Schema

_SLOT_ORDER: Final = ({Kind.DOUBLE}, {Kind.INT64, Kind.DECIMAL, Kind.TIMESTAMP}, {Kind.BOOL})
"""The kinds of attribute that lie together in a vector, in the order of its fields."""


def slots_of(features: pb.FeatureBatch, schema: Schema, program: Program) -> tuple[Slot, ...] | None:
    """The slots of a batch that has been found to be right; None where one holds no number or truth value.

    Days are none: when they begin is for the ledger's time zone to say.
    """
    given = _vector_slots if features.WhichOneof("form") == "vectors" else _column_slots
    slots = tuple(given(features, schema, program))
    return None if None in slots else tuple(slot for slot in slots if slot is not None)


def _column_slots(features: pb.FeatureBatch, schema: Schema, program: Program) -> Iterator[Slot | None]:
    for place, column in enumerate(features.columns.columns):
        spec = schema.get(column.attribute)
        form = column.WhichOneof("values")
        yield None if spec is None else _slot(spec, place, program, is_major=form == "doubles")


def _vector_slots(features: pb.FeatureBatch, schema: Schema, program: Program) -> Iterator[Slot | None]:
    specs = [schema.get(attribute) for attribute in features.vectors.attributes]
    known = [(place, spec) for place, spec in enumerate(specs) if spec is not None]
    for kinds in _SLOT_ORDER:
        for place, spec in known:
            if spec.type.kind in kinds:
                yield _slot(spec, place, program, is_major=False)
    if any(spec.type.kind in (Kind.DATE, Kind.STRING, Kind.LIST) for _, spec in known):
        yield None


def _slot(spec: AttributeSpec, presence: int, program: Program, *, is_major: bool) -> Slot | None:
    slot = Slot(spec.id, presence, required=spec.required and spec.id in program.attributes)
    match spec.type.kind:
        case Kind.DOUBLE | Kind.INT64:
            return slot
        case Kind.DECIMAL:
            return as_amounts(slot, 10.0**spec.type.scale, float(MAX_MINOR_FROM_DOUBLE)) if is_major else slot
        case Kind.BOOL:
            return as_truths(slot)
        case Kind.TIMESTAMP:
            return within(slot, MIN_TIMESTAMP_US, MAX_TIMESTAMP_US)
    return None
