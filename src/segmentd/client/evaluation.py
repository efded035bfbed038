"""Evaluation over the resident population: pages by row range, then the totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.client.call import Scope, Stream
from segmentd.client.membership import Count, Form, Memberships, read_counts, read_memberships
from segmentd.client.moments import to_seconds, to_timestamp
from segmentd.client.scores import Basis, read_basis
from segmentd.client.values import encode_subject
from segmentd.client.verdicts import WANTED, Bools, FormError, Rows, bitmap_of
from segmentd.schema import Subject

if TYPE_CHECKING:
    from pyroaring import BitMap


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """One message of an evaluation. `basis` comes with the first, `totals` with the last.

    `memberships` is None in the last page and, in the form counts, in all.
    """

    form: Form

    rows_done: int
    rows_total: int
    elapsed_s: float
    basis: Basis | None
    memberships: Memberships | None
    totals: Mapping[str, Count] | None


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """A whole evaluation: the counts over all rows, and the pages in row order (none in the form counts).

    Each way of reading works with the forms that hold what it needs and raises FormError with the others.
    A segment that was not asked for is a KeyError.
    """

    form: Form
    basis: Basis
    rows: int
    elapsed_s: float
    counts: Mapping[str, Count]
    pages: tuple[Memberships, ...]

    def members(self, segment: str) -> Bools:
        """True for each evaluated row that is in the segment. Forms planes, bitmaps and lists."""
        pages = self._pages(segment, "row")
        return np.concatenate([np.empty(0, np.bool_), *(page.members(segment) for page in pages)])

    def unknown(self, segment: str) -> Bools:
        """True for each evaluated row for which it is unknown. Forms as for `members`."""
        pages = self._pages(segment, "row")
        return np.concatenate([np.empty(0, np.bool_), *(page.unknown(segment) for page in pages)])

    def member_rows(self, segment: str) -> Rows:
        """Row numbers of the members in the data version, ascending. Forms as for `members`."""
        pages = self._pages(segment, "row")
        return np.concatenate([np.empty(0, np.int64), *(page.member_rows(segment) for page in pages)])

    def unknown_rows(self, segment: str) -> Rows:
        """Row numbers of those for whom it is unknown, ascending. Forms as for `members`."""
        pages = self._pages(segment, "row")
        return np.concatenate([np.empty(0, np.int64), *(page.unknown_rows(segment) for page in pages)])

    def member_ids(self, segment: str) -> list[str]:
        """Ids of the members, in row order. Forms ids, arrow and lists."""
        return [customer for page in self._pages(segment, "id") for customer in page.member_ids(segment)]

    def unknown_ids(self, segment: str) -> list[str]:
        """Ids of those for whom it is unknown. Forms as for `member_ids`."""
        return [customer for page in self._pages(segment, "id") for customer in page.unknown_ids(segment)]

    def member_id_array(self, segment: str) -> Any:
        """The members' ids as a `pyarrow.ChunkedArray`, a chunk a page; the form arrow makes no Python object of an id.

        Forms as for `member_ids`.
        """
        from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

        return tables.chunked_texts([page.member_id_array(segment) for page in self._pages(segment, "id")])

    def member_bitmap(self, segment: str) -> BitMap:
        """The members' row numbers as a Roaring bitmap. Forms as for `members`."""
        return bitmap_of(self.member_rows(segment))

    def to_arrow(self) -> Any:
        """All pages as one `pyarrow.Table`, see `Memberships.to_arrow`; in the form counts, the totals."""
        from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

        if not self.pages:
            return tables.counts_table(self.counts.items())
        return tables.concatenate([page.to_arrow() for page in self.pages])

    def _pages(self, segment: str, wanted: Literal["row", "id"]) -> tuple[Memberships, ...]:
        """The pages to read a segment from, of which each says whether it holds what is wanted."""
        if segment not in self.counts:
            raise KeyError(f"segment {segment!r} was not asked for; there are {', '.join(self.counts)}")
        if self.form is Form.COUNTS:
            raise FormError(*WANTED[wanted])
        return self.pages


def evaluate_pages(  # noqa: PLR0913 - an option each field of the request
    scope: Scope,
    *,
    segments: Sequence[str] = (),
    subject: Subject = Subject.CUSTOMER,
    form: Form | str = Form.COUNTS,
    now: datetime | None = None,
    rows: range | None = None,
    page_rows: int = 0,
    data_version: int = 0,
) -> Stream[EvaluationPage]:
    """Evaluate segments over the resident customers or accounts, page by page as they arrive.

    No `segments`: all active ones of the subject. `rows` is a range of row numbers with step 1, None for all;
    `page_rows` a limit for the pages' size; `data_version`, if not 0, the one that must be current.
    """
    request = pb.EvaluateSegmentsRequest(
        parent=scope.parent,
        segments=segments,
        subject=encode_subject(subject),
        form=Form(form).to_message(),
        now=to_timestamp(now),
        row_start=rows.start if rows else 0,
        row_count=len(rows) if rows else 0,
        page_rows=page_rows,
        data_version=data_version,
    )
    read = partial(read_page, form=Form(form))
    return Stream("ScoringService/EvaluateSegments", request, pb.EvaluateSegmentsResponse, read)


COLLECTED_DOC = """Evaluate segments over the resident population and return all pages as one EvaluationResult.

Takes what `evaluate_pages` takes.
"""


def read_page(response: pb.EvaluateSegmentsResponse, form: Form) -> EvaluationPage:
    """One page of an evaluation that was asked for in `form`."""
    has_basis, has_page = response.HasField("basis"), response.HasField("memberships")
    return EvaluationPage(
        form=form,
        rows_done=response.progress.rows_done,
        rows_total=response.progress.rows_total,
        elapsed_s=to_seconds(response.progress.elapsed),
        basis=read_basis(response.basis) if has_basis else None,
        memberships=read_memberships(response.memberships, form) if has_page else None,
        totals=read_counts(response.totals) if response.totals else None,
    )


def collect(pages: Sequence[EvaluationPage]) -> EvaluationResult:
    """All pages of an evaluation as one result. Raises ValueError if they are not all there."""
    if not pages or pages[0].basis is None:
        raise ValueError("an evaluation ends with its totals, but there were none; does the server end streams early?")
    first, last = pages[0], pages[-1]
    memberships = tuple(page.memberships for page in pages if page.memberships is not None)
    return EvaluationResult(first.form, pages[0].basis, last.rows_done, last.elapsed_s, last.totals or {}, memberships)
