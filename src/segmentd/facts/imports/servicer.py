"""The methods of LedgerService that import files: decode, call, encode; nothing here waits on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import grpc

from segmentd.api.errors import InvalidPageTokenError
from segmentd.api.names import LEDGER_ID, parse_import_job_name, parse_ledger_name, parse_new_id
from segmentd.api.paging import PAGE_BYTES, cut_page, next_page_token, page_limit, page_token, parse_page_token
from segmentd.api.v1 import import_job_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.facts.imports.errors import ImportsStoppingError
from segmentd.facts.imports.messages import decode_wanted, encode_job, encode_reject
from segmentd.facts.imports.service import ImportService

CHECKS: Final = 2
"""New jobs whose files are looked for at a time: a slow bucket must not take all threads of other calls."""

Context = grpc.aio.ServicerContext[bytes, object]


class ImportServicer:
    """The methods of LedgerService about import jobs. Raises SegmentdError."""

    def __init__(self, service: ImportService) -> None:
        self._service = service
        self._checks = asyncio.Semaphore(CHECKS)

    async def ImportRecords(self, request: bytes, _context: Context) -> pb.ImportJob:
        """Make a job."""
        async with self._checks:
            return await asyncio.to_thread(self._create, request)

    async def GetImportJob(self, request: bytes, _context: Context) -> pb.ImportJob:
        """Return a job."""
        name = parse_import_job_name(parse_request(pb.GetImportJobRequest, request).name, "name")
        return encode_job(await asyncio.to_thread(self._service.get, name.ledger, name.job))

    async def ListImportJobs(self, request: bytes, _context: Context) -> pb.ListImportJobsResponse:
        """Return a page of a ledger's jobs."""
        return await asyncio.to_thread(self._list, request)

    async def CancelImportJob(self, request: bytes, _context: Context) -> pb.ImportJob:
        """Have a job end."""
        name = parse_import_job_name(parse_request(pb.CancelImportJobRequest, request).name, "name")
        return encode_job(await asyncio.to_thread(self._service.cancel, name.ledger, name.job))

    async def ListImportRejects(self, request: bytes, _context: Context) -> pb.ListImportRejectsResponse:
        """Return a page of the rows that a job rejected."""
        return await asyncio.to_thread(self._rejects, request)

    async def WatchImportJob(self, request: bytes, _context: Context) -> AsyncGenerator[pb.ImportJob, None]:
        """Yield a job now, and whenever it has moved on, until it has ended."""
        name = parse_import_job_name(parse_request(pb.WatchImportJobRequest, request).name, "name")
        loop, moved = asyncio.get_running_loop(), asyncio.Event()
        with self._service.watching((name.ledger, name.job), lambda: loop.call_soon_threadsafe(moved.set)):
            while True:
                moved.clear()
                job = await asyncio.to_thread(self._service.get, name.ledger, name.job)
                yield encode_job(job)
                if job.state.is_final:
                    return
                if self._service.is_closing:
                    raise ImportsStoppingError
                await moved.wait()

    def _create(self, request: bytes) -> pb.ImportJob:
        message = parse_request(pb.ImportRecordsRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        job_id = message.import_job_id and parse_new_id(message.import_job_id, "import_job_id", LEDGER_ID)
        return encode_job(self._service.create(ledger_id, job_id, decode_wanted(message)))

    def _list(self, request: bytes) -> pb.ListImportJobsResponse:
        message = parse_request(pb.ListImportJobsRequest, request)
        limit = page_limit(message.page_size)
        ledger_id = parse_ledger_name(message.parent, "parent")
        arguments = ("importJobs", ledger_id)
        jobs = self._service.list_after(ledger_id, parse_page_token(message.page_token, *arguments), limit + 1)
        page = cut_page(jobs, limit, encode_job)
        token = next_page_token([job.id for job in jobs], len(page), *arguments)
        return pb.ListImportJobsResponse(import_jobs=page, next_page_token=token)

    def _rejects(self, request: bytes) -> pb.ListImportRejectsResponse:
        message = parse_request(pb.ListImportRejectsRequest, request)
        limit = page_limit(message.page_size)
        name = parse_import_job_name(message.parent, "parent")
        arguments = ("importRejects", name.ledger, name.job)
        start = _byte(parse_page_token(message.page_token, *arguments))
        start_of_page, response = start, pb.ListImportRejectsResponse()
        for reject, after in self._service.rejects(name.ledger, name.job, start):
            if len(response.rejects) == limit or after - start_of_page > PAGE_BYTES:
                response.next_page_token = page_token(str(start), *arguments)
                break
            response.rejects.append(encode_reject(reject))
            start = after
        return response


def _byte(text: str) -> int:
    if text and not text.isdecimal():
        raise InvalidPageTokenError
    return int(text or 0)
