"""What can be wrong with a request about ledgers and their attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segmentd.api.errors import InvalidFieldError, name_users, nearest, shorten
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status
from segmentd.schema import Subject


class LedgerNotFoundError(SegmentdError):
    """No ledger has this name."""

    reason = ErrorReason.LEDGER_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, ledger_id: str) -> None:
        super().__init__(f"there is no ledger {ledger_id!r}", ledger=ledger_id)


class AttributeNotFoundError(SegmentdError):
    """The ledger has no attribute of this name. `known`: the ids that its subject has."""

    reason = ErrorReason.ATTRIBUTE_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, subject: Subject, attribute_id: str, known: Sequence[str]) -> None:
        likely, attribute = nearest(attribute_id, known), f"{subject}.{attribute_id}"
        hint = f"; did you mean '{subject}.{likely}'?" if likely else ""
        super().__init__(f"there is no attribute {attribute!r}{hint}", attribute=attribute)


class UnknownMeasureError(SegmentdError):
    """An aggregate measures what its facts lack. `known`: the ids of the fields that they have."""

    reason = ErrorReason.UNKNOWN_ATTRIBUTE

    def __init__(self, field: str, subject: Subject, measure: str, known: Sequence[str]) -> None:
        likely = nearest(measure, known)
        hint = f"; did you mean {likely!r}?" if likely else f": {', '.join(known)}"
        shown = shorten(measure)
        violation = FieldViolation(field, f"{shown!r} is not allowed: it must be a field of {subject}s{hint}")
        super().__init__(
            f"{field} {violation.description}",
            fields=(violation,),
            attribute=f"{subject}.{shown}",
            nearest=likely and f"{subject}.{likely}",
        )


class AttributeInUseError(SegmentdError):
    """Segments, computed attributes or residents need the attribute; `why` says what they would suffer."""

    reason = ErrorReason.ATTRIBUTE_IN_USE
    status = Status.FAILED_PRECONDITION

    def __init__(self, attribute: str, users: Sequence[str], why: str) -> None:
        named = name_users(users)
        super().__init__(
            f"attribute {attribute!r} is used by {named}: {why}",
            attribute=attribute,
            used_by=named,
        )


class DefaultRequiredError(SegmentdError):
    """A required attribute needs a value for the subjects that have none."""

    reason = ErrorReason.DEFAULT_REQUIRED

    def __init__(self, attribute: str) -> None:
        description = "must be set: the attribute is required, and subjects without a value would have none"
        super().__init__(
            f"attribute {attribute!r}: default_value {description}",
            fields=(FieldViolation("attribute.default_value", description),),
            attribute=attribute,
        )


class DefinitionsBrokenError(SegmentdError):
    """Expressions that do not compile in their ledger, by user: `segments/{id}` or `attributes/{subject}.{id}`."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, failures: Mapping[str, SegmentdError]) -> None:
        user, error = next(iter(failures.items()))
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        super().__init__(
            f"definitions do not compile: {user}: {error.message}{others}",
            error=shorten(error.message),
            used_by=name_users(tuple(failures)),
        )
        self.failures = failures


class TimeZoneInUseError(InvalidFieldError):
    """The ledger has records, whose days are kept as the moments at which they began in its time zone."""

    status = Status.FAILED_PRECONDITION

    def __init__(self, current: str, wanted: str) -> None:
        why = f"it is {current}, and the ledger has records, whose days are days of that zone"
        super().__init__(
            "ledger.time_zone", wanted, f"{why}; write them to a ledger that is created with the other one"
        )


class FactsRemainError(SegmentdError):
    """There are records of a ledger of this id, which the definitions have lost; a new one would take them over."""

    reason = ErrorReason.ALREADY_EXISTS
    status = Status.FAILED_PRECONDITION

    def __init__(self, ledger_id: str) -> None:
        super().__init__(
            f"the data directory has records of a ledger {ledger_id!r} that its definitions lack; put back the "
            "database of definitions that belongs to them, or give another id",
            name=f"ledgers/{ledger_id}",
        )
