"""The composition root: a server from its configuration, started, serving, drained."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from segmentd.api.surroundings import Surroundings
from segmentd.api.v1 import (
    attribute_service_pb2,
    ledger_service_pb2,
    scoring_service_pb2,
    segment_service_pb2,
    snapshot_service_pb2,
)
from segmentd.engine import Engine, warm
from segmentd.facts.erasure.servicer import ErasureServicer
from segmentd.facts.imports.servicer import ImportServicer
from segmentd.facts.residents.subjects import ResidentSubjects
from segmentd.facts.rules.categorization import Categorizer
from segmentd.facts.rules.servicer import RulesServicer
from segmentd.facts.status.service import LedgerStatuses
from segmentd.facts.status.servicer import StatusServicer
from segmentd.facts.verification.service import Verification
from segmentd.facts.verification.servicer import VerificationServicer
from segmentd.facts.writing.servicer import RecordServicer
from segmentd.ledger.population import Populations
from segmentd.ledger.servicer import AttributeServicer, LedgerServicer
from segmentd.scoring.balances.service import BalanceReports
from segmentd.scoring.balances.servicer import BalancesServicer
from segmentd.scoring.recoding import Recoder
from segmentd.scoring.service import Scoring
from segmentd.scoring.servicer import ScoringServicer
from segmentd.scoring.snapshots.service import Snapshots
from segmentd.scoring.snapshots.servicer import SnapshotServicer
from segmentd.scoring.snapshots.store import SnapshotFiles
from segmentd.scoring.workers import Workers
from segmentd.segments.servicer import SegmentServicer
from segmentd.server.allocator import keep_freed_memory
from segmentd.server.books import books_of, retention_of
from segmentd.server.calls import Gate, explain, note_rows
from segmentd.server.config import ServerConfig
from segmentd.server.definitions import Definitions
from segmentd.server.departures import ignore_departures
from segmentd.server.erasures import erasures_of
from segmentd.server.errors import StartAbandonedError
from segmentd.server.handlers import generic_handler
from segmentd.server.imports import imports_of
from segmentd.server.late_residents import LateResidents
from segmentd.server.logs import log_event, write_logs
from segmentd.server.off_loop import OffLoop
from segmentd.server.recodings import tell_recoded, tell_recoding_failed
from segmentd.server.residents import prepare_main
from segmentd.server.transport import Transport

SERVICES: Final[tuple[ServiceDescriptor, ...]] = tuple(
    service
    for module in (
        ledger_service_pb2,
        attribute_service_pb2,
        segment_service_pb2,
        scoring_service_pb2,
        snapshot_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)
"""Every service of the API."""


class Server:
    """A segmentd service. Starting it takes the data directory, stopping it gives it back."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.port = 0
        self._gate = Gate(config.max_request_bytes, config.max_calls)
        self._opened = AsyncExitStack()
        self._abandoned = threading.Event()
        self._grace_s = 0.0

    async def start(self) -> None:
        """Return when the server serves; health can be asked as soon as it listens.

        Raises SegmentdError where the data directory or the files are at fault, OSError where the address is, and
        StartAbandonedError.
        """
        async with AsyncExitStack() as opened:
            await self._open(opened)
            self.port = await self._transport.start()
            await asyncio.to_thread(self._prepare)
            self._gate.state = "serving"
            await self._transport.say_serving(serving=True)
            self._opened = opened.pop_all()
        log_event("serving", host=self.config.host, port=self.port, tls=self.config.tls is not None)

    def abandon(self) -> None:
        """Have a start that still goes on end before its next step, with a StartAbandonedError."""
        self._abandoned.set()

    async def stop(self, grace_s: float | None = None) -> None:
        """Take no more calls, let those that run finish within the grace (None: as configured), close everything.

        What cannot be closed does not keep the rest open; its failure is raised after that.
        """
        self._grace_s = self.config.drain_s if grace_s is None else grace_s
        try:
            await self._opened.aclose()
        finally:
            log_event("stopped")

    async def _open(self, opened: AsyncExitStack) -> None:
        """Make the parts; `opened` closes those that were made, the last one first."""
        self._populations = Populations()
        residents = LateResidents(self._populations)
        self._definitions = await asyncio.to_thread(Definitions, self.config.data_dir, residents)
        opened.push_async_callback(asyncio.to_thread, self._definitions.close)
        self._books = await asyncio.to_thread(books_of, self.config, self._definitions.catalogues)
        opened.push_async_callback(asyncio.to_thread, self._books.close)
        self._engine = Engine(self.config.threads)
        opened.push_async_callback(asyncio.to_thread, self._engine.close)
        catalogues = self._definitions.catalogues
        self._residents = ResidentSubjects(self._populations, self._books, catalogues, self._engine)
        residents.become(self._residents)
        self._recoder = Recoder(self._engine, tell_recoded, tell_recoding_failed)
        opened.push_async_callback(asyncio.to_thread, self._recoder.close)
        self._workers = Workers(self.config.threads, self.config.max_waiting)
        opened.push_async_callback(asyncio.to_thread, self._workers.close)
        self._categories = Categorizer(self._engine, self._definitions.rules, limit_s=self.config.rules_s)
        self._imports = imports_of(self.config, self._definitions, self._books, self._categories, self._engine)
        self._scoring = Scoring(self._engine, catalogues, self._residents, recoder=self._recoder)
        self._snapshots = Snapshots(SnapshotFiles(self.config.data_dir), self._scoring)
        self._erasures = erasures_of(self._books, self._snapshots, self._imports)
        self._retention = retention_of(self.config, self._books, self._erasures)
        self._transport = Transport(self.config, [service.full_name for service in SERVICES])
        opened.push_async_callback(self._stop_serving)
        self._add_handlers()

    async def _stop_serving(self) -> None:
        self._gate.stop()
        await asyncio.to_thread(self._imports.close)
        await asyncio.to_thread(self._retention.close)
        await asyncio.to_thread(self._erasures.close)
        await self._transport.stop(self._grace_s)

    def _prepare(self) -> None:
        """What takes its time before the server can serve: kernels, facts and population."""
        report = warm()
        log_event("kernels", compiled=report.compiled, seconds=round(report.seconds, 3))
        self._go_on()
        self._books.open()
        self._go_on()
        prepare_main(self.config, self._definitions, self._populations, self._go_on)
        self._imports.start()
        self._erasures.start()
        self._retention.start()

    def _go_on(self) -> None:
        if self._abandoned.is_set():
            raise StartAbandonedError

    def _add_handlers(self) -> None:
        definitions, writer = self._definitions, self._definitions.writer
        scoring = self._scoring
        surroundings = Surroundings(explain, self._gate.check_size, note_rows)
        servicers: dict[str, tuple[object, ...]] = {
            "LedgerService": (
                LedgerServicer(definitions.ledgers, writer, self._residents),
                RulesServicer(definitions.rules, writer),
                RecordServicer(
                    self._books.ingestion,
                    definitions.catalogues,
                    self._categories,
                    OffLoop(self._workers),
                    surroundings,
                ),
                ImportServicer(self._imports),
                VerificationServicer(
                    Verification(
                        self._engine, self._books.journal, definitions.catalogues, self._books, self._residents
                    ),
                    OffLoop(self._workers),
                ),
                StatusServicer(
                    LedgerStatuses(self.config.data_dir, self._books.journal, definitions.catalogues, self._books),
                    OffLoop(self._workers),
                ),
                ErasureServicer(self._erasures, definitions.catalogues, self._books.view),
            ),
            "AttributeService": (AttributeServicer(definitions.attributes, writer),),
            "SegmentService": (SegmentServicer(definitions.segments, writer),),
            "ScoringService": (
                ScoringServicer(scoring, self._workers, surroundings),
                BalancesServicer(BalanceReports(scoring, self._engine, self._residents), self._workers, note_rows),
            ),
            "SnapshotService": (SnapshotServicer(self._snapshots, self._workers),),
        }
        most_called_first = sorted(SERVICES, key=lambda service: service.name != "ScoringService")
        self._transport.server.add_generic_rpc_handlers(
            tuple(generic_handler(service, servicers[service.name], self._gate) for service in most_called_first)
        )


def run(config: ServerConfig, *, when_serving: Callable[[Server], None] = lambda _: None) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the process at once. Logs JSON to stderr."""
    write_logs()
    ignore_departures()
    keep_freed_memory()
    asyncio.run(_serve(config, when_serving))


async def _serve(config: ServerConfig, when_serving: Callable[[Server], None]) -> None:
    loop, told_to_stop, server = asyncio.get_running_loop(), asyncio.Event(), Server(config)

    def stop() -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
        server.abandon()
        told_to_stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    try:
        await server.start()
    except StartAbandonedError:
        log_event("stopped")
        return
    _freeze()
    when_serving(server)
    await told_to_stop.wait()
    log_event("draining", grace_s=config.drain_s)
    await server.stop()


def _freeze() -> None:
    """Have the garbage collector leave alone what the start has made: modules, kernels, customers.

    A full collection looked at all of it, and took 150 ms of the answer that happened to cause it.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def running_server(config: ServerConfig) -> Iterator[Server]:
    """A server on an event loop of its own thread, serving while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="segmentd-server", daemon=True)
    thread.start()
    try:
        server = Server(config)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
