"""The catalogue: one immutable, compiled state of a ledger's definitions, and the registry of the current ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from segmentd.api.errors import InvalidFieldError
from segmentd.language import Environment
from segmentd.language.tree import Node
from segmentd.ledger.errors import DefinitionsBrokenError, LedgerNotFoundError
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.store import AttributeStore, LedgerStore
from segmentd.ledger.usage import Publish
from segmentd.ledger.vocabulary import Vocabulary, attribute_user, build_vocabulary
from segmentd.schema import Schema, Subject
from segmentd.segments.compilation import CompiledSegment, Failures, check_references, compile_segments, segment_user
from segmentd.segments.errors import SegmentNotFoundError, UnknownSegmentError
from segmentd.segments.model import Segment, State
from segmentd.segments.store import SegmentStore

__all__ = ["Catalogue", "Catalogues", "CompiledSegment", "build_catalogue", "compile_catalogue", "load_catalogues"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A ledger with its attributes and segments as of one version; segments by id, in that order."""

    vocabulary: Vocabulary
    segments: Mapping[str, CompiledSegment]

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.vocabulary.ledger

    @property
    def version(self) -> int:
        """The ledger's catalogue version."""
        return self.ledger.catalogue_version

    @cached_property
    def schemas(self) -> Mapping[Subject, Schema]:
        """The attributes as expressions and columns see them."""
        return {subject: terms.schema for subject, terms in self.vocabulary.terms.items()}

    @cached_property
    def environments(self) -> Mapping[Subject, Environment]:
        """What compiles expressions against the schemas."""
        return {subject: terms.environment for subject, terms in self.vocabulary.terms.items()}

    @cached_property
    def attributes(self) -> Mapping[Subject, Mapping[str, Attribute]]:
        """The attributes by subject and id."""
        return {subject: terms.attributes for subject, terms in self.vocabulary.terms.items()}

    def definitions(self, subject: Subject) -> Mapping[str, Node | None]:
        """The tree of every segment of the subject by id, None for an inactive one."""
        return self._definitions[subject]

    def asked(self, subject: Subject, ids: Sequence[str], field: str = "segments") -> tuple[str, ...]:
        """The ids, or all active segments of the subject by id where there are none.

        Raises UnknownSegmentError on one that the subject lacks, InvalidFieldError on one that is there twice.
        """
        known = self._definitions[subject]
        if not ids:
            return tuple(segment_id for segment_id, tree in known.items() if tree is not None)
        seen = set()
        for index, segment_id in enumerate(ids):
            if segment_id not in known:
                raise UnknownSegmentError(segment_id, tuple(known), f"{field}[{index}]")
            if segment_id in seen:
                raise InvalidFieldError(f"{field}[{index}]", segment_id, "each segment may be named once")
            seen.add(segment_id)
        return tuple(ids)

    def segment(self, segment_id: str) -> Segment:
        """The segment. Raises SegmentNotFoundError."""
        found = self.segments.get(segment_id)
        if found is None:
            raise SegmentNotFoundError(segment_id, tuple(self.segments))
        return found.segment

    def users_of_segment(self, segment_id: str) -> tuple[str, ...]:
        """What refers to the segment: `segments/{id}`, then `attributes/{subject}.{id}`."""
        return (
            *(segment_user(id_) for id_, entry in self.segments.items() if segment_id in entry.expression.segments),
            *(
                attribute_user(subject, id_)
                for subject, terms in self.vocabulary.terms.items()
                for id_, expression in terms.computed.items()
                if segment_id in expression.segments
            ),
        )

    def users_of_attribute(self, subject: Subject, attribute_id: str) -> tuple[str, ...]:
        """What reads the attribute itself: `segments/{id}`, then `attributes/{subject}.{id}`."""
        return (
            *(
                segment_user(id_)
                for id_, entry in self.segments.items()
                if (entry.segment.subject is subject and attribute_id in entry.expression.attributes)
                or (subject, attribute_id) in entry.expression.item_attributes
            ),
            *self.vocabulary.readers(subject, attribute_id),
        )

    @cached_property
    def _definitions(self) -> Mapping[Subject, Mapping[str, Node | None]]:
        trees: dict[Subject, dict[str, Node | None]] = {subject: {} for subject in Subject}
        for segment_id, entry in self.segments.items():
            active = entry.segment.state is State.ACTIVE
            trees[entry.segment.subject][segment_id] = entry.expression.tree if active else None
        return trees


def build_catalogue(ledger: Ledger, attributes: Iterable[Attribute], segments: Collection[Segment]) -> Catalogue:
    """The catalogue of these definitions. Raises DefinitionsBrokenError with all that do not compile."""
    return compile_catalogue(build_vocabulary(ledger, attributes), segments)


def compile_catalogue(
    vocabulary: Vocabulary, segments: Collection[Segment], previous: Catalogue | None = None
) -> Catalogue:
    """The catalogue of the segments in the vocabulary; what has not changed since `previous` is not compiled again.

    Raises DefinitionsBrokenError with all segments that do not compile, and all references and cycles that cannot be.
    """
    failures: Failures = {}
    known, before = (previous.segments, previous.vocabulary) if previous else ({}, None)
    compiled = compile_segments(vocabulary, segments, known, before, failures)
    check_references(vocabulary, segments, compiled, known, failures)
    if failures:
        raise DefinitionsBrokenError(failures)
    return Catalogue(vocabulary, compiled)


class Catalogues:
    """The current catalogue of every ledger. Readers on any thread get one whole state; one thread publishes."""

    def __init__(self, catalogues: Iterable[Catalogue] = ()) -> None:
        self._current = {catalogue.ledger.id: catalogue for catalogue in catalogues}

    def current(self, ledger_id: str) -> Catalogue:
        """The ledger's catalogue. Raises LedgerNotFoundError."""
        found = self._current.get(ledger_id)
        if found is None:
            raise LedgerNotFoundError(ledger_id)
        return found

    def publish(self, catalogue: Catalogue) -> None:
        """Make a catalogue the current one of its ledger, for every later reader."""
        # A new mapping in one assignment: whoever iterates over the old one goes on undisturbed.
        self._current = {**self._current, catalogue.ledger.id: catalogue}

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The ledger's current vocabulary. Raises LedgerNotFoundError."""
        return self.current(ledger_id).vocabulary

    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """Those of all ledgers, ordered by ledger id."""
        return tuple(catalogue.vocabulary for _, catalogue in sorted(self._current.items()))

    def users_of(self, ledger_id: str, subject: Subject, attribute_id: str) -> tuple[str, ...]:
        """What reads the attribute itself, as `segments/{id}` and `attributes/{subject}.{id}`."""
        return self.current(ledger_id).users_of_attribute(subject, attribute_id)

    def recheck(self, vocabulary: Vocabulary) -> Publish:
        """Compile what the new vocabulary changes, and return what makes the outcome current, after the commit.

        Raises DefinitionsBrokenError with all that would no longer compile.
        """
        previous = self._current.get(vocabulary.ledger.id)
        segments = [entry.segment for entry in previous.segments.values()] if previous else []
        catalogue = compile_catalogue(vocabulary, segments, previous)
        return lambda: self.publish(catalogue)


def load_catalogues(ledgers: LedgerStore, attributes: AttributeStore, segments: SegmentStore) -> Catalogues:
    """The catalogues of all that is stored. Raises StoreFailedError and DefinitionsBrokenError."""
    return Catalogues(
        build_catalogue(ledger, attributes.attributes(ledger.id), segments.segments(ledger.id))
        for ledger in ledgers.ledgers()
    )
