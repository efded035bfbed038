"""What `segmentd demo` does: a generated bank, a real server, its facts and segments, and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from segmentd.cli.bank import AS_OF, CURRENCY, Bank
from segmentd.cli.bank_files import LoadedBank, write_bank
from segmentd.cli.bank_loading import load, salaries
from segmentd.cli.child import serving
from segmentd.cli.timing import Steps, peak_memory_mib
from segmentd.cli.wanted import wanted_attributes, wanted_segments
from segmentd.client import BalanceReport, Client, EvaluationResult
from segmentd.client.evaluation import collect
from segmentd.schema import Subject
from segmentd.segments.definitions import Definitions, load_definitions
from segmentd.time_zones import time_zone

DEFINITIONS = Path(__file__).with_name("demo_definitions.yaml")

NEWS = 1_000
"""Transactions that are written at last, to see how soon segments follow."""

FOLLOWING = "salaried"
"""The segment that they are about."""


class DemoMismatchError(RuntimeError):
    """The balances of a segment are not the sum of what its members have."""


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A segment of the bank: how many are in it, and the exact sum of what their accounts hold."""

    id: str
    name: str
    subject: Subject
    members: int
    unknown: int
    accounts: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class News:
    """What came of the transactions written at last: seconds until they were on disk, and until the answer had them.

    `before` and `after`: members of the segment.
    """

    segment: str
    transactions: int
    written_s: float
    evaluated_s: float
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What came out, and what it took. Rates are a second; of evaluation, customers with all segments."""

    records: Mapping[str, int]
    currency: str
    as_of: datetime
    segments: tuple[SegmentLine, ...]
    seconds: Mapping[str, float]
    loaded_per_s: float
    evaluated_per_s: float
    news: News
    peak_memory_mib: Mapping[str, int | None]


def demonstrate(directory: Path, customers: int, seed: int, steps: Steps) -> Demonstration:
    """Generate the bank in a directory, serve it, load its facts, define and evaluate segments, sum up balances.

    Raises DemoMismatchError.
    """
    definitions = load_definitions(DEFINITIONS)
    (directory / "segments.yaml").write_bytes(DEFINITIONS.read_bytes())
    with steps.step("generate", f"generate a bank of {customers:,} customers") as report:
        bank = write_bank(directory, Bank(customers, seed), report)
    with ExitStack() as running:
        with steps.step("start", "start a server (the first compiles kernels)"):
            child = running.enter_context(serving([f"--data-dir={directory / 'data'}"], directory / "server.log"))
            client = running.enter_context(Client(child.target))
        with steps.step("define", "define attributes and segments"):
            define(client, definitions)
        with steps.step("load", f"load {bank.total:,} records, durably") as report:
            loaded_s = load(client, bank, report)
        moment = as_of(definitions)
        evaluated, evaluated_s = evaluate(client, moment, steps)
        with steps.step("balances", "sum up the balances of every segment"):
            lines = tuple(sum_up(client, definitions, bank, evaluated, moment))
        with steps.step("follow", f"write {NEWS:,} transactions, evaluate again"):
            news = follow(client, bank, evaluated, moment)
        memory = {"server": peak_memory_mib(child.pid), "demo": peak_memory_mib()}
    return Demonstration(
        records=bank.counts,
        currency=CURRENCY,
        as_of=moment,
        segments=lines,
        seconds=dict(steps.seconds),
        loaded_per_s=bank.total / loaded_s,
        evaluated_per_s=evaluated.rows / evaluated_s,
        news=news,
        peak_memory_mib=memory,
    )


def define(client: Client, definitions: Definitions) -> None:
    """Create ledger `main` with all attributes and segments of the file."""
    client.create_ledger("main", currency_code=CURRENCY, time_zone=definitions.time_zone or "UTC")
    client.apply_attributes(wanted_attributes(definitions, CURRENCY))
    client.apply_segments(wanted_segments(definitions))


def as_of(definitions: Definitions) -> datetime:
    """The last second of the day on which the bank was counted, in its time zone."""
    return datetime.combine(AS_OF, time(23, 59, 59), time_zone(definitions.time_zone or "UTC"))


def evaluate(client: Client, now: datetime, steps: Steps) -> tuple[EvaluationResult, float]:
    """Evaluate all segments of customers; the seconds of the second time, as the caller waits them."""
    with steps.step("compute", "compute what is aggregated, evaluate all segments"):
        client.evaluate(now=now)
    with steps.step("evaluate", "evaluate all segments again") as report:
        started = perf_counter()
        pages = []
        for page in client.evaluate_pages(form="planes", now=now):
            pages.append(page)
            report(page.rows_done, page.rows_total)
        return collect(pages), perf_counter() - started


def sum_up(
    client: Client, definitions: Definitions, bank: LoadedBank, evaluated: EvaluationResult, now: datetime
) -> Iterator[SegmentLine]:
    """The segments as the file orders them, with what their accounts hold; checked against the generated balances."""
    counts = dict(evaluated.counts)
    accounts = client.evaluate(subject=Subject.ACCOUNT, now=now)
    counts.update(accounts.counts)
    report = client.aggregate_balances(by=["segment"], as_of=now)
    for segment in definitions.segments:
        if segment.id not in counts:
            continue
        group = report.group(segment.id)
        if segment.subject is Subject.CUSTOMER:
            check(segment.id, bank, evaluated, report)
        yield SegmentLine(
            id=segment.id,
            name=segment.display_name,
            subject=segment.subject,
            members=counts[segment.id].members,
            unknown=counts[segment.id].unknown,
            accounts=group.count,
            balance=report.amount(group.sum or 0),
        )


def check(segment: str, bank: LoadedBank, evaluated: EvaluationResult, report: BalanceReport) -> None:
    """Raise DemoMismatchError unless the segment's accounts hold what those of its members were generated with."""
    group, held = report.group(segment), bank.held_by(evaluated.members(segment))
    if (group.count, group.sum) != held:
        raise DemoMismatchError(f"{segment}: accounts and cents are {(group.count, group.sum)}, generated were {held}")


def follow(client: Client, bank: LoadedBank, evaluated: EvaluationResult, now: datetime) -> News:
    """Pay salaries to people who had none, and evaluate the segment that they come to."""
    before = evaluated.counts[FOLLOWING].members
    paid = salaries(bank, evaluated.members(FOLLOWING), NEWS)
    started = perf_counter()
    client.write_records("transaction", paid, batch_id="salaries")
    written = perf_counter()
    after = client.evaluate(segments=[FOLLOWING], now=now).counts[FOLLOWING].members
    return News(FOLLOWING, paid.num_rows, written - started, perf_counter() - written, before, after)
