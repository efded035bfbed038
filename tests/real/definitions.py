"""The segments and computed attributes of the real bank, each with its sentence, its expression and its SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.real.population import CURRENCY, ZONE

_DIRECTORY: Final = Path(__file__).parent / "segments"
_READ: Final = re.compile(r"customer\.(\w+)")
_REFERENCE: Final = re.compile(r'"(\w+)" in customer\.segments')

AMOUNT: Final = f"DECIMAL(2, {CURRENCY})"
"""The type of an amount, as a definitions file writes it."""

NOBODY: Final = "false"
"""The SQL condition of a segment that is decided for everybody."""


@dataclass(frozen=True, slots=True)
class RealSegment:
    """A segment: what it means to people, to segmentd, and to a SQL database.

    `sql_members` and `sql_unknown` are conditions on a row of the table `customers`.
    """

    id: str
    sentence: str
    expression: str
    sql_members: str
    sql_unknown: str = NOBODY


@dataclass(frozen=True, slots=True)
class RealAttribute:
    """A computed attribute. `sql_value` is null where the value is missing or unknown, `sql_unknown` says which.

    `type` is written as in a definitions file: `DECIMAL(2, CZK)`.
    """

    id: str
    type: str
    sentence: str
    expression: str
    sql_value: str
    sql_unknown: str = NOBODY


@dataclass(frozen=True, slots=True)
class Definitions:
    """All of them by id, in the order of their ids; `amounts` are the given attributes that count koruna."""

    amounts: tuple[str, ...]
    attributes: Mapping[str, RealAttribute]
    segments: Mapping[str, RealSegment]

    def given_attributes(self, expression: str) -> frozenset[str]:
        """The attributes of the population that an expression reads, by itself or through what it refers to."""
        found: set[str] = set()
        for name in set(_READ.findall(expression)) - {"segments"}:
            computed = self.attributes.get(name)
            found |= self.given_attributes(computed.expression) if computed else {name}
        for name in _REFERENCE.findall(expression):
            found |= self.given_attributes(self.segments[name].expression)
        return frozenset(found)


def read_definitions() -> Definitions:
    """Read the files of the directory `segments`."""
    attributes = [RealAttribute(**entry) for entry in _entries("attributes")]
    segments = [RealSegment(**entry) for entry in _entries("segments")]
    return Definitions(
        tuple(_entries("amounts")),
        {attribute.id: attribute for attribute in sorted(attributes, key=lambda attribute: attribute.id)},
        {segment.id: segment for segment in sorted(segments, key=lambda segment: segment.id)},
    )


def write_definitions(definitions: Definitions, target: Path) -> None:
    """Write the file that `segmentd evaluate --segments` reads: sentences become descriptions, the SQL stays out."""
    content = {
        "time_zone": ZONE,
        "currency": CURRENCY,
        "id_column": "customer_id",
        "attributes": [
            *({"id": amount, "type": AMOUNT} for amount in definitions.amounts),
            *(_entry(attribute) | {"type": attribute.type} for attribute in definitions.attributes.values()),
        ],
        "segments": [_entry(segment) for segment in definitions.segments.values()],
    }
    target.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")


def _entry(described: RealSegment | RealAttribute) -> dict[str, str]:
    return {"id": described.id, "description": described.sentence, "expression": described.expression}


def _entries(section: str) -> list[Any]:
    contents = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(_DIRECTORY.glob("*.yaml")))
    return [entry for content in contents for entry in content.get(section, ())]
