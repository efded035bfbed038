"""Segments compiled against a vocabulary, and the references between them checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from segmentd.api.errors import nearest
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.language import CompiledExpression, Issue
from segmentd.language.source import Source
from segmentd.language.tree import UNPLACED, Node, Position, SegmentVerdict, walk
from segmentd.ledger.vocabulary import Vocabulary, attribute_user, changed_by_subject, reads_any
from segmentd.plan import compile_plannable
from segmentd.schema import BOOL, Subject
from segmentd.segments.errors import SegmentCycleError, UnknownReferenceError
from segmentd.segments.model import Segment


@dataclass(frozen=True, slots=True, eq=False)
class CompiledSegment:
    """A segment with what its expression means."""

    segment: Segment
    expression: CompiledExpression


Compiled = Mapping[str, CompiledSegment]
Failures = dict[str, SegmentdError]
"""What is wrong, by user: `segments/{id}` or `attributes/{subject}.{id}`."""


def segment_user(segment_id: str) -> str:
    """How errors name a segment that uses something: `segments/{id}`."""
    return f"segments/{segment_id}"


def compile_segments(
    vocabulary: Vocabulary, segments: Iterable[Segment], known: Compiled, before: Vocabulary | None, failures: Failures
) -> dict[str, CompiledSegment]:
    """The segments compiled, by id in order.

    Those of `known`, compiled in the vocabulary `before`, are taken over where nothing that they read has changed.
    """
    stale = changed_by_subject(before, vocabulary)
    compiled = {}
    for segment in sorted(segments, key=lambda segment: segment.id):
        old = known.get(segment.id)
        if stale and old and _still_holds(old, segment, stale):
            compiled[segment.id] = CompiledSegment(segment, old.expression)
            continue
        try:
            expression = compile_plannable(
                vocabulary.terms[segment.subject].environment, segment.expression, result=BOOL
            )
            compiled[segment.id] = CompiledSegment(segment, expression)
        except SegmentdError as error:
            failures[segment_user(segment.id)] = error
    return compiled


def check_references(
    vocabulary: Vocabulary, segments: Iterable[Segment], compiled: Compiled, known: Compiled, failures: Failures
) -> None:
    """Add to the failures every reference to a segment that is not among `segments`, and every cycle.

    `known` has no cycle: one can only go through a segment whose expression is not the known one.
    """
    ids = ids_by_subject(segments)
    for subject, terms in vocabulary.terms.items():
        for attribute, expression in terms.computed.items():
            if issues := reference_issues(expression, ids[subject]):
                failures[attribute_user(subject, attribute)] = UnknownReferenceError(issues)
    for segment_id, entry in compiled.items():
        if issues := reference_issues(entry.expression, ids[entry.segment.subject]):
            failures[segment_user(segment_id)] = UnknownReferenceError(issues)
    _check_cycles(compiled, _reachable(compiled, known), failures)


def ids_by_subject(segments: Iterable[Segment]) -> Mapping[Subject, frozenset[str]]:
    """The ids of the segments that select each subject."""
    pairs = [(segment.subject, segment.id) for segment in segments]
    return {subject: frozenset(id_ for whom, id_ in pairs if whom is subject) for subject in Subject}


def reference_issues(expression: CompiledExpression, ids: frozenset[str]) -> tuple[Issue, ...]:
    """An issue for every segment that the expression refers to and that is not among `ids`, those of its subject.

    They are in the order of the text.
    """
    unknown = expression.segments - ids
    if not unknown:
        return ()
    source = Source(expression.text)
    issues = (_unknown(source, expression.tree, segment_id, ids) for segment_id in unknown)
    return tuple(sorted(issues, key=lambda issue: (issue.position.line, issue.position.column)))


def _still_holds(old: CompiledSegment, segment: Segment, stale: Mapping[Subject, frozenset[str]]) -> bool:
    same = old.segment.expression == segment.expression and old.segment.subject is segment.subject
    return same and not reads_any(old.expression, segment.subject, stale)


def _unknown(source: Source, tree: Node, segment_id: str, ids: frozenset[str]) -> Issue:
    likely = nearest(segment_id, sorted(ids))
    hint = f"; did you mean {likely!r}?" if likely else ""
    return _issue(
        source,
        _place(tree, segment_id),
        ErrorReason.UNKNOWN_SEGMENT,
        f"no segment {segment_id!r} of this subject{hint}",
        segment=segment_id,
        nearest=likely or "",
    )


def _issue(source: Source, at: Position, reason: ErrorReason, message: str, **metadata: object) -> Issue:
    return source.error(source.offset(at.line, at.column), reason, message, **metadata)


def _place(tree: Node, segment_id: str) -> Position:
    verdicts = (node for node in walk(tree) if isinstance(node, SegmentVerdict) and node.segment == segment_id)
    return next((verdict.position for verdict in verdicts), UNPLACED)


def _reachable(compiled: Compiled, known: Compiled) -> dict[str, frozenset[str]]:
    """What each segment refers to, of those that are not as known and all that they refer to in turn."""
    waiting = [id_ for id_, entry in compiled.items() if _is_new(entry, known.get(id_))]
    references: dict[str, frozenset[str]] = {}
    while waiting:
        segment_id = waiting.pop()
        if segment_id not in references:
            references[segment_id] = compiled[segment_id].expression.segments & compiled.keys()
            waiting.extend(references[segment_id])
    return references


def _is_new(entry: CompiledSegment, known: CompiledSegment | None) -> bool:
    return known is None or known.expression is not entry.expression


def _check_cycles(compiled: Compiled, references: dict[str, frozenset[str]], failures: Failures) -> None:
    """Every segment of a cycle gets the cycle as it looks from there."""
    while cycle := _find_cycle(references):
        for start, segment_id in enumerate(cycle):
            path = (*cycle[start:], *cycle[:start], segment_id)
            failures.setdefault(segment_user(segment_id), _cycle_error(compiled[segment_id], path))
            references[segment_id] = frozenset()


def _find_cycle(references: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The segments of a cycle, each referring to the next and the last to the first; none where there is no cycle."""
    try:
        TopologicalSorter(references).prepare()
    except CycleError as error:
        # The sorter names each before those that refer to it, and the first again at the end.
        return tuple(reversed(error.args[1][:-1]))
    return ()


def _cycle_error(entry: CompiledSegment, path: tuple[str, ...]) -> SegmentCycleError:
    cycle = " -> ".join(path)
    at = _place(entry.expression.tree, path[1])
    message = f"segments refer to each other in a cycle: {cycle}"
    return SegmentCycleError(
        (_issue(Source(entry.expression.text), at, ErrorReason.SEGMENT_CYCLE, message, cycle=cycle),)
    )
