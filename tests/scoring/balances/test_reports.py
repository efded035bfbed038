"""Reports of balances say what a plain reading of all facts says, in every grouping."""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest

from segmentd.api.v1 import balances_pb2 as balances
from tests.scoring.balances import naive
from tests.scoring.balances.assembly import NOW_US, Reports, Told, reports
from tests.scoring.balances.book import Account, ArrayBook, Seen

DAY_US = 86_400_000_000
TODAY = NOW_US // DAY_US
CUSTOMERS = 150
ACCOUNTS = 500
EVERYTHING = "count,sum,average,min,max,median,standard_deviation"
PERCENTILES = (0, 100, 2_500, 5_000, 9_900, 10_000)


def make_book(seed: int = 1) -> ArrayBook:
    """Accounts with none to three owners, of which some lack any field, and facts around the last four months."""
    dice = random.Random(seed)  # noqa: S311 - test data

    def maybe(values: Sequence[Any], share: float = 0.9) -> Any:
        return dice.choice(values) if dice.random() < share else None

    accounts = [
        Account(
            owners=tuple(
                (customer, dice.choice(("OWNER", "JOINT", "AUTHORIZED")))
                for customer in sorted(dice.sample(range(CUSTOMERS), dice.choice((0, 1, 1, 1, 2, 3))))
            ),
            kind=maybe(("SAVINGS", "CHECKING", "LOAN")),
            currency=maybe(("CZK", "EUR")),
            institution=maybe(("Žižkovská", "ČSOB", "own", "zzz")),
            opened=maybe(range(TODAY - 300, TODAY + 3), 0.8),
            closed=maybe(range(TODAY - 60, TODAY + 60), 0.2),
            balance=maybe(range(-(10**9), 10**9), 0.5),
            tier=maybe(("gold", "basic"), 0.7),
        )
        for _ in range(ACCOUNTS)
    ]

    def seen(number: int) -> list[Seen]:
        return [
            Seen(
                dice.randrange(ACCOUNTS),
                NOW_US + dice.randrange(-130 * DAY_US, DAY_US),
                maybe(range(-(10**7), 10**12), 0.8),
                rated=dice.random() < 0.95,
            )
            for _ in range(number)
        ]

    snapshots = [Seen(each.account, each.time_us, each.balance or 0, each.rated) for each in seen(300)]
    regions = [maybe(("north", "south", "east"), 0.8) for _ in range(CUSTOMERS)]
    stale = frozenset(dice.sample(range(ACCOUNTS), 40))
    return ArrayBook(CUSTOMERS, accounts, seen(2_000), snapshots, regions, stale)


@pytest.fixture(scope="module")
def book() -> ArrayBook:
    """One book for all tests: no report changes it."""
    return make_book()


@pytest.fixture(scope="module")
def bank(book: ArrayBook) -> Iterator[Reports]:
    """Reports over the book."""
    with reports(book) as ready:
        yield ready


def check(told: Told, expected: dict[tuple[object, ...], naive.Group]) -> None:
    """Every figure of every group is the plain one, and no group is missing or empty."""
    assert set(told.groups) == set(expected)
    for key, found in told.groups.items():
        wanted = expected[key]
        known = wanted.known
        assert (found.count, found.unknown_count) == (len(known), len(wanted.amounts) - len(known)), key
        assert found.sum_minor == sum(known), key
        if known:
            assert (found.min_minor, found.max_minor) == (known[0], known[-1])
            assert (found.average_minor, found.median_minor) == (wanted.average, wanted.median)
            assert list(found.percentiles_minor) == [wanted.percentile(each) for each in PERCENTILES]
        assert found.HasField("average_minor") is found.HasField("median_minor") is bool(known)
        assert found.HasField("standard_deviation") is (len(known) > 1)
        if len(known) > 1:
            assert found.standard_deviation == pytest.approx(wanted.deviation, rel=1e-14)


def now(month: str = "") -> list[tuple[str, int]]:
    """The moment of asking alone."""
    return [(month, NOW_US)]


def ask(bank: Reports, by: str, **fields: object) -> Told:
    """Every measure, by some things."""
    return bank.ask(by, EVERYTHING, percentile_hundredths=PERCENTILES, **fields)


def test_all_accounts_are_one_group(bank: Reports, book: ArrayBook) -> None:
    """Without groupings there is one group, and the totals are its figures."""
    told = ask(bank, "")
    expected = naive.group(book, now(), lambda *_: [()], is_now=True)
    check(told, expected)
    totals, known = told.totals, expected[()].known
    assert (totals.rows_in, totals.rows_in_groups, totals.rows_in_no_group) == (len(expected[()].amounts),) * 2 + (0,)
    assert totals.rows_unknown == len(expected[()].amounts) - len(known)
    assert totals.whole_minor == totals.groups_minor == sum(known)


def test_groups_by_fields_and_attributes_of_accounts(bank: Reports, book: ArrayBook) -> None:
    """Kind, currency, institution, a given and a computed attribute partition the accounts."""
    told = ask(bank, "institution,kind,account.tier,account.saves,currency")

    def key(number: int, _: str) -> list[tuple[object, ...]]:
        each = book.accounts[number]
        # An equality with a kind that is missing is false, and not unknown.
        return [(each.institution, each.kind, each.tier, each.kind == "SAVINGS", each.currency)]

    check(told, naive.group(book, now(), key, is_now=True))
    assert not told.frame.overlapping
    assert told.totals.rows_in == told.totals.rows_in_groups
    assert told.totals.whole_minor == told.totals.groups_minor


def test_groups_are_in_the_order_of_their_keys(bank: Reports) -> None:
    """Text ascends by its bytes, accounts without a value are last, the first grouping changes the slowest."""
    keys = list(bank.ask("institution,kind").groups)

    def place(value: object) -> tuple[bool, bytes]:
        return value is None, str(value).encode()

    assert keys == sorted(keys, key=lambda each: (place(each[0]), place(each[1])))
    assert keys[0][0] == "own"
    assert keys[-1] == (None, None)


def members(book: ArrayBook, segment: str, number: int, roles: tuple[str, ...]) -> bool | None:
    """Whether an account is a segment's, None where that is unknown."""
    account = book.accounts[number]
    if segment == "savers":
        return account.kind == "SAVINGS"
    regions = [book.regions[customer] for customer, role in account.owners if not roles or role in roles]
    if segment == "not-south":
        verdicts = [None if region is None else region < "south" for region in regions]
        return True if any(verdicts) else (None if None in verdicts else False)
    return {"north": "north", "nobody": "nowhere"}[segment] in regions


ALL = ("nobody", "north", "not-south", "savers")


@pytest.mark.parametrize("roles", [(), ("OWNER",), ("OWNER", "JOINT")])
@pytest.mark.parametrize("by", ["segment", "segment,kind", "kind,segment"])
def test_groups_by_segments_of_customers_and_of_accounts(
    bank: Reports, book: ArrayBook, by: str, roles: tuple[str, ...]
) -> None:
    """An account is once in the group of each segment of which it, or an owner with an allowed role, is a member."""
    told = ask(bank, by, roles=roles)

    def keys(number: int, _: str) -> list[tuple[object, ...]]:
        own: list[object] = [segment for segment in ALL if members(book, segment, number, roles)]
        by_name: dict[str, list[object]] = {"segment": own, "kind": [book.accounts[number].kind]}
        return [tuple(key) for key in itertools.product(*(by_name[name] for name in by.split(",")))]

    expected = naive.group(book, now(), keys, is_now=True)
    if by == "segment":
        expected.setdefault(("nobody",), naive.Group())
    check(told, expected)
    assert told.frame.overlapping
    for each in told.frame.segments:
        verdicts = [
            members(book, each.segment, number, roles)
            for number, account in enumerate(book.accounts)
            if naive.is_there(account, NOW_US, book.time_zone)
        ]
        assert (each.account_count, each.undecided_count) == (verdicts.count(True), verdicts.count(None))


def test_the_accounts_of_several_segments_count_once_where_groups_are_not_by_segment(
    bank: Reports, book: ArrayBook
) -> None:
    """Asked over two segments, by currency: each account of either is in one group, all others are in no group."""
    told = ask(bank, "currency", segments=["north", "savers"])

    def inside(number: int) -> bool:
        return any(members(book, segment, number, ()) for segment in ("north", "savers"))

    def keys(number: int, _: str) -> list[tuple[object, ...]]:
        return [(book.accounts[number].currency,)] if inside(number) else []

    check(told, naive.group(book, now(), keys, is_now=True))
    rest = naive.group(book, now(), lambda number, _: [] if inside(number) else [()], is_now=True)[()]
    whole = naive.group(book, now(), lambda *_: [()], is_now=True)[()]
    totals = told.totals
    assert not told.frame.overlapping
    assert totals.rows_in_no_group == len(rest.amounts)
    assert totals.no_group_minor == sum(rest.known)
    assert totals.rows_in == totals.rows_in_groups + totals.rows_in_no_group == len(whole.amounts)
    assert totals.whole_minor == totals.groups_minor + totals.no_group_minor == sum(whole.known)


def test_groups_by_an_attribute_of_customers(bank: Reports, book: ArrayBook) -> None:
    """An account is once in the group of each region of its owners, and in that without one if nobody owns it."""
    told = ask(bank, "kind,customer.region")

    def keys(number: int, _: str) -> list[tuple[object, ...]]:
        account = book.accounts[number]
        regions = [book.regions[customer] for customer, _ in account.owners] or [None]
        return [(account.kind, region) for region in regions]

    check(told, naive.group(book, now(), keys, is_now=True))
    assert told.frame.overlapping


def test_a_past_moment_sees_no_records_and_nothing_later(bank: Reports, book: ArrayBook) -> None:
    """As of three months ago, later facts, later openings and the balances of records do not count."""
    moment_us = NOW_US - 90 * DAY_US
    told = ask(bank, "kind", as_of_us=moment_us)
    keys = lambda number, _: [(book.accounts[number].kind,)]  # noqa: E731
    check(told, naive.group(book, [("", moment_us)], keys, is_now=False))
    assert told.pages[0].basis.now.ToMicroseconds() == moment_us


def months(count: int) -> list[tuple[str, int]]:
    """The months before that of the moment, with their last moments, in Prague."""
    ends = []
    for month in range(count, 0, -1):
        number = 2026 * 12 + 4 - month
        following = dt.date((number + 1) // 12, (number + 1) % 12 + 1, 1).toordinal() - EPOCH_DAY
        ends.append((f"{number // 12}-{number % 12 + 1:02}", naive.day_start_us(following, "Europe/Prague") - 1))
    return ends


EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


def test_groups_by_month_are_of_the_balances_at_its_end(bank: Reports, book: ArrayBook) -> None:
    """Each of the complete months has the balances of its last moment in the ledger's zone."""
    told = ask(bank, "kind,month,segment", complete_months=4, segments=["savers", "north"])

    def keys(number: int, month: str) -> list[tuple[object, ...]]:
        kind = book.accounts[number].kind
        return [(kind, month, segment) for segment in ("savers", "north") if members(book, segment, number, ())]

    check(told, naive.group(book, months(4), keys, is_now=False))
    places = [("savers", "north").index(str(key[2])) for key in told.groups if key[:2] == ("SAVINGS", "2026-04")]
    assert places == sorted(places)


def daily(book: ArrayBook, days: range, keys: Callable[[int], list[str]]) -> dict[str, tuple[int, int, int]]:
    """By group the sum over accounts and days, how many accounts that is of, and of how many it is unknown."""
    found: dict[str, tuple[int, int, int]] = {}
    for number, account in enumerate(book.accounts):
        ends = [naive.day_start_us(day + 1, book.time_zone) - 1 for day in days]
        there = [end for end in ends if naive.is_there(account, end, book.time_zone)]
        held = [naive.balance_at(book, number, end, is_now=False) for end in there]
        for key in keys(number) if there else []:
            total, known, unknown = found.get(key, (0, 0, 0))
            lost = None in held
            total += 0 if lost else sum(each for each in held if each is not None)
            found[key] = total, known + (not lost), unknown + lost
    return found


def test_the_average_daily_balance_of_a_group(bank: Reports, book: ArrayBook) -> None:
    """It is the mean over days of what the accounts held at their ends, zero on days when one was not there."""
    today = (NOW_US + 2 * 3_600_000_000) // DAY_US
    told = bank.ask("kind", "average_daily_balance", daily_days=20)
    expected = daily(book, range(today - 20, today), lambda number: [str(book.accounts[number].kind)])
    assert {str(key[0]) for key in told.groups} == set(expected)
    for key, group in told.groups.items():
        total, known, unknown = expected[str(key[0])]
        assert group.daily_unknown_count == unknown
        assert known
        assert group.average_daily_minor == round(Fraction(total, 20))


def test_the_average_daily_balance_of_months(bank: Reports, book: ArrayBook) -> None:
    """By month, the days are those of the month."""
    told = bank.ask("month", "average_daily_balance", complete_months=2)
    for month, first, length in (("2026-03", dt.date(2026, 3, 1), 31), ("2026-04", dt.date(2026, 4, 1), 30)):
        start = first.toordinal() - EPOCH_DAY
        total, _, unknown = daily(book, range(start, start + length), lambda _: [""])[""]
        group = told.groups[(month,)]
        assert (group.average_daily_minor, group.daily_unknown_count) == (round(Fraction(total, length)), unknown)


def test_histograms_count_balances_between_bounds(bank: Reports, book: ArrayBook) -> None:
    """A balance on a bound is above it; the counts are those of known balances."""
    expected = naive.group(book, now(), lambda number, _: [(book.accounts[number].kind,)], is_now=True)
    bound = expected[("LOAN",)].known[3]
    bounds = [-5, bound, 10**15]
    told = bank.ask("kind", "", histogram=balances.BalanceHistogram(bounds_minor=bounds))
    for key, group in told.groups.items():
        places = [sum(each >= bound for bound in bounds) for each in expected[key].known]
        assert list(group.histogram_counts) == [places.count(place) for place in range(4)]
        assert not group.HasField("sum_minor")


def test_bins_are_of_equal_width_over_all_groups(bank: Reports, book: ArrayBook) -> None:
    """The bounds of bins are in the frame, equally far from each other, between the least and the greatest balance."""
    told = bank.ask("kind", "min,max", histogram=balances.BalanceHistogram(bins=7))
    least = min(group.min_minor for group in told.groups.values() if group.count)
    greatest = max(group.max_minor for group in told.groups.values() if group.count)
    bounds = list(told.frame.histogram_bounds_minor)
    steps = {after - before for before, after in itertools.pairwise([least, *bounds])}
    assert len(bounds) == 6
    assert len(steps) == 1
    assert greatest < bounds[-1] + steps.pop()
    known = naive.group(book, now(), lambda *_: [()], is_now=True)[()].known
    expected = [sum(bisect.bisect_right(bounds, each) == place for each in known) for place in range(7)]
    assert [sum(counts) for counts in zip(*(g.histogram_counts for g in told.groups.values()), strict=True)] == expected
