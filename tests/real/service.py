"""The service as a bank would run it: `segmentd serve` in a process of its own, over the bank's population."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentd.cli import child
from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from tests.real.definitions import Definitions
from tests.real.population import CURRENCY, ZONE
from tests.real.subjects import written_type


@contextmanager
def serving(population: Path, directory: Path) -> Iterator[Client]:
    """A client of a server over the population; the server ends with the block, its log lies in `directory`."""
    options = ["--population", str(population), "--data-dir", str(directory / "data")]
    options += ["--currency", CURRENCY, "--time-zone", ZONE]
    with child.serving(options, directory / "server.log") as server, Client(server.target) as client:
        yield client


def define(client: Client, definitions: Definitions) -> None:
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
