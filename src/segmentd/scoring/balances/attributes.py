"""Attributes that groups are made by: which are allowed, and their values of every resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from segmentd.api.errors import InvalidFieldError, nearest
from segmentd.columns.column import BoolColumn, Column, FixedColumn, TextColumn
from segmentd.columns.planes import pack
from segmentd.engine import ComputedValues
from segmentd.schema import DataType, Kind, Subject
from segmentd.scoring.balances.members import Subjects
from segmentd.scoring.balances.question import BalanceQuestion, Dimension
from segmentd.scoring.errors import LackingAttributeError
from segmentd.segments.catalogue import Catalogue

_GROUPED: Final = (Kind.BOOL, Kind.INT64, Kind.DECIMAL, Kind.STRING, Kind.TIMESTAMP, Kind.DATE)


def check_attributes(question: BalanceQuestion, catalogue: Catalogue) -> None:
    """Raise LackingAttributeError for what the ledger lacks, InvalidFieldError for a type that makes no groups."""
    for index, grouping in enumerate(question.by):
        if grouping.dimension is not Dimension.ATTRIBUTE:
            continue
        field, schema = f"by[{index}].attribute", catalogue.schemas[grouping.subject]
        spec = schema.get(grouping.attribute)
        if spec is None:
            near = nearest(grouping.attribute, [each.id for each in schema])
            raise LackingAttributeError(field, str(grouping), near and f"{grouping.subject}.{near}")
        if spec.type.kind not in _GROUPED:
            allowed = f"it is {spec.type}, and groups are made by {', '.join(_GROUPED)}"
            raise InvalidFieldError(field, str(grouping), allowed)


@dataclass(frozen=True, slots=True, eq=False)
class GroupedValues:
    """The values of an attribute of all residents, None where nobody has one; what is unknown is missing.

    `absent`: the attributes of which nobody has a value and that it needs, each with its subject in front.
    """

    column: Column | None
    absent: tuple[str, ...] = ()


def attribute_values(subjects: Subjects, subject: Subject, attribute: str) -> GroupedValues:
    """The values of an attribute, which the ledger has."""
    plan = subjects.scoring.plan_values(subjects.catalogue, subject, (attribute,), subjects.as_of_us)
    population = subjects.population(plan)
    spec = subjects.catalogue.schemas[subject].get(attribute)
    if spec is not None and spec.expression is None:
        column = population.batch.columns.get(attribute)
        return GroupedValues(column, () if column is not None else (f"{subject}.{attribute}",))
    answer = subjects.scoring.score_features(plan, population.batch, subjects.cancelled)
    absent = tuple(each if "." in each else f"{subject}.{each}" for each in answer.basis.absent)
    return GroupedValues(_column(answer.computed[0]), absent)


def _column(computed: ComputedValues) -> Column:
    kind = computed.type.kind
    if kind is Kind.BOOL:
        return BoolColumn(pack(computed.values) & computed.present, computed.present)
    if kind is Kind.STRING:
        encoded = computed.values.dictionary_encode()
        missing = len(encoded.dictionary)
        codes = encoded.indices.fill_null(missing).to_numpy(zero_copy_only=False)
        return TextColumn(codes.astype("<i4"), encoded.dictionary.cast(pa.string()))
    return FixedColumn(DataType(kind, computed.type.scale, computed.type.currency), computed.values, computed.present)
