"""Definitions in a YAML file: time zone, currency, attributes and segments, checked and compiled without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from segmentd.errors import SegmentdError
from segmentd.ledger.aggregates import Aggregate
from segmentd.ledger.currencies import NO_CURRENCY
from segmentd.ledger.drafts import DEFAULT_TIME_ZONE
from segmentd.ledger.editions import new_etag, utc_now
from segmentd.ledger.errors import DefinitionsBrokenError
from segmentd.ledger.fields import built_in, is_built_in
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import attribute_user
from segmentd.schema import AttributeSpec, Schema, Subject
from segmentd.segments.catalogue import Catalogue, build_catalogue
from segmentd.segments.compilation import segment_user
from segmentd.segments.declarations import DeclaredAttribute, Sheet, read_sheet
from segmentd.segments.entries import DefinitionsError, Problem
from segmentd.segments.model import Segment
from segmentd.segments.typing_order import resolve_aggregates, resolve_types, typed_items

__all__ = ["DeclaredAttribute", "Definitions", "DefinitionsError", "Problem", "load_definitions", "parse_definitions"]

MAX_FILE_BYTES: Final = 16 << 20
LEDGER_ID: Final = "main"
"""The ledger that a file's definitions are compiled in."""

NO_AGGREGATES: Final[Mapping[str, Aggregate]] = MappingProxyType({})


@dataclass(frozen=True)
class Definitions:
    """The contents of a file. `time_zone`, `currency` and `id_column` are None where the file leaves them out.

    Segments are complete but for their expressions, which `catalogue()` checks.
    """

    path: str
    time_zone: str | None
    currency: str | None
    id_column: str | None
    attributes: tuple[DeclaredAttribute, ...]
    segments: tuple[Segment, ...]
    lines: Mapping[str, int]
    """Where `segments/{id}` and `attributes/{subject}.{id}` stand."""

    def merge_inferred(
        self,
        specs: Iterable[AttributeSpec],
        subject: Subject = Subject.CUSTOMER,
        aggregates: Mapping[str, Aggregate] = NO_AGGREGATES,
    ) -> Definitions:
        """The definitions with the attributes that a population's columns suggest, or that a ledger has.

        What the file says of an attribute wins; a given one without a type takes the column's. Built-in fields are left
        out. `aggregates`: the definitions of aggregated ones by id.
        """
        inferred = {spec.id: spec for spec in specs if not is_built_in(subject, spec.id)}
        declared = tuple(_typed(attribute, inferred, subject) for attribute in self.attributes)
        known = {attribute.id for attribute in declared if attribute.subject is subject}
        lacking = [spec for spec in inferred.values() if spec.id not in known]
        added = (DeclaredAttribute.of(subject, spec, aggregates.get(spec.id)) for spec in lacking)
        return replace(self, attributes=(*added, *declared))

    def catalogue(self) -> Catalogue:
        """The compiled catalogue, of version 1. Raises DefinitionsError with all that is wrong."""
        zone = self.time_zone or DEFAULT_TIME_ZONE
        failures: dict[str, SegmentdError] = {}
        currency = self.currency or NO_CURRENCY
        fields = {subject: Schema(subject, built_in(subject, currency), zone) for subject in Subject}
        declared = resolve_aggregates(fields, self.attributes, currency, failures)
        specs = {
            subject: resolve_types(
                fields[subject], _of(declared, subject), typed_items(fields, declared, subject), failures
            )
            for subject in Subject
        }
        if failures:
            raise self._error(failures)
        now = utc_now()
        ledger = Ledger(LEDGER_ID, "", currency, zone, now, now, new_etag())
        try:
            return build_catalogue(ledger, self._attributes(declared, specs, now), self.segments)
        except DefinitionsBrokenError as error:
            raise self._error(error.failures) from error

    def _attributes(
        self,
        declared: Iterable[DeclaredAttribute],
        specs: Mapping[Subject, Mapping[str, AttributeSpec]],
        now: datetime,
    ) -> list[Attribute]:
        attributes, failures = [], {}
        for each in declared:
            spec, texts = specs[each.subject][each.id], (each.display_name, each.description)
            aggregate = None if each.aggregate is None else each.aggregate.aggregate
            try:
                attributes.append(Attribute(each.subject, spec, *texts, None, now, now, new_etag(), aggregate))
            except SegmentdError as error:
                failures[attribute_user(each.subject, each.id)] = error
        if failures:
            raise self._error(failures)
        return attributes

    def _error(self, failures: Mapping[str, SegmentdError]) -> DefinitionsError:
        return DefinitionsError(
            self.path,
            [
                Problem(self.lines.get(user, 1), user, error.message, error.reason, getattr(error, "issues", ()))
                for user, error in failures.items()
            ],
        )


def load_definitions(path: Path) -> Definitions:
    """The definitions in a file. Raises DefinitionsError, whose problems name file, line and entry."""
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise DefinitionsError.at(str(path), 1, "", f"the file has {size:,} bytes, at most {MAX_FILE_BYTES:,} are")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DefinitionsError.at(str(path), 1, "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DefinitionsError.at(str(path), line, "", "the text is not in UTF-8") from error
    return parse_definitions(text, str(path))


def parse_definitions(text: str, path: str) -> Definitions:
    """The definitions in a text; `path` is for error messages. Raises DefinitionsError."""
    sheet = read_sheet(text, path)
    return Definitions(
        path=path,
        time_zone=sheet.time_zone,
        currency=sheet.currency,
        id_column=sheet.id_column,
        attributes=sheet.attributes,
        segments=sheet.segments,
        lines=_lines(sheet),
    )


def _lines(sheet: Sheet) -> dict[str, int]:
    attributes = {
        attribute_user(a.subject, a.id): line for a, line in zip(sheet.attributes, sheet.attribute_lines, strict=True)
    }
    segments = {segment_user(s.id): line for s, line in zip(sheet.segments, sheet.segment_lines, strict=True)}
    return {**attributes, **segments}


def _of(declared: Iterable[DeclaredAttribute], subject: Subject) -> tuple[DeclaredAttribute, ...]:
    return tuple(attribute for attribute in declared if attribute.subject is subject)


def _typed(attribute: DeclaredAttribute, inferred: Mapping[str, AttributeSpec], subject: Subject) -> DeclaredAttribute:
    spec = inferred.get(attribute.id)
    if spec is None or attribute.subject is not subject or attribute.type or not attribute.is_given:
        return attribute
    return replace(attribute, type=spec.type)
