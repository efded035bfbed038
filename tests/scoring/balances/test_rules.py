"""What the balance of an account is, when it is there, and what reports refuse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from segmentd.api.v1 import balances_pb2 as balances
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.errors import SegmentdError
from segmentd.facts.views import BookView
from segmentd.scoring.balances.figures import divide_half_even, equal_bounds, nearest_rank, standard_deviation
from segmentd.scoring.balances.requests import balance_question
from segmentd.scoring.balances.responses import PAGE_BYTES, answer_pages
from tests.scoring.balances import naive
from tests.scoring.balances.assembly import NOW_US, OneBook, reports, request_of
from tests.scoring.balances.book import Account, ArrayBook, Seen

MOST = 2**63 - 1
DAY_US = 86_400_000_000


def only_group(book: ArrayBook, as_of_us: int | None = None, measures: str = "sum,min,max") -> balances.BalanceGroup:
    """The one group of all accounts of a book."""
    with reports(book) as bank:
        return bank.ask("", measures, as_of_us=as_of_us).groups[()]


def known(account: Account, transactions: Sequence[Seen] = (), snapshots: Sequence[Seen] = ()) -> int | None:
    """The balance of one account now; None: it is there, and its balance unknown."""
    group = only_group(ArrayBook(0, [account], transactions, snapshots))
    assert group.count + group.unknown_count == 1
    return group.sum_minor if group.count else None


def test_the_later_of_transaction_and_snapshot_counts() -> None:
    """At the same moment the snapshot does, and the record's balance only where neither was seen."""
    early, late = Seen(0, NOW_US - 5, 1), Seen(0, NOW_US - 4, 2)
    assert known(Account(balance=9), [late], [early]) == 2
    assert known(Account(balance=9), [early], [late]) == 2
    assert known(Account(balance=9), [Seen(0, NOW_US, 3)], [Seen(0, NOW_US, 4)]) == 4
    assert known(Account(balance=9), [Seen(0, NOW_US + 1, 3)]) == 9
    assert known(Account()) is None


def test_transactions_that_give_no_balance_do_not_count() -> None:
    """The last one that does is taken; where none does, nothing was seen."""
    given, bare = Seen(0, NOW_US - 9, 7), Seen(0, NOW_US - 1, None)
    assert known(Account(balance=9), [given, bare]) == 7
    assert known(Account(balance=9), [bare]) == 9


def test_an_amount_without_a_rate_is_unknown() -> None:
    """Neither an earlier balance nor that of the record stands for it, and it is not zero."""
    given, lost = Seen(0, NOW_US - 9, 7), Seen(0, NOW_US - 1, 5, rated=False)
    assert known(Account(balance=9), [given, lost]) is None
    assert known(Account(balance=9), [given], [lost]) is None


def test_an_account_is_there_from_its_opening_day_to_its_closing_day() -> None:
    """Days are those of the ledger's zone; the closing day counts as a whole."""
    opened, closed = 20_000, 20_100
    book = ArrayBook(0, [Account(opened=opened, closed=closed)], [Seen(0, 0, 5)])
    first = naive.day_start_us(opened, "Europe/Prague")
    last = naive.day_start_us(closed + 1, "Europe/Prague") - 1
    counts = [only_group(book, moment).count for moment in (first - 1, first, last, last + 1)]
    assert counts == [0, 1, 1, 0]


def test_a_book_without_accounts_is_one_empty_group() -> None:
    """Its sum is 0, and it has neither a least nor a greatest balance; by kind there is no group."""
    with reports(ArrayBook(0, [])) as bank:
        told = bank.ask("", "sum,min,median,average,standard_deviation", percentile_hundredths=[50])
        group = told.groups[()]
        assert (group.count, group.unknown_count, group.sum_minor) == (0, 0, 0)
        assert not any(group.HasField(name) for name in ("min_minor", "median_minor", "average_minor"))
        assert not group.percentiles_minor
        assert told.totals == balances.BalanceTotals()
        assert not bank.ask("kind,customer.region", "sum").groups
        assert not bank.ask("", "", histogram=balances.BalanceHistogram(bins=3)).frame.histogram_bounds_minor


def refusal(book: ArrayBook | None, by: str = "", measures: str = "sum", **fields: object) -> str:
    """The reason why a question is refused."""
    with reports(book) as bank, pytest.raises(SegmentdError) as caught:
        bank.ask(by, measures, **fields)
    assert str(caught.value).islower() or "utc" in str(caught.value).lower()
    return caught.value.reason


def test_a_sum_that_does_not_fit_is_an_error() -> None:
    """It says AMOUNT_OVERFLOW, for a group as for the whole, and the least is answered where the sums fit."""
    too_much = ArrayBook(0, [Account(kind="a", balance=MOST), Account(kind="a", balance=1)])
    assert refusal(too_much) == "AMOUNT_OVERFLOW"
    assert refusal(too_much, measures="min") == "AMOUNT_OVERFLOW"
    one_group = [Account(kind="a", balance=MOST), Account(kind="a", balance=1), Account(kind="b", balance=-1)]
    assert refusal(ArrayBook(0, one_group), "kind") == "AMOUNT_OVERFLOW"
    with reports(ArrayBook(0, one_group)) as bank:
        told = bank.ask("kind", "average,max,median")
        assert told.groups[("a",)].average_minor == 2**62
        assert told.totals.whole_minor == told.totals.groups_minor == MOST


def test_daily_balances_that_do_not_fit_are_an_error() -> None:
    """The sum over days of one account leaves 64 bits."""
    book = ArrayBook(0, [Account()], [Seen(0, 0, MOST // 2)])
    assert refusal(book, "", "average_daily_balance", daily_days=3) == "AMOUNT_OVERFLOW"


def test_more_groups_than_allowed_are_an_error_that_names_what_they_are_by() -> None:
    """120 months of 9,000 institutions are 1,080,000 groups; so are fewer groups with many bins."""
    accounts = [Account(institution=str(number)) for number in range(9_000)]
    with reports(ArrayBook(0, accounts)) as bank, pytest.raises(SegmentdError, match="institution, month") as caught:
        bank.ask("institution,month", complete_months=120)
    assert caught.value.reason == "TOO_MANY_GROUPS"
    assert caught.value.metadata == {"by": "institution, month", "groups": "1080000", "limit": "1048576"}
    bounds = balances.BalanceHistogram(bounds_minor=range(1_024))
    assert (
        refusal(ArrayBook(0, accounts), "institution,month", complete_months=2, histogram=bounds) == "TOO_MANY_GROUPS"
    )


def test_a_ledger_without_facts_is_refused() -> None:
    """It says NO_FACTS."""
    assert refusal(None) == "NO_FACTS"


def test_another_data_version_is_refused() -> None:
    """The version that is asked for has to be the current one."""
    book = ArrayBook(0, [Account()])
    assert refusal(book, data_version=8) == "DATA_VERSION_MISMATCH"
    with reports(book) as bank:
        assert bank.ask(data_version=7).pages[0].basis.data_version == 7


def test_a_report_is_of_one_version_while_others_are_written() -> None:
    """Facts and residents of all its months and segments are those that it began with, whatever comes meanwhile."""
    versions: list[int] = []

    class Growing(OneBook):
        """A ledger that has one account more whenever it is looked at."""

        def view(self, ledger_id: str) -> BookView | None:
            assert ledger_id == "main"
            versions.append(1 + len(versions))
            accounts = [Account(((0, "OWNER"),), kind="SAVINGS", tier="a", balance=10)] * versions[-1]
            return ArrayBook(1, accounts, regions=["north"], version=versions[-1])

    with reports(Growing()) as bank:
        told = bank.ask("segment,account.tier,customer.region", "count,sum", segments=["north", "savers"])
        first = told.pages[0].basis.data_version
        assert bank.ask("").pages[0].basis.data_version > first
    for segment in ("north", "savers"):
        group = told.groups[segment, "a", "north"]
        assert (group.count, group.sum_minor) == (first, 10 * first)


def test_several_attributes_of_customers_are_those_of_one_owner() -> None:
    """An account is in the group of each combination that an owner has; a segment may have another owner."""
    owners = ((0, "OWNER"), (1, "JOINT"), (2, "JOINT"))
    with reports(ArrayBook(3, [Account(owners=owners, balance=1)], regions=["north", "south", None])) as bank:
        combined = bank.ask("customer.region,customer.northern").groups
        segmented = bank.ask("segment,customer.region", segments=["north"]).groups
    assert list(combined) == [("north", True), ("south", False), (None, False)]
    assert list(segmented) == [("north", "north"), ("north", "south"), ("north", None)]


def test_months_before_the_calendar_are_refused() -> None:
    """The moment has to leave room for months and days."""
    first = -62_135_596_800_000_000
    assert refusal(ArrayBook(0, [Account()]), "month", complete_months=1, as_of_us=first) == "INVALID_FIELD"
    assert only_group(ArrayBook(0, [Account()]), first).unknown_count == 1


def test_a_report_that_nobody_waits_for_ends() -> None:
    """It is given up between two pieces of work."""
    book = ArrayBook(10, [Account(owners=((number % 10, "OWNER"),), balance=number) for number in range(1_000)])
    with reports(book) as bank:
        for looks in range(4):
            left = iter([False] * looks)
            question = balance_question(request_of("segment,kind", "median"))
            with pytest.raises(EvaluationCancelledError):
                bank.service.answer(question, lambda left=left: next(left, True))  # type: ignore[misc]


def test_pages_are_below_1_mib_and_the_same_for_any_number_of_threads() -> None:
    """20,000 groups take several messages, the first with the frame, the last with the totals."""
    accounts = [Account(institution=f"institution {number}", balance=number) for number in range(20_000)]
    request = request_of("institution", "sum,min,max,median,average", percentile_hundredths=range(0, 10_000, 200))
    answers = []
    for threads in (1, 3):
        with reports(ArrayBook(0, accounts), threads=threads) as bank:
            answers.append(list(answer_pages(bank.service.answer(balance_question(request), lambda: False))))
    assert answers[0] == answers[1]
    pages = [pb.AggregateBalancesResponse.FromString(page) for page in answers[0]]
    assert len(pages) > 2
    assert max(map(len, answers[0])) <= PAGE_BYTES
    assert [page.HasField("frame") and page.HasField("basis") for page in pages] == [True] + [False] * (len(pages) - 1)
    assert [page.HasField("totals") for page in pages] == [False] * (len(pages) - 1) + [True]
    assert sum(len(page.groups) for page in pages) == pages[0].frame.group_count == 20_000


def test_halves_are_rounded_to_even() -> None:
    """Above and below zero."""
    assert [divide_half_even(total, 2) for total in (-5, -3, -1, 1, 3, 5)] == [-2, -2, 0, 0, 2, 2]
    assert [divide_half_even(total, 3) for total in (-4, -2, 2, 4)] == [-1, -1, 1, 1]


def test_the_deviation_of_amounts_far_from_zero_is_exact() -> None:
    """A million cents apart, at 90,000,000,000,000,000: what sums of doubles lose altogether."""
    amounts = [9 * 10**18, 9 * 10**18 - 10**6]
    found = standard_deviation(2, sum(amounts), sum(amount**2 for amount in amounts), 2)
    assert found == pytest.approx(10_000 / 2**0.5, rel=1e-15)
    assert standard_deviation(1, 5, 25, 2) is None


def test_nearest_ranks() -> None:
    """The first value is not below 0 percent, and the median of four is the second."""
    assert [nearest_rank(each, 4) for each in (0, 1, 2_500, 2_501, 5_000, 10_000)] == [0, 0, 0, 1, 1, 3]


def test_bins_of_all_of_int64_do_not_leave_it() -> None:
    """Their bounds ascend and fit."""
    bounds = equal_bounds(-(2**63), MOST, 1_024)
    assert len(bounds) == 1_023
    assert bounds[-1] <= MOST
    assert equal_bounds(5, 5, 3) == (6, 7)
