"""What a verification reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from segmentd.facts.kinds import RecordKind

SHOWN_ACCOUNTS = 10
"""Accounts that a report names where numbers differ."""


@dataclass(frozen=True, slots=True)
class Progress:
    """So much of a step is done, of how much: bytes of files, owners of facts, subjects of aggregates."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What was read: the files of a ledger's checkpoint, and batches of its journal. `faults`: what is wrong."""

    files: int = 0
    bytes: int = 0
    batches: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """How many records of a kind there are, and the sums of their amounts in minor units by currency, exact.

    `currency` "": accounts without one. What has no amount has no sums.
    """

    kind: RecordKind
    rows: int
    sums: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How many pairs of balances were compared with the transactions between them, and how many differ.

    `accounts`: ids of some accounts in which they do.
    """

    compared: int = 0
    differing: int = 0
    accounts: tuple[str, ...] = ()

    def plus(self, other: BalanceReport) -> BalanceReport:
        """Both together."""
        accounts = (*self.accounts, *other.accounts)[:SHOWN_ACCOUNTS]
        return BalanceReport(self.compared + other.compared, self.differing + other.differing, accounts)


@dataclass(frozen=True, slots=True)
class AggregateReport:
    """An aggregated attribute, computed subject by subject from gathered facts, beside how it is otherwise computed.

    `followed`: beside the values that evaluations were given, which follow the book from version to version.
    """

    attribute: str
    followed: bool
    rows: int
    differing: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, of one version. `given`: balances after transactions; `snapshots`: records of balances."""

    version: int
    files: FilesReport
    totals: tuple[ControlTotal, ...] = ()
    given: BalanceReport = BalanceReport()
    snapshots: BalanceReport = BalanceReport()
    aggregates: tuple[AggregateReport, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether files are as they were written, and aggregates as they are when they are computed anew.

        Balances may differ from transactions because the source left some out: that is for people to judge.
        """
        return not self.files.faults and not any(each.differing for each in self.aggregates)
