"""The use cases of segments: create, get, list, update, delete, and check an expression."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial

from segmentd.api.errors import AlreadyExistsError, FieldRequiredError, InvalidFieldError
from segmentd.api.names import SegmentName
from segmentd.api.wire import subject_name
from segmentd.errors import FieldViolation
from segmentd.language import CompiledExpression, ExpressionError, Issue
from segmentd.ledger.editions import Clock, check_etag, utc_now
from segmentd.ledger.errors import DefinitionsBrokenError
from segmentd.ledger.model import Ledger
from segmentd.plan import compile_plannable
from segmentd.schema import DataType, Subject
from segmentd.segments.catalogue import Catalogue, Catalogues, compile_catalogue
from segmentd.segments.compilation import ids_by_subject, reference_issues, segment_user
from segmentd.segments.drafts import SegmentDraft
from segmentd.segments.errors import SegmentInUseError
from segmentd.segments.filters import Filter
from segmentd.segments.model import Segment
from segmentd.segments.store import SegmentStore
from segmentd.storage import published


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an expression means: `type` None where it cannot be used, and then only `issues` has something.

    `attributes` are `{subject}.{id}`, sorted; `segments` ids, sorted; `issues` errors first, then warnings.
    """

    type: DataType | None
    attributes: tuple[str, ...]
    segments: tuple[str, ...]
    issues: tuple[Issue, ...]


class SegmentService:
    """Changes run on one thread, one after the other: what they check cannot change before they write.

    The order is always: check, stop if only that was asked for, commit, make the new state current.
    """

    def __init__(self, store: SegmentStore, catalogues: Catalogues, clock: Clock = utc_now) -> None:
        self._store = store
        self._catalogues = catalogues
        self._clock = clock

    def get(self, name: SegmentName) -> Segment:
        """The segment. Raises LedgerNotFoundError or SegmentNotFoundError."""
        return self._catalogues.current(name.ledger).segment(name.segment)

    def list_after(self, ledger_id: str, last_id: str, wanted: Filter) -> tuple[Segment, ...]:
        """All segments of a ledger that the filter wants and whose id comes after `last_id`, by id."""
        entries = self._catalogues.current(ledger_id).segments.values()
        return tuple(e.segment for e in entries if e.segment.id > last_id and wanted.matches(e.segment))

    def create(self, name: SegmentName, draft: SegmentDraft, *, validate_only: bool = False) -> Segment:
        """Make a segment, compiled and usable at once."""
        before = self._catalogues.current(name.ledger)
        if name.segment in before.segments:
            raise AlreadyExistsError(str(name))
        segment = draft.create(name.segment, self._clock())
        after = _compile(before, segment)
        if not validate_only:
            with published(partial(self._catalogues.publish, after)):
                self._store.create_segment(after.ledger, segment)
        return segment

    def update(
        self,
        name: SegmentName,
        draft: SegmentDraft,
        fields: AbstractSet[str],
        *,
        etag: str = "",
        validate_only: bool = False,
    ) -> Segment:
        """Change the chosen fields. Nothing new: the segment as it is.

        A subject, where given, must be the segment's.
        """
        before = self._catalogues.current(name.ledger)
        current = before.segment(name.segment)
        check_etag(str(name), etag, current.etag)
        if draft.subject is not None and draft.subject is not current.subject:
            allowed = f"it is {subject_name(current.subject)} and cannot be changed"
            raise InvalidFieldError("segment.subject", subject_name(draft.subject), allowed)
        segment = draft.change(current, fields, self._clock())
        if replace(segment, update_time=current.update_time, etag=current.etag) == current:
            return current
        after = _compile(before, segment)
        if not validate_only:
            with published(partial(self._catalogues.publish, after)):
                self._store.update_segment(after.ledger, segment)
        return segment

    def delete(self, name: SegmentName, *, etag: str = "", validate_only: bool = False) -> None:
        """Delete a segment. Raises SegmentInUseError, which names what refers to it."""
        before = self._catalogues.current(name.ledger)
        current = before.segment(name.segment)
        check_etag(str(name), etag, current.etag)
        if users := before.users_of_segment(name.segment):
            raise SegmentInUseError(name.segment, users)
        others = [entry.segment for entry in before.segments.values() if entry.segment is not current]
        after = compile_catalogue(replace(before.vocabulary, ledger=_next(before.ledger)), others, before)
        if not validate_only:
            with published(partial(self._catalogues.publish, after)):
                self._store.delete_segment(after.ledger, current)

    def check(self, ledger_id: str, subject: Subject, text: str) -> Meaning:
        """What an expression means, or what is wrong with it. Stores nothing."""
        if not text:
            raise FieldRequiredError("expression")
        catalogue = self._catalogues.current(ledger_id)
        try:
            expression = compile_plannable(catalogue.environments[subject], text, result=None)
        except ExpressionError as error:
            return Meaning(None, (), (), error.issues)
        return _meaning(catalogue, subject, expression)


def _compile(before: Catalogue, segment: Segment) -> Catalogue:
    """The catalogue after a segment came or changed, one version on."""
    others = [entry.segment for entry in before.segments.values() if entry.segment.id != segment.id]
    vocabulary = replace(before.vocabulary, ledger=_next(before.ledger))
    try:
        return compile_catalogue(vocabulary, (*others, segment), before)
    except DefinitionsBrokenError as error:
        own = error.failures.get(segment_user(segment.id))
        if own is None:
            raise
        own.fields = own.fields or (FieldViolation("segment.expression", own.message),)
        raise own from error


def _next(ledger: Ledger) -> Ledger:
    return replace(ledger, catalogue_version=ledger.catalogue_version + 1)


def _meaning(catalogue: Catalogue, subject: Subject, expression: CompiledExpression) -> Meaning:
    ids = ids_by_subject(entry.segment for entry in catalogue.segments.values())
    if errors := reference_issues(expression, ids[subject]):
        return Meaning(None, (), (), (*errors, *expression.warnings))
    reads = expression.item_attributes.union((subject, id_) for id_ in expression.attributes)
    return Meaning(
        type=expression.type,
        attributes=tuple(sorted(f"{of}.{id_}" for of, id_ in reads)),
        segments=tuple(sorted(expression.segments)),
        issues=expression.warnings,
    )
