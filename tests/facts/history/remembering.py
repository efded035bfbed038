"""A naive memory: every record with all that it ever was, for those that are still there."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from segmentd.facts.kinds import RecordKind
from tests.facts.book.comparing import Records
from tests.facts.book.model import Record

KINDS = (RecordKind.CUSTOMER, RecordKind.ACCOUNT)


@dataclass
class Memory:
    """By kind and id, what a record was since which moment, the first first."""

    versions: dict[RecordKind, dict[str, list[tuple[int, Record]]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )

    def note(self, moment_us: int, records: Records) -> None:
        """The records as they are from a moment on. Those that are gone are forgotten, wherever they are named."""
        gone = self.versions[RecordKind.CUSTOMER].keys() - records[RecordKind.CUSTOMER].keys()
        for kind in KINDS:
            known = self.versions[kind]
            for id_ in known.keys() - records[kind].keys():
                del known[id_]
            for versions in known.values():
                for _, record in versions:
                    disown(record, gone)
            for id_, record in records[kind].items():
                if id_ not in known or plain(known[id_][-1][1]) != plain(record):
                    known.setdefault(id_, []).append((moment_us, copy.deepcopy(record)))

    def at(self, moment_us: int, records: Records) -> Records:
        """The records, with what customers and accounts were at a moment: at first, where that is later."""
        then = {kind: {id_: self._at(kind, id_, moment_us) for id_ in records[kind]} for kind in KINDS}
        return {**records, **then}

    def _at(self, kind: RecordKind, id_: str, moment_us: int) -> Record:
        versions = self.versions[kind][id_]
        return next((record for since, record in reversed(versions) if since <= moment_us), versions[0][1])

    def moments(self) -> list[int]:
        """When anything became what it was."""
        return sorted({since for kind in KINDS for known in self.versions[kind].values() for since, _ in known})


def plain(record: Record) -> Record:
    """The record without its place in the order of arrival, and without empty lists."""
    return {name: value for name, value in record.items() if name != "#arrival" and value not in (None, [])}


def disown(record: Record, gone: set[str]) -> None:
    """Take customers out of an account's owners."""
    if gone & set(record.get("owners", [])):
        pairs = zip(record["owners"], record["owner_roles"], strict=True)
        left = [pair for pair in pairs if pair[0] not in gone]
        record["owners"], record["owner_roles"] = ([pair[part] for pair in left] for part in (0, 1))
