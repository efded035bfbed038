"""The service as a bank would run it: `segmentd serve` in a process of its own, over the bank's population."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentd.cli import child
from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from tests.real.definitions import AMOUNT, Definitions
from tests.real.population import CURRENCY, ZONE
from tests.real.subjects import written_type


@contextmanager
def serving(population: Path, definitions: Definitions, directory: Path) -> Iterator[Client]:
    """A client of a server over the population that has all definitions; the server ends with the block.

    The ledger learns first which attributes are amounts of its currency, from a server that has no customers yet.
    """
    with _running(directory) as client:
        client.create_ledger("main", currency_code=CURRENCY, time_zone=ZONE)
        client.apply_attributes(
            {f"customer.{amount}": AttributeDefinition(written_type(AMOUNT)) for amount in definitions.amounts}
        )
    with _running(directory, "--population", str(population)) as client:
        _define(client, definitions)
        yield client


@contextmanager
def _running(directory: Path, *options: str) -> Iterator[Client]:
    """A client of a server that keeps its definitions and its log in `directory`."""
    kept = ["--data-dir", str(directory / "data")]
    with child.serving([*kept, *options], directory / "server.log") as server, Client(server.target) as client:
        yield client


def _define(client: Client, definitions: Definitions) -> None:
    """Create the computed attributes and the segments in ledger `main`."""
    client.apply_attributes(
        {
            f"customer.{attribute.id}": AttributeDefinition(
                written_type(attribute.type), expression=attribute.expression, description=attribute.sentence
            )
            for attribute in definitions.attributes.values()
        }
    )
    client.apply_segments(
        {
            segment.id: SegmentDefinition(segment.expression, description=segment.sentence)
            for segment in definitions.segments.values()
        }
    )
