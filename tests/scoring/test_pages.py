"""Windows bound the memory of an evaluation, pages its messages."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.planes import WORD, word_count
from segmentd.scoring.memberships import Form, encode_memberships
from segmentd.scoring.pages import FIRST_WINDOW_ROWS, PAGE_BYTES, PLANE_BYTES, WINDOW_STEP, pages, window_rows, windows
from segmentd.scoring.verdicts import Verdicts
from tests.scoring.naive import Case, cases

NO_LIMIT = 1 << 20


@given(st.integers(0, 5_000_000), st.integers(0, 5_000_000), st.integers(0, 4_096), st.sampled_from(list(Form)))
def test_windows_cover_the_rows_once(start: int, count: int, segments: int, form: Form) -> None:
    """Windows follow each other without gap or overlap; of COUNTS each but the first begins at a word."""
    covered = list(windows(start, start + count, segments, form))
    ends = [start, *(stop for _, stop in covered)]
    assert [first for first, _ in covered] == ends[:-1]
    assert ends[-1] == start + count
    origin = start if form.needs_planes else 0
    assert all((first - origin) % WORD == 0 for first, _ in covered[1:])


@given(st.integers(0, 1_000), st.integers(0, 3_000_000), st.sampled_from([1, 200, 205, 4_096]), st.integers(1, 100_000))
def test_windows_have_whole_pages(start: int, count: int, segments: int, page_rows: int) -> None:
    """Where pages of the caller's length fit a window, every window but the last has a whole number of them."""
    covered = list(windows(start, start + count, segments, Form.IDS, page_rows))
    if page_rows <= window_rows(segments, Form.IDS):
        assert all((stop - first) % page_rows == 0 for first, stop in covered[:-1])
    assert sum(stop - first for first, stop in covered) == count


@given(st.integers(0, 1_000), st.integers(1, 9_000_000), st.sampled_from([1, 100]), st.sampled_from(list(Form)))
def test_windows_begin_small_and_double(start: int, count: int, segments: int, form: Form) -> None:
    """The first window is small, so that its page comes soon; none has more than twice the rows of the one before."""
    rows = [stop - first for first, stop in windows(start, start + count, segments, form)]
    assert rows[0] <= FIRST_WINDOW_ROWS
    assert all(later <= 2 * (before + WORD) for before, later in pairwise(rows))
    assert max(rows) <= window_rows(segments, form)
    assert len(rows) <= 5 + count // window_rows(segments, form) + 1


def test_pages_that_are_asked_for_do_not_change_counts() -> None:
    """Of the form COUNTS, which has no pages, the windows are the same whatever their length was to be."""
    assert list(windows(5, 3_000_000, 1, Form.COUNTS, 77)) == list(windows(5, 3_000_000, 1, Form.COUNTS))


@pytest.mark.parametrize("segments", [0, 1, 63, 64, 65, 4_096])
@pytest.mark.parametrize("form", list(Form))
def test_the_planes_of_a_window_are_bounded(segments: int, form: Form) -> None:
    """Two planes a segment take at most 4 MiB, in windows of whole blocks."""
    rows = window_rows(segments, form)
    assert rows > 0
    assert rows % WINDOW_STEP == 0
    if form.needs_planes:
        assert 2 * segments * word_count(rows) * 8 <= PLANE_BYTES


@given(cases(), st.sampled_from([f for f in Form if f.needs_planes]), st.sampled_from([1, 7, 64, 1_000, NO_LIMIT]))
def test_pages_cover_a_window_once(case: Case, form: Form, limit: int) -> None:
    """Pages follow each other without gap or overlap, with no more rows than asked for."""
    covered = list(pages(case.verdicts, form, limit))
    ends = [0, *(stop for _, stop in covered)]
    assert [first for first, _ in covered] == ends[:-1]
    assert ends[-1] == case.rows
    assert all(0 < stop - start <= limit for start, stop in covered)


def window(segments: int, rows: int, share: float, id_bytes: int) -> Verdicts:
    """A window in which each segment has `share` of its rows as members and as many unknown."""
    random = np.random.default_rng(7)
    draw = random.random((segments, rows))
    shape = (segments, word_count(rows))
    members, unknowns = np.zeros(shape, dtype=np.uint64), np.zeros(shape, dtype=np.uint64)
    for plane, bits in ((members, draw < share / 2), (unknowns, (draw >= share / 2) & (draw < share))):
        plane.view(np.uint8)[:, : -(-rows // 8)] = np.packbits(bits, axis=1, bitorder="little")
    ids = pa.array([f"{row:0{id_bytes}}" for row in range(rows)], pa.string()) if id_bytes else None
    names = tuple(f"{index:063}" for index in range(segments))
    counts = [np.bitwise_count(planes).sum(axis=1, dtype=np.int64) for planes in (members, unknowns)]
    return Verdicts(names, rows, counts[0], counts[1], members, unknowns, 64, ids)


@pytest.mark.parametrize("form", [Form.IDS, Form.LISTS])
@pytest.mark.parametrize("origin", [0, 1, 64])
@pytest.mark.parametrize("page_rows", [0, 40_960])
def test_pages_begin_at_words_and_are_even(form: Form, origin: int, page_rows: int) -> None:
    """Pages that the server chooses begin a multiple of 64 rows after the first asked for, and none is a stub."""
    covered = list(pages(window(3, 81_920, 0.9, 36), form, page_rows, origin))
    # The window begins at row 64, and caller's pages at a multiple of 64 from there.
    chosen = [start for start, _ in covered if (page_rows == 0 and start > 0) or start % 40_960]
    assert len(chosen) > 2
    assert all((64 + start - origin) % WORD == 0 for start in chosen)
    rows = [stop - start for start, stop in covered]
    assert min(rows) > max(rows) / 2


def test_pages_of_few_rows_are_not_empty() -> None:
    """Where not even 64 rows fit a message, pages begin where they must."""
    covered = list(pages(window(2, 500, 1.0, 20_000), Form.IDS, 0))
    assert max(stop - start for start, stop in covered) < WORD
    assert [start for start, _ in covered] == [0, *(stop for _, stop in covered[:-1])]
    assert covered[-1][1] == 500


@pytest.mark.parametrize("form", [form for form in Form if form.needs_planes])
@pytest.mark.parametrize(
    ("segments", "rows", "share", "id_bytes"),
    [
        (3, 200_000, 0.9, 0),
        (3, 50_000, 0.9, 36),
        (4_096, 4_096, 0.01, 8),
        (100, 20_000, 1.0, 0),
        (2, 2_000, 1.0, 5_000),
    ],
)
def test_a_page_fits_its_message(form: Form, segments: int, rows: int, share: float, id_bytes: int) -> None:
    """The message of every page of a window is at most about 1 MiB: dense, sparse, many segments, long ids."""
    verdicts = window(segments, rows, share, id_bytes)
    for start, stop in pages(verdicts, form, NO_LIMIT):
        size = encode_memberships(verdicts.cut(start, stop), form, lambda _: None).ByteSize()
        assert size <= PAGE_BYTES * 1.1


def test_a_page_of_planes_is_no_smaller_than_needed() -> None:
    """Planes of two segments over 200,000 rows go into one message."""
    assert list(pages(window(2, 200_000, 0.5, 0), Form.PLANES, NO_LIMIT)) == [(0, 200_000)]


def test_a_page_of_dense_bitmaps_is_no_smaller_than_needed() -> None:
    """Full bitmaps are cut by the size of their containers, not by their members."""
    assert len(list(pages(window(1, 1 << 20, 1.0, 0), Form.BITMAPS, NO_LIMIT))) == 1
