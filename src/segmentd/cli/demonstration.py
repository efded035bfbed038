"""What `segmentd demo` does: a generated bank, a real server, its segments, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from segmentd.cli.bank import AS_OF, CURRENCY, SCHEMA, Bank
from segmentd.cli.child import serving
from segmentd.cli.progress import Report
from segmentd.cli.timing import Steps, peak_memory_mib
from segmentd.cli.wanted import wanted_attributes, wanted_segments
from segmentd.client import Client, EvaluationResult, SegmentdCallError
from segmentd.client.evaluation import collect
from segmentd.segments.definitions import Definitions, load_definitions
from segmentd.time_zones import time_zone

DEFINITIONS = Path(__file__).with_name("demo_definitions.yaml")

BATCH_ROWS = 65_536
"""Customers a message of the stream."""

CENTS = 2
"""Digits of the balance after the point."""


class DemoMismatchError(RuntimeError):
    """The same segments over the same customers were counted differently in two ways."""


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A segment of the bank: how many are in it, and the exact sum of their balances."""

    id: str
    name: str
    members: int
    unknown: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What came out, and what it took. Rates are customers a second, each with all segments."""

    customers: int
    currency: str
    as_of: datetime
    segments: tuple[SegmentLine, ...]
    seconds: Mapping[str, float]
    evaluated_per_s: float
    scored_per_s: float
    peak_memory_mib: Mapping[str, int | None]


def demonstrate(directory: Path, customers: int, seed: int, steps: Steps) -> Demonstration:
    """Generate the bank in a directory, serve it, define its segments, evaluate it and score it."""
    definitions = load_definitions(DEFINITIONS)
    (directory / "segments.yaml").write_bytes(DEFINITIONS.read_bytes())
    population = directory / "bank.parquet"
    with steps.step("generate", f"generate {customers:,} customers") as report:
        balances = write_bank(population, Bank(customers, seed), report)
    with ExitStack() as running:
        with steps.step("start", "start a server (the first compiles kernels)"):
            child = running.enter_context(serving(server_options(directory, definitions), directory / "server.log"))
            client = running.enter_context(Client(child.target))
        with steps.step("define", "define the segments"):
            client.apply_attributes(wanted_attributes(definitions, CURRENCY))
            client.apply_segments(wanted_segments(definitions))
        evaluated, evaluated_s = evaluate(client, as_of(definitions), steps)
        scored_s = score(client, population, definitions, evaluated, steps)
        memory = {"server": peak_memory_mib(child.pid), "demo": peak_memory_mib()}
    return Demonstration(
        customers=evaluated.rows,
        currency=CURRENCY,
        as_of=evaluated.basis.now.astimezone(as_of(definitions).tzinfo),
        segments=tuple(lines(definitions, evaluated, balances)),
        seconds=dict(steps.seconds),
        evaluated_per_s=evaluated.rows / evaluated_s,
        scored_per_s=evaluated.rows / scored_s,
        peak_memory_mib=memory,
    )


def write_bank(path: Path, bank: Bank, report: Report) -> npt.NDArray[np.int64]:
    """Write the bank as Parquet, a row group at a time; returns the balances in cents, a row each."""
    cents, done = [], 0
    with pa.parquet.ParquetWriter(path, SCHEMA) as file:
        for batch in bank.batches():
            file.write_batch(batch)
            cents.append(cents_of(batch.column("balance")))
            done += batch.num_rows
            report(done, bank.customers)
    return np.concatenate(cents)


def cents_of(amounts: pa.Array) -> npt.NDArray[np.int64]:
    """Decimals of two digits below 2^63 cents as whole cents, 0 where there is none."""
    low_words = np.frombuffer(amounts.buffers()[1], np.int64).reshape(-1, 2)[amounts.offset :, 0]
    missing = amounts.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, 0, low_words[: len(amounts)])


def as_of(definitions: Definitions) -> datetime:
    """The last second of the day on which the bank was counted, in its time zone."""
    return datetime.combine(AS_OF, time(23, 59, 59), time_zone(definitions.time_zone or "UTC"))


def server_options(directory: Path, definitions: Definitions) -> list[str]:
    """How the bank is served."""
    return [
        f"--population={directory / 'bank.parquet'}",
        f"--data-dir={directory / 'data'}",
        f"--currency={CURRENCY}",
        f"--time-zone={definitions.time_zone or 'UTC'}",
    ]


def evaluate(client: Client, now: datetime, steps: Steps) -> tuple[EvaluationResult, float]:
    """Evaluate all segments over the resident customers; the seconds too, as the caller waits them."""
    with steps.step("evaluate", "evaluate all segments") as report:
        started = perf_counter()
        pages = []
        for page in client.evaluate_pages(form="planes", now=now):
            pages.append(page)
            report(page.rows_done, page.rows_total)
        return collect(pages), perf_counter() - started


def score(
    client: Client, population: Path, definitions: Definitions, evaluated: EvaluationResult, steps: Steps
) -> float:
    """Send the same customers as feature batches on a stream; the seconds. Raises DemoMismatchError."""
    members: Counter[str] = Counter()
    done = 0
    with steps.step("score", "score them as feature batches") as report:
        started = perf_counter()
        batches = pa.parquet.ParquetFile(population).iter_batches(BATCH_ROWS)
        id_column, now = definitions.id_column or "customer_id", evaluated.basis.now
        for answer in client.stream_scores(batches, form="counts", now=now, id_column=id_column):
            if isinstance(answer, SegmentdCallError):
                raise answer
            members.update({segment: count.members for segment, count in answer.counts.items()})
            done += answer.memberships.row_count
            report(done, evaluated.rows)
        seconds = perf_counter() - started
    if members != Counter({segment: count.members for segment, count in evaluated.counts.items()}):
        raise DemoMismatchError("the resident customers and the feature batches were counted differently")
    return seconds


def lines(
    definitions: Definitions, evaluated: EvaluationResult, balances: npt.NDArray[np.int64]
) -> Iterator[SegmentLine]:
    """The segments as the file orders them. `balances` is in cents, a row each."""
    for segment in definitions.segments:
        if segment.id not in evaluated.counts:
            continue
        count = evaluated.counts[segment.id]
        cents = int(balances[evaluated.members(segment.id)].sum())
        yield SegmentLine(segment.id, segment.display_name, count.members, count.unknown, Decimal(cents).scaleb(-CENTS))
