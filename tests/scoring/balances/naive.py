"""Balance reports row by row in plain Python: what the real ones have to say."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from zoneinfo import ZoneInfo

from tests.scoring.balances.book import Account, ArrayBook, Seen

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Amounts = list[int | None]


def day_start_us(day: int, zone: str) -> int:
    """The first moment of a day, for zones whose days begin at midnight."""
    local = dt.datetime.combine(dt.date(1970, 1, 1) + dt.timedelta(days=day), dt.time(), ZoneInfo(zone))
    return (local - EPOCH) // dt.timedelta(microseconds=1)


def is_there(account: Account, moment_us: int, zone: str) -> bool:
    """Whether the account is open at the moment."""
    if account.opened is not None and moment_us < day_start_us(account.opened, zone):
        return False
    return account.closed is None or moment_us < day_start_us(account.closed + 1, zone)


def balance_at(book: ArrayBook, number: int, moment_us: int, *, is_now: bool) -> int | None:
    """What an account held, None where that is unknown."""
    last: tuple[tuple[int, int], Seen] | None = None
    for kind, facts in ((0, book.transactions), (1, book.snapshots)):
        for seen in facts:
            gives = seen.balance is not None or not seen.rated
            if seen.account == number and seen.time_us <= moment_us and (kind == 1 or gives):
                place = seen.time_us, kind
                if last is None or place >= last[0]:
                    last = place, seen
    if last is not None:
        return last[1].balance if last[1].rated else None
    return book.accounts[number].balance if is_now else None


@dataclass
class Group:
    """The balances of a group, unknown ones as None."""

    amounts: Amounts = field(default_factory=list)

    @property
    def known(self) -> list[int]:
        """Those that are known, ascending."""
        return sorted(amount for amount in self.amounts if amount is not None)

    @property
    def average(self) -> int:
        """The mean, halves to even."""
        return _half_even(Decimal(sum(self.known)), len(self.known))

    @property
    def median(self) -> int:
        """The middle."""
        known = self.known
        return _half_even(Decimal(known[(len(known) - 1) // 2] + known[len(known) // 2]), 2)

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample, in major units of two digits."""
        with localcontext() as context:
            context.prec = 80
            known = [Decimal(amount) / 100 for amount in self.known]
            mean = sum(known, Decimal()) / len(known)
            squares = sum(((amount - mean) ** 2 for amount in known), Decimal())
            return float((squares / (len(known) - 1)).sqrt())

    def percentile(self, hundredths: int) -> int:
        """The least balance that so many percent are not above."""
        known = self.known
        return next(each for place, each in enumerate(known, 1) if place * 10_000 >= hundredths * len(known))


def _half_even(total: Decimal, number: int) -> int:
    with localcontext() as context:
        context.prec = 80
        return int((total / number).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def group(
    book: ArrayBook,
    moments: Iterable[tuple[str, int]],
    keys: Callable[[int, str], Iterable[tuple[object, ...]]],
    *,
    is_now: bool,
) -> dict[tuple[object, ...], Group]:
    """The groups of all accounts that are there at the moments; `keys` gives those of an account and a month."""
    groups: dict[tuple[object, ...], Group] = defaultdict(Group)
    for month, moment_us in moments:
        for number, account in enumerate(book.accounts):
            if is_there(account, moment_us, book.time_zone):
                for key in set(keys(number, month)):
                    groups[key].amounts.append(balance_at(book, number, moment_us, is_now=is_now))
    return dict(groups)
