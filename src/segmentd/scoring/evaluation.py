"""An evaluation of the resident population, message by message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine.members.messages import field
from segmentd.ledger.population import Population
from segmentd.scoring.batches import ROW_LIMIT
from segmentd.scoring.errors import DataVersionError
from segmentd.scoring.memberships import Form, encode_counts, membership_parts
from segmentd.scoring.model import Basis
from segmentd.scoring.pages import Range, pages, windows
from segmentd.scoring.requests import evaluation_question
from segmentd.scoring.responses import Budget, encode_basis
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.scoring.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes of an EvaluateSegmentsResponse, and how many rows are done once it is sent."""

    response: bytes
    rows_done: int


def evaluation_pages(scoring: Scoring, request: pb.EvaluateSegmentsRequest, cancelled: Cancelled) -> Iterator[Page]:
    """Pages by row range in row order, then the totals; each is evaluated when it is asked for.

    The definitions, the population and `now` are those of the first message. Raises SegmentdError.
    """
    started = time.monotonic()
    plan = scoring.plan(evaluation_question(request))
    population = scoring.population(plan, cancelled)
    start, stop = _rows(request, population)
    resident = scoring.bind(plan, population, cancelled)
    basis: Basis | None = resident.basis
    totals = resident.nobody
    for window in windows(start, stop, len(plan.segments), plan.question.form, request.page_rows):
        verdicts = scoring.evaluate_range(resident, window, cancelled)
        totals = totals.plus(verdicts)
        for memberships, done in _pages(verdicts, plan.question.form, (request.page_rows, start), cancelled):
            yield _page(_progress(basis, (done, stop - start), started), memberships)
            basis = None
    last = _progress(basis, (stop - start, stop - start), started)
    last.totals.extend(encode_counts(totals))
    yield _page(last, [])


def _rows(request: pb.EvaluateSegmentsRequest, population: Population) -> Range:
    """The range of rows to evaluate; raises SegmentdError where it is not one of this population."""
    if request.data_version < 0:
        raise InvalidFieldError("data_version", request.data_version, "1 or more, or 0 for any")
    if request.data_version not in (0, population.data_version):
        raise DataVersionError(request.data_version, population.data_version)
    if request.page_rows > ROW_LIMIT.most:
        raise InvalidFieldError("page_rows", request.page_rows, f"1 to {ROW_LIMIT.most}, or 0")
    rows = population.batch.rows
    if request.row_start > rows:
        raise InvalidFieldError("row_start", request.row_start, f"the population has {rows} rows")
    if request.row_count > rows - request.row_start:
        raise InvalidFieldError("row_count", request.row_count, f"{rows - request.row_start} rows are left, 0: all")
    return request.row_start, request.row_start + request.row_count if request.row_count else rows


def _pages(
    verdicts: Verdicts, form: Form, at: tuple[int, int], cancelled: Cancelled
) -> Iterator[tuple[list[Any], int]]:
    """The memberships of a window's pages as parts, each with the rows done once it is sent.

    `at`: rows of a page, first row.
    """
    page_rows, first_row = at
    before = verdicts.row_start - first_row
    if not form.needs_planes:
        yield [], before + verdicts.rows
        return
    for start, stop in pages(verdicts, form, page_rows, first_row):
        yield membership_parts(verdicts.cut(start, stop), form, Budget(cancelled).spend), before + stop


def _progress(basis: Basis | None, done: tuple[int, int], started: float) -> pb.EvaluateSegmentsResponse:
    """A message with the rows done of all, and in the first one what the answer is computed from."""
    message = pb.EvaluateSegmentsResponse(basis=None if basis is None else encode_basis(basis))
    message.progress.rows_done, message.progress.rows_total = done
    message.progress.elapsed.FromMicroseconds(int((time.monotonic() - started) * 1e6))
    return message


def _page(message: pb.EvaluateSegmentsResponse, memberships: list[Any]) -> Page:
    """The message with its memberships, which are bytes already: fields may come in any order."""
    field_number = pb.EvaluateSegmentsResponse.MEMBERSHIPS_FIELD_NUMBER
    parts = field(field_number, memberships) if memberships else []
    return Page(b"".join([message.SerializeToString(), *parts]), message.progress.rows_done)
