"""What Score, StreamScores and EvaluateSegments answer, over gRPC, against sets worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from pyroaring import BitMap

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from segmentd.scoring.pages import PAGE_BYTES
from segmentd.scoring.responses import MAX_RESPONSE_BYTES
from tests.server.api import Api
from tests.server.bank import CUSTOMERS, MAIN, SEGMENTS, score_request

FORMS = memberships.MembershipForm
MEMBERS: dict[str, set[int]] = {
    "premium": {row for row in range(3_000, CUSTOMERS) if row % 7},
    "adult": {row for row in range(CUSTOMERS) if row % 10 and row % 90 >= 18},
    "brno": set(range(0, CUSTOMERS, 3)),
}
UNKNOWNS: dict[str, set[int]] = {
    "premium": set(range(0, CUSTOMERS, 7)),
    "adult": set(range(0, CUSTOMERS, 10)),
    "brno": set(),
}
MEMBERS["premium-adult"] = MEMBERS["premium"] & MEMBERS["adult"]
UNKNOWNS["premium-adult"] = {
    row
    for row in UNKNOWNS["premium"] | UNKNOWNS["adult"]
    if all(row in MEMBERS[each] | UNKNOWNS[each] for each in ("premium", "adult"))
}
ORDER = sorted(SEGMENTS)


def evaluate(api: Api, form: int, **fields: Any) -> list[scoring.EvaluateSegmentsResponse]:
    """All messages of an evaluation."""
    request = scoring.EvaluateSegmentsRequest(parent=MAIN, form=form, **fields)  # type: ignore[arg-type]
    answer: list[scoring.EvaluateSegmentsResponse] = api.call("EvaluateSegments", request)
    return answer


def names(rows: Iterable[int]) -> list[str]:
    """The ids of rows, in row order."""
    return [f"c{row}" for row in sorted(rows)]


def rows_of(bitmap: bytes, start: int) -> set[int]:
    """The rows of a plane."""
    return {start + bit for bit in range(8 * len(bitmap)) if bitmap[bit // 8] >> bit % 8 & 1}


Found = dict[str, tuple[set[int], set[int]]]


def read(messages: list[scoring.EvaluateSegmentsResponse]) -> Found:
    """Members and unknowns by segment, from the pages of any form."""
    found: Found = {segment: (set(), set()) for segment in ORDER}
    for message in messages[:-1]:
        page = message.memberships
        for index, each in enumerate(page.segments):
            members, unknowns = found[each.segment]
            match each.WhichOneof("form"):
                case "ids":
                    members |= {int(name[1:]) for name in each.ids.member_ids}
                    unknowns |= {int(name[1:]) for name in each.ids.unknown_ids}
                case "planes":
                    members |= rows_of(each.planes.members, page.row_start)
                    unknowns |= rows_of(each.planes.unknowns, page.row_start)
                case "bitmaps":
                    members |= set(BitMap.deserialize(each.bitmaps.members))
                    unknowns |= set(BitMap.deserialize(each.bitmaps.unknowns)) if each.bitmaps.unknowns else set()
                case None if page.table:
                    members |= {int(name[1:]) for name in tabled(page, each.segment, member=True)}
                    unknowns |= {int(name[1:]) for name in tabled(page, each.segment, member=None)}
                case None:
                    members |= listed(page, page.lists.member_ends, page.lists.members, index)
                    unknowns |= listed(page, page.lists.unknown_ends, page.lists.unknowns, index)
    return found


def listed(page: memberships.Memberships, ends: Any, entries: Any, segment: int) -> set[int]:
    """The rows in whose lists a segment stands."""
    starts = [0, *ends]
    return {page.row_start + row for row, end in enumerate(ends) if segment in list(entries[starts[row] : end])}


def tabled(page: memberships.Memberships, segment: str, *, member: bool | None) -> list[str]:
    """The ids of a segment's members, or of those for whom it is unknown, in the form ARROW."""
    rows = pa.ipc.open_stream(page.table).read_all().to_pylist()
    return [row["id"] for row in rows if row["segment"] == segment and row["member"] is member]


EXPECTED: Found = {segment: (MEMBERS[segment], UNKNOWNS[segment]) for segment in ORDER}
DETAILED = [
    FORMS.MEMBERSHIP_FORM_IDS,
    FORMS.MEMBERSHIP_FORM_LISTS,
    FORMS.MEMBERSHIP_FORM_PLANES,
    FORMS.MEMBERSHIP_FORM_BITMAPS,
    FORMS.MEMBERSHIP_FORM_ARROW,
]


@pytest.mark.parametrize("form", DETAILED)
@pytest.mark.parametrize("page_rows", [0, 1_000, 4_096, 9_999])
def test_the_pages_of_every_form_have_everybody(bank: Api, form: int, page_rows: int) -> None:
    """Members and unknowns over all pages are those worked out by hand, in each form and for any length of page."""
    messages = evaluate(bank, form, page_rows=page_rows)
    assert read(messages) == EXPECTED
    assert all(message.memberships.row_count <= (page_rows or CUSTOMERS) for message in messages)


@pytest.mark.parametrize("form", [FORMS.MEMBERSHIP_FORM_UNSPECIFIED, FORMS.MEMBERSHIP_FORM_COUNTS, *DETAILED])
def test_the_totals_come_last(bank: Api, form: int) -> None:
    """The last message, and only it, counts members and unknowns over all rows, without details."""
    *pages, last = evaluate(bank, form, page_rows=3_000)
    assert [(each.segment, each.member_count, each.unknown_count) for each in last.totals] == [
        (segment, len(MEMBERS[segment]), len(UNKNOWNS[segment])) for segment in ORDER
    ]
    assert not last.HasField("memberships")
    assert not any(page.totals for page in pages)
    assert all(each.WhichOneof("form") is None for each in last.totals)


def test_counts_come_without_pages(bank: Api) -> None:
    """In the form COUNTS no message has memberships."""
    assert not any(each.HasField("memberships") for each in evaluate(bank, FORMS.MEMBERSHIP_FORM_COUNTS))


@pytest.mark.parametrize("form", [FORMS.MEMBERSHIP_FORM_COUNTS, *DETAILED])
@pytest.mark.parametrize(("start", "count"), [(0, 1), (1, 63), (63, 2), (64, 64), (4_095, 2), (100, 5_000), (9_999, 0)])
def test_a_range_of_rows_is_evaluated_alone(bank: Api, form: int, start: int, count: int) -> None:
    """Any range of rows gives the members among them, under the row numbers of the data version."""
    messages = evaluate(bank, form, row_start=start, row_count=count)
    rows = set(range(start, start + count if count else CUSTOMERS))
    if form != FORMS.MEMBERSHIP_FORM_COUNTS:
        assert read(messages) == {each: (m & rows, u & rows) for each, (m, u) in EXPECTED.items()}
    assert [each.member_count for each in messages[-1].totals] == [len(MEMBERS[each] & rows) for each in ORDER]
    assert messages[-1].progress.rows_total == len(rows)


def test_a_range_after_the_last_row_is_empty(bank: Api) -> None:
    """To begin where the population ends is no error: one message with basis and totals of zero."""
    (only,) = evaluate(bank, FORMS.MEMBERSHIP_FORM_IDS, row_start=CUSTOMERS)
    assert only.basis.data_version > 0
    assert [each.member_count for each in only.totals] == [0] * len(ORDER)


def test_an_evaluation_says_how_far_it_is(bank: Api) -> None:
    """Every message has the rows done so far, growing to all; only the first has the basis."""
    messages = evaluate(bank, FORMS.MEMBERSHIP_FORM_PLANES, page_rows=3_000)
    assert [each.progress.rows_done for each in messages] == [3_000, 6_000, 9_000, CUSTOMERS, CUSTOMERS]
    assert {each.progress.rows_total for each in messages} == {CUSTOMERS}
    assert [each.HasField("basis") for each in messages] == [True, False, False, False, False]
    elapsed = [each.progress.elapsed.ToMicroseconds() for each in messages]
    assert elapsed == sorted(elapsed)


def test_an_evaluation_takes_the_data_version_that_is_current(bank: Api) -> None:
    """The data version that an answer names is accepted as a condition of the next call."""
    version = evaluate(bank, FORMS.MEMBERSHIP_FORM_COUNTS)[0].basis.data_version
    assert evaluate(bank, FORMS.MEMBERSHIP_FORM_COUNTS, data_version=version)[-1].totals


def score(api: Api, request: scoring.ScoreRequest) -> scoring.ScoreResponse:
    """The answer of Score."""
    answer: scoring.ScoreResponse = api.call("Score", request)
    return answer


def residents(*ids: str, **fields: Any) -> scoring.ScoreRequest:
    """A request about resident customers."""
    return scoring.ScoreRequest(parent=MAIN, customers=scoring.ResidentCustomers(ids=ids), **fields)


@pytest.mark.parametrize("form", [FORMS.MEMBERSHIP_FORM_COUNTS, *DETAILED])
def test_residents_are_scored_by_id(bank: Api, form: int) -> None:
    """Customers by id are in what they are in as a population; one that is unknown to the ledger is in nothing."""
    asked = ["c3001", "nobody", "c7", "c20", "c3001", ""]
    answer = score(bank, residents(*asked, form=form))
    rows = [int(each[1:]) if each.startswith("c") else -1 for each in asked]
    assert list(answer.missing_rows) == [1, 5]
    for index, segment in enumerate(ORDER):
        found = answer.memberships.segments[index]
        members = [place for place, row in enumerate(rows) if row in MEMBERS[segment]]
        unknowns = [place for place, row in enumerate(rows) if row in UNKNOWNS[segment]]
        assert (found.segment, found.member_count, found.unknown_count) == (segment, len(members), len(unknowns))
        match found.WhichOneof("form"):
            case "ids":
                assert list(found.ids.member_ids) == [asked[place] for place in members]
                assert list(found.ids.unknown_ids) == [asked[place] for place in unknowns]
            case "planes":
                assert rows_of(found.planes.members, 0) == set(members)
                assert rows_of(found.planes.unknowns, 0) == set(unknowns)
            case "bitmaps":
                assert set(BitMap.deserialize(found.bitmaps.members)) == set(members)
            case None if form == FORMS.MEMBERSHIP_FORM_ARROW:
                assert tabled(answer.memberships, segment, member=True) == [asked[place] for place in members]
                assert tabled(answer.memberships, segment, member=None) == [asked[place] for place in unknowns]
            case None if form == FORMS.MEMBERSHIP_FORM_LISTS:
                lists = answer.memberships.lists
                assert listed(answer.memberships, lists.member_ends, lists.members, index) == set(members)
                assert listed(answer.memberships, lists.unknown_ends, lists.unknowns, index) == set(unknowns)
                assert list(lists.ids) == asked


def test_a_request_of_strangers_alone_is_answered(bank: Api) -> None:
    """Ids that the ledger lacks, all of them, give an answer without members."""
    answer = score(bank, residents("x", "y", form=FORMS.MEMBERSHIP_FORM_PLANES, computed_attributes=["tier"]))
    assert list(answer.missing_rows) == [0, 1]
    assert [each.member_count + each.unknown_count for each in answer.memberships.segments] == [0] * len(ORDER)
    assert answer.computed[0].column.validity == b"\x00"
    assert answer.computed[0].unknowns == b""


def test_features_are_named_by_their_ids_or_rows(bank: Api) -> None:
    """Members of a batch with ids are named by them, of one without by row number."""
    ages = features.Column(attribute="age", integers=features.IntegerValues(values=[17, 18, 40]))
    for ids in ([], ["a", "b", "c"]):
        batch = features.FeatureBatch(columns=features.ColumnBatch(columns=[ages], ids=ids))
        answer = score(bank, score_request(batch, segments=["adult"], form=FORMS.MEMBERSHIP_FORM_IDS))
        found = answer.memberships.segments[0].ids
        assert (list(found.member_ids), list(found.member_rows)) == ((["b", "c"], []) if ids else ([], [1, 2]))


def test_segments_come_in_the_order_asked_for(bank: Api) -> None:
    """Named segments are answered in their order, and only they."""
    answer = score(bank, score_request(segments=["premium", "adult"]))
    assert [each.segment for each in answer.memberships.segments] == ["premium", "adult"]


def test_an_answer_names_what_it_was_computed_from(bank: Api) -> None:
    """The basis has catalogue version, data version, the `now` that was given, and the attributes without a column."""
    moment = Timestamp(seconds=1_700_000_000, nanos=123_456_789)
    basis = score(bank, score_request(segments=["adult", "brno"], now=moment)).basis
    assert basis.now == Timestamp(seconds=1_700_000_000, nanos=123_456_000)
    assert list(basis.absent_attributes) == ["city"]
    assert basis.catalogue_version > 1
    assert basis.data_version == evaluate(bank, FORMS.MEMBERSHIP_FORM_COUNTS)[0].basis.data_version


def test_now_is_the_time_of_the_call_by_default(bank: Api) -> None:
    """Without `now`, the answer says the server's time."""
    before = dt.datetime.now(dt.UTC)
    told = score(bank, score_request()).basis.now.ToDatetime(dt.UTC)
    assert before - dt.timedelta(seconds=1) <= told <= dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)


def test_benefits_come_if_asked_for(bank: Api) -> None:
    """Benefits are returned one entry a segment, in the order of the memberships, and only on request."""
    lounge = segments.Benefit(id="lounge", display_name="Lounge access", description="In every airport.")
    request = segments.CreateSegmentRequest(
        parent=MAIN, segment_id="black", segment=segments.Segment(expression="customer.age > 150", benefits=[lounge])
    )
    bank.call("CreateSegment", request)
    asked = score(bank, score_request(segments=["black", "adult"], include_benefits=True))
    assert [(each.segment, list(each.benefits)) for each in asked.benefits] == [("black", [lounge]), ("adult", [])]
    assert not score(bank, score_request(segments=["black"])).benefits
    bank.call("DeleteSegment", segments.DeleteSegmentRequest(name=f"{MAIN}/segments/black"))


def test_an_answer_that_is_too_large_says_what_to_do(bank: Api) -> None:
    """An answer over the limit of a message is RESPONSE_TOO_LARGE, and a smaller form of it is given."""
    rows = features.FeatureBatch(columns=features.ColumnBatch(row_count=1 << 20))
    for form in (FORMS.MEMBERSHIP_FORM_IDS, FORMS.MEMBERSHIP_FORM_LISTS, FORMS.MEMBERSHIP_FORM_ARROW):
        refusal = bank.refusal("Score", score_request(rows, form=form))
        assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "RESPONSE_TOO_LARGE")
        assert "another form" in refusal.message
        assert refusal.metadata["limit_bytes"] == str(MAX_RESPONSE_BYTES)
    for form in (FORMS.MEMBERSHIP_FORM_COUNTS, FORMS.MEMBERSHIP_FORM_PLANES, FORMS.MEMBERSHIP_FORM_BITMAPS):
        answer = score(bank, score_request(rows, form=form))
        assert [each.unknown_count for each in answer.memberships.segments] == [1 << 20, 0, 1 << 20, 1 << 20]


def test_a_stream_answers_in_order(bank: Api) -> None:
    """Each request of a stream has its answer at its place, however long it takes."""
    requests = []
    for index in range(20):
        rows = 1 << 20 if index % 5 == 0 else index
        batch = features.FeatureBatch(columns=features.ColumnBatch(row_count=rows))
        requests.append(scoring.StreamScoresRequest(request=score_request(batch, segments=["adult"])))
    answers = bank.call("StreamScores", requests)
    assert [each.response.memberships.row_count for each in answers] == [
        1 << 20 if index % 5 == 0 else index for index in range(20)
    ]


def test_an_empty_stream_is_answered_by_an_empty_stream(bank: Api) -> None:
    """No requests, no answers, no error."""
    assert bank.call("StreamScores", []) == []


def test_pages_stay_about_a_mebibyte(bank: Api) -> None:
    """No message of an evaluation is larger than a page may be."""
    for form in (FORMS.MEMBERSHIP_FORM_IDS, FORMS.MEMBERSHIP_FORM_ARROW):
        assert max(each.ByteSize() for each in evaluate(bank, form)) < PAGE_BYTES * 1.1
