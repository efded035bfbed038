"""The use cases of attributes: create, get, list, update, delete, and take over those of a population."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Final

from segmentd.api.errors import AlreadyExistsError, FieldRequiredError, InvalidFieldError
from segmentd.api.names import AttributeName
from segmentd.errors import FieldViolation, SegmentdError
from segmentd.language import ExpressionError, check_attribute_id
from segmentd.language.identifiers import lower_camel
from segmentd.ledger.drafts import AttributeDraft
from segmentd.ledger.editions import Clock, check_etag, new_etag, utc_now
from segmentd.ledger.errors import AttributeInUseError, DefaultRequiredError, DefinitionsBrokenError
from segmentd.ledger.fields import is_built_in
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.population import PopulationMismatchError, names_currency
from segmentd.ledger.store import AttributeStore
from segmentd.ledger.usage import RESIDENT_POPULATION, AttributeUsers, Publish, Residents
from segmentd.ledger.vocabulary import Terms, Vocabulary, attribute_user, build_vocabulary
from segmentd.schema import AttributeSpec, DataType, Kind, Subject
from segmentd.storage import published

_BEFORE_LOADING: Final = "start the server with --definitions, or apply the attributes before the population is loaded"
_WRITE_ANEW: Final = "write records without it first, or add an attribute of another id and write its values"


class AttributeService:
    """Changes run on one thread, one after the other: what they check cannot change before they write.

    The order is always: check, stop if only that was asked for, commit, make the new state current.
    """

    def __init__(
        self, store: AttributeStore, users: AttributeUsers, residents: Residents, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._users = users
        self._residents = residents
        self._clock = clock

    def get(self, name: AttributeName) -> Attribute:
        """The attribute. Raises LedgerNotFoundError or AttributeNotFoundError."""
        return self._users.vocabulary(name.ledger).attribute(name.subject, name.attribute)

    def list_after(self, ledger_id: str, last: str) -> tuple[Attribute, ...]:
        """All attributes of a ledger whose `{subject}.{id}` comes after `last`, in that order."""
        return tuple(a for a in self._users.vocabulary(ledger_id) if a.qualified > last)

    def create(self, name: AttributeName, draft: AttributeDraft, *, validate_only: bool = False) -> Attribute:
        """Add an attribute, usable at once."""
        before = self._users.vocabulary(name.ledger)
        terms = before.terms[name.subject]
        if name.attribute in terms.attributes:
            raise AlreadyExistsError(str(name))
        _check_id(name.attribute, terms)
        now = self._clock()
        attribute = _build(name, draft, before, created=now, updated=now)
        self._refuse_unreadable(name, attribute)
        ledger = _next(before.ledger)
        publish = self._recheck(before, ledger, (*before, attribute), attribute)
        if not validate_only:
            with published(publish):
                self._store.create_attributes(ledger, (attribute,))
        return attribute

    def update(
        self,
        name: AttributeName,
        draft: AttributeDraft,
        fields: AbstractSet[str],
        *,
        etag: str = "",
        validate_only: bool = False,
    ) -> Attribute:
        """Change the chosen fields. Nothing new: the attribute as it is.

        Raises AttributeInUseError for another type, or an expression, that users or residents stand against.
        """
        before = self._users.vocabulary(name.ledger)
        current = before.attribute(name.subject, name.attribute)
        check_etag(str(name), etag, current.etag)
        if not fields:
            return current
        attribute = _build(
            name, draft.over(current, fields), before, created=current.create_time, updated=self._clock()
        )
        if replace(attribute, update_time=current.update_time, etag=current.etag) == current:
            return current
        self._refuse_against_residents(name, current, attribute)
        ledger = _next(before.ledger)
        publish = self._recheck(before, ledger, _without(before, current, attribute), attribute)
        if not validate_only:
            with published(publish):
                self._store.update_attribute(ledger, attribute)
        return attribute

    def delete(self, name: AttributeName, *, etag: str = "", validate_only: bool = False) -> None:
        """Delete an attribute. Raises AttributeInUseError, which names what uses it."""
        before = self._users.vocabulary(name.ledger)
        current = before.attribute(name.subject, name.attribute)
        check_etag(str(name), etag, current.etag)
        self._refuse_if_used(name, "it cannot be deleted")
        if current.aggregate is None and self._held(name) is not None:
            self._refuse_for_residents(name, "it cannot be deleted")
        ledger = _next(before.ledger)
        publish = self._recheck(before, ledger, _without(before, current), current)
        if not validate_only:
            with published(publish):
                self._store.delete_attribute(ledger, current)

    def adopt(self, ledger_id: str, subject: Subject, specs: Sequence[AttributeSpec]) -> tuple[Attribute, ...]:
        """Add the given attributes of a population that the ledger lacks, in one change; return those that were added.

        They are nullable: what a file holds today says nothing about tomorrow's customers.
        """
        before = self._users.vocabulary(ledger_id)
        known = dict(before.terms[subject].attributes)
        now, added = self._clock(), []
        for spec in specs:
            if spec.id not in known and not is_built_in(subject, spec.id):
                check_attribute_id(spec.id, known)
                attribute = Attribute(subject, replace(spec, required=False), "", "", None, now, now, new_etag())
                known[spec.id] = attribute
                added.append(attribute)
        if added:
            ledger = _next(before.ledger)
            publish = self._users.recheck(build_vocabulary(ledger, (*before, *added), before))
            with published(publish):
                self._store.create_attributes(ledger, added)
        return tuple(added)

    def _refuse_against_residents(self, name: AttributeName, before: Attribute, after: Attribute) -> None:
        """A restart reads the residents' file again, which has to fit the attribute that is stored then."""
        held = self._held(name) if before.aggregate is None else None
        if before.type != after.type:
            why = f"its type cannot change from {before.type} to {after.type}"
            self._refuse_if_used(name, why)
            if held is not None and held != after.type:
                self._refuse_other_type(name, (held, after.type), why)
        if held is not None and not after.is_given:
            self._refuse_for_residents(name, f"it cannot become {'aggregated' if after.aggregate else 'computed'}")
        if not before.is_given:
            self._refuse_unreadable(name, after)

    def _refuse_other_type(self, name: AttributeName, types: tuple[DataType, DataType], why: str) -> None:
        """Refuse what the values that there are would not outlive. `types`: theirs, and the new one.

        Those of a file may be given a currency, and stay what they are; those of records are kept by their type.
        """
        if self._residents.has_facts(name.ledger):
            self._refuse_for_residents(name, f"{why}; {_WRITE_ANEW}")
        if not names_currency(*types):
            self._refuse_for_residents(name, f"{why}; {_BEFORE_LOADING}")

    def _refuse_unreadable(self, name: AttributeName, attribute: Attribute) -> None:
        column = self._residents.unread_column(name.ledger, name.subject, name.attribute)
        if column not in (None, str(attribute.type)) and attribute.is_given:
            raise PopulationMismatchError(name.attribute, given=str(column), expected=str(attribute.type))

    def _held(self, name: AttributeName) -> DataType | None:
        return self._residents.column_type(name.ledger, name.subject, name.attribute)

    def _refuse_for_residents(self, name: AttributeName, why: str) -> None:
        whose = "the resident customers" if name.subject is Subject.CUSTOMER else "records"
        raise AttributeInUseError(name.qualified, (RESIDENT_POPULATION,), f"{whose} have values of it, so {why}")

    def _refuse_if_used(self, name: AttributeName, why: str) -> None:
        users = self._users.users_of(name.ledger, name.subject, name.attribute)
        if users:
            raise AttributeInUseError(name.qualified, users, why)

    def _recheck(
        self, before: Vocabulary, ledger: Ledger, attributes: Iterable[Attribute], changed: Attribute
    ) -> Publish:
        try:
            return self._users.recheck(build_vocabulary(ledger, attributes, before))
        except DefinitionsBrokenError as error:
            own = error.failures.get(attribute_user(changed.subject, changed.id))
            if own is not None:
                raise _placed(own) from error
            why = f"they would no longer compile: {error.message}"
            raise AttributeInUseError(changed.qualified, tuple(error.failures), why) from error


def _build(
    name: AttributeName, draft: AttributeDraft, before: Vocabulary, *, created: datetime, updated: datetime
) -> Attribute:
    """The attribute of a draft, whose type may come from its expression or its aggregate."""
    data_type = _resolve_type(name, draft, before)
    _check_required(name, draft, data_type)
    spec = AttributeSpec(
        name.attribute, data_type, draft.required, draft.expression or None, aggregated=draft.aggregate is not None
    )
    return Attribute(
        subject=name.subject,
        spec=spec,
        display_name=draft.display_name,
        description=draft.description,
        default=draft.default,
        create_time=created,
        update_time=updated,
        etag=new_etag(),
        aggregate=draft.aggregate,
    )


def _resolve_type(name: AttributeName, draft: AttributeDraft, before: Vocabulary) -> DataType:
    declared = draft.declared_type()
    if draft.aggregate is not None:
        if draft.expression:
            raise InvalidFieldError("attribute.expression", draft.expression, "an aggregated attribute has none")
        return before.compile_aggregate(draft.aggregate, name.subject, declared).type
    if not draft.expression:
        if declared is None:
            allowed = "must be set: only a computed or aggregated attribute takes that of its values"
            raise FieldRequiredError("attribute.type", allowed)
        return declared
    try:
        environment = before.terms[name.subject].environment
        return environment.compile(draft.expression, result=declared, itself=name.attribute).type
    except ExpressionError as error:
        raise _placed(error) from error


def _check_required(name: AttributeName, draft: AttributeDraft, data_type: DataType) -> None:
    if not draft.required:
        return
    if draft.expression:
        raise InvalidFieldError(
            "attribute.required", draft.required, "whether a computed attribute is missing follows from its expression"
        )
    if draft.aggregate is not None:
        raise InvalidFieldError(
            "attribute.required", draft.required, "whether an aggregated attribute is missing follows from its facts"
        )
    if data_type.kind is Kind.LIST:
        raise InvalidFieldError("attribute.required", draft.required, "a missing LIST is an empty list, never required")
    if draft.default is None:
        raise DefaultRequiredError(name.qualified)


def _check_id(attribute_id: str, terms: Terms) -> None:
    if is_built_in(terms.schema.subject, attribute_id):
        raise InvalidFieldError("attribute_id", terms.schema.qualified(attribute_id), "it is built in")
    try:
        check_attribute_id(attribute_id, terms.attributes, terms.schema.subject)
    except SegmentdError as error:
        error.fields = error.fields or (FieldViolation("attribute_id", error.message),)
        raise
    for other in terms.attributes:
        if _lower_camel_case(other) == _lower_camel_case(attribute_id):
            raise InvalidFieldError("attribute_id", attribute_id, f"in lowerCamelCase it equals {other!r}")


def _lower_camel_case(attribute_id: str) -> str:
    """The id in lowerCamelCase: `Last_login` is `lastLogin`."""
    camel = lower_camel(attribute_id)
    return camel[0].lower() + camel[1:]


def _placed(error: SegmentdError) -> SegmentdError:
    """The error, which says of which field of the request it speaks."""
    error.fields = error.fields or (FieldViolation("attribute.expression", error.message),)
    return error


def _next(ledger: Ledger) -> Ledger:
    return replace(ledger, catalogue_version=ledger.catalogue_version + 1)


def _without(before: Vocabulary, current: Attribute, *instead: Attribute) -> tuple[Attribute, ...]:
    return (*(attribute for attribute in before if attribute is not current), *instead)
