"""What expressions of a ledger can say: its attributes, ready to compile with, as one immutable state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Protocol

from segmentd.errors import SegmentdError
from segmentd.language import CompiledExpression, Environment
from segmentd.ledger.aggregate_compilation import compile_aggregate
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.errors import AttributeNotFoundError, DefinitionsBrokenError
from segmentd.ledger.fields import built_in
from segmentd.ledger.model import Attribute, Ledger
from segmentd.plan import compile_plannable
from segmentd.schema import ITEMS, DataType, Schema, Subject


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """The defined attributes of one subject by id, and the computed and the aggregated ones compiled.

    The schema and the environment have the built-in fields too.
    """

    attributes: Mapping[str, Attribute]
    schema: Schema
    environment: Environment
    computed: Mapping[str, CompiledExpression]
    aggregated: Mapping[str, CompiledAggregate] = field(default_factory=dict)

    def readers(self, attribute_id: str) -> Iterator[str]:
        """The computed attributes that read an attribute, as `attributes/{subject}.{id}`, by id."""
        for reader, expression in sorted(self.computed.items()):
            if attribute_id in expression.attributes:
                yield attribute_user(self.schema.subject, reader)


@dataclass(frozen=True, eq=False, slots=True)
class Vocabulary:
    """A ledger and the terms of its subjects."""

    ledger: Ledger
    terms: Mapping[Subject, Terms]

    def __iter__(self) -> Iterator[Attribute]:
        """All attributes, by name."""
        for subject in sorted(self.terms):
            yield from self.terms[subject].attributes.values()

    def attribute(self, subject: Subject, attribute_id: str) -> Attribute:
        """The attribute. Raises AttributeNotFoundError."""
        attributes = self.terms[subject].attributes
        found = attributes.get(attribute_id)
        if found is None:
            raise AttributeNotFoundError(subject, attribute_id, tuple(attributes))
        return found

    def compile_aggregate(
        self, aggregate: Aggregate, subject: Subject, declared: DataType | None = None
    ) -> CompiledAggregate:
        """What an aggregate of a subject means here. Raises a SegmentdError that names the wrong field."""
        environments = {each: terms.environment.without_macros for each, terms in self.terms.items()}
        return compile_aggregate(aggregate, subject, environments, self.ledger.currency_code, declared)

    def readers(self, subject: Subject, attribute_id: str) -> Iterator[str]:
        """The attributes that read an attribute or a built-in field, as `attributes/{subject}.{id}`.

        First the computed ones of its subject, then those of others that read it in macros, then the aggregated ones of
        all subjects, by name.
        """
        yield from self.terms[subject].readers(attribute_id)
        for owner, terms in sorted(self.terms.items()):
            for reader, expression in sorted(terms.computed.items()):
                if (subject, attribute_id) in expression.item_attributes:
                    yield attribute_user(owner, reader)
        for owner, terms in sorted(self.terms.items()):
            for reader, aggregate in sorted(terms.aggregated.items()):
                if attribute_id in aggregate.reads.get(subject, ()):
                    yield attribute_user(owner, reader)


class Vocabularies(Protocol):
    """Who knows the definitions as they are now."""

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The current vocabulary. Raises LedgerNotFoundError."""


def attribute_user(subject: Subject, attribute_id: str) -> str:
    """How errors name an attribute that uses something: `attributes/{subject}.{id}`."""
    return f"attributes/{subject}.{attribute_id}"


def build_vocabulary(ledger: Ledger, attributes: Iterable[Attribute], previous: Vocabulary | None = None) -> Vocabulary:
    """The vocabulary of the attributes; what is the same in `previous` is taken over, not compiled again.

    Raises DefinitionsBrokenError with every computed or aggregated attribute that does not compile.
    """
    by_subject: dict[Subject, dict[str, Attribute]] = {subject: {} for subject in Subject}
    for attribute in sorted(attributes, key=lambda attribute: attribute.id):
        by_subject[attribute.subject][attribute.id] = attribute
    failures: dict[str, SegmentdError] = {}
    schemas = {subject: _schema(subject, ledger, of_subject) for subject, of_subject in by_subject.items()}
    terms = {
        subject: _build_terms(schemas, subject, of_subject, previous, failures)
        for subject, of_subject in by_subject.items()
    }
    vocabulary = _with_aggregates(Vocabulary(ledger, terms), previous, failures)
    if failures:
        raise DefinitionsBrokenError(failures)
    return vocabulary


def changed_by_subject(before: Vocabulary | None, after: Vocabulary) -> Mapping[Subject, frozenset[str]] | None:
    """The attributes that mean something else now, or came or went; computed ones also for what they read.

    None where everything changed.
    """
    if before is None or before.ledger.time_zone != after.ledger.time_zone:
        return None
    changed = {subject: _differing(before.terms[subject], terms) for subject, terms in after.terms.items()}
    while any(_add_readers(after.terms[subject], subject, changed) for subject in changed):
        pass
    return {subject: frozenset(names) for subject, names in changed.items()}


def _differing(before: Terms, after: Terms) -> set[str]:
    names = before.attributes.keys() | after.attributes.keys()
    return {name for name in names if before.schema.get(name) != after.schema.get(name)}


def _add_readers(terms: Terms, subject: Subject, changed: Mapping[Subject, set[str]]) -> bool:
    """Add the computed attributes of a subject that read a changed one; whether there are such."""
    grown = {
        name
        for name, expression in terms.computed.items()
        if name not in changed[subject] and reads_any(expression, subject, changed)
    }
    changed[subject].update(grown)
    return bool(grown)


def reads_any(expression: CompiledExpression, subject: Subject, attributes: Mapping[Subject, AbstractSet[str]]) -> bool:
    """Whether an expression of a subject reads one of these attributes, in macros too."""
    own = attributes[subject]
    if not (own.isdisjoint(expression.attributes) and own.isdisjoint(expression.given)):
        return True
    return any(attribute in attributes[of] for of, attribute in expression.item_attributes)


def _schema(subject: Subject, ledger: Ledger, attributes: Mapping[str, Attribute]) -> Schema:
    defined = tuple(attribute.spec for attribute in attributes.values())
    return Schema(subject, (*built_in(subject, ledger.currency_code), *defined), ledger.time_zone)


def _build_terms(
    schemas: Mapping[Subject, Schema],
    subject: Subject,
    attributes: Mapping[str, Attribute],
    previous: Vocabulary | None,
    failures: dict[str, SegmentdError],
) -> Terms:
    schema = schemas[subject]
    items = {field: schemas[item] for field, item in ITEMS.get(subject, {}).items()}
    known = previous.terms[subject] if previous else None
    if known and known.schema == schema and known.environment.given_items == items:
        return Terms(attributes, known.schema, known.environment, known.computed)
    environment = Environment(schema, items)
    return Terms(attributes, schema, environment, _compile_computed(environment, schema, failures))


def _compile_computed(
    environment: Environment, schema: Schema, failures: dict[str, SegmentdError]
) -> dict[str, CompiledExpression]:
    compiled = {}
    for spec in schema:
        if spec.expression is None:
            continue
        try:
            compiled[spec.id] = compile_plannable(environment, spec.expression, result=spec.type, itself=spec.id)
        except SegmentdError as error:
            failures[attribute_user(schema.subject, spec.id)] = error
    return compiled


def _with_aggregates(
    vocabulary: Vocabulary, previous: Vocabulary | None, failures: dict[str, SegmentdError]
) -> Vocabulary:
    """The vocabulary with its aggregated attributes compiled: their filters read attributes of several subjects."""
    changed = changed_by_subject(previous, vocabulary)
    terms = {}
    for subject, of_subject in vocabulary.terms.items():
        known = previous.terms[subject].aggregated if previous and changed is not None else {}
        kept = {id_: aggregate for id_, aggregate in known.items() if _still_holds(aggregate, changed or {})}
        terms[subject] = replace(of_subject, aggregated=_compile_aggregated(vocabulary, subject, kept, failures))
    return replace(vocabulary, terms=terms)


def _compile_aggregated(
    vocabulary: Vocabulary, subject: Subject, kept: Mapping[str, CompiledAggregate], failures: dict[str, SegmentdError]
) -> dict[str, CompiledAggregate]:
    """The aggregated attributes of a subject by id; those of `kept` whose definition is the same are taken over."""
    compiled = {}
    for id_, attribute in vocabulary.terms[subject].attributes.items():
        if attribute.aggregate is None:
            continue
        known = kept.get(id_)
        if known is not None and known.definition == attribute.aggregate and known.type == attribute.type:
            compiled[id_] = known
            continue
        try:
            compiled[id_] = vocabulary.compile_aggregate(attribute.aggregate, subject, attribute.type)
        except SegmentdError as error:
            failures[attribute_user(subject, id_)] = error
    return compiled


def _still_holds(aggregate: CompiledAggregate, changed: Mapping[Subject, frozenset[str]]) -> bool:
    return all(names.isdisjoint(changed[subject]) for subject, names in aggregate.needs.items())
