"""What expressions of a ledger can say: its attributes, ready to compile with, as one immutable state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from segmentd.errors import SegmentdError
from segmentd.language import CompiledExpression, Environment
from segmentd.ledger.errors import AttributeNotFoundError, DefinitionsBrokenError
from segmentd.ledger.fields import built_in
from segmentd.ledger.model import Attribute, Ledger
from segmentd.plan import compile_plannable
from segmentd.schema import Schema, Subject


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """The defined attributes of one subject by id, and the computed ones compiled.

    The schema and the environment have the built-in fields too.
    """

    attributes: Mapping[str, Attribute]
    schema: Schema
    environment: Environment
    computed: Mapping[str, CompiledExpression]

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


def attribute_user(subject: Subject, attribute_id: str) -> str:
    """How errors name a computed attribute that uses something: `attributes/{subject}.{id}`."""
    return f"attributes/{subject}.{attribute_id}"


def build_vocabulary(ledger: Ledger, attributes: Iterable[Attribute], previous: Vocabulary | None = None) -> Vocabulary:
    """The vocabulary of the attributes; a schema that `previous` has too is taken over, not compiled again.

    Raises DefinitionsBrokenError with every computed attribute that does not compile.
    """
    by_subject: dict[Subject, dict[str, Attribute]] = {subject: {} for subject in Subject}
    for attribute in sorted(attributes, key=lambda attribute: attribute.id):
        by_subject[attribute.subject][attribute.id] = attribute
    failures: dict[str, SegmentdError] = {}
    terms = {
        subject: _build_terms(subject, ledger, of_subject, previous, failures)
        for subject, of_subject in by_subject.items()
    }
    if failures:
        raise DefinitionsBrokenError(failures)
    return Vocabulary(ledger, terms)


def changed_attributes(before: Terms, after: Terms) -> frozenset[str]:
    """The attributes that mean something else now, or came or went; computed ones also for what they read."""
    names = before.attributes.keys() | after.attributes.keys()
    changed = {name for name in names if before.schema.get(name) != after.schema.get(name)}
    while grown := {
        name for name, reader in after.computed.items() if name not in changed and reader.attributes & changed
    }:
        changed |= grown
    return frozenset(changed)


def _build_terms(
    subject: Subject,
    ledger: Ledger,
    attributes: Mapping[str, Attribute],
    previous: Vocabulary | None,
    failures: dict[str, SegmentdError],
) -> Terms:
    defined = tuple(attribute.spec for attribute in attributes.values())
    schema = Schema(subject, (*built_in(subject, ledger.currency_code), *defined), ledger.time_zone)
    known = previous.terms[subject] if previous else None
    if known and known.schema == schema:
        return Terms(attributes, known.schema, known.environment, known.computed)
    environment = Environment(schema)
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
