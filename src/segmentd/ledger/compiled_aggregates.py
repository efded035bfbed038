"""An aggregated attribute's definition with its filters compiled: what computing it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from segmentd.language.environment import CompiledExpression
from segmentd.ledger.aggregates import Aggregate, Source
from segmentd.schema import DataType, Subject

ITEM: Final[Mapping[Source, Subject]] = {
    Source.ACCOUNTS: Subject.ACCOUNT,
    Source.TRANSACTIONS: Subject.TRANSACTION,
    Source.BALANCES: Subject.BALANCE,
    Source.ENGAGEMENTS: Subject.ENGAGEMENT,
}
"""The subject of the items of a source: whose fields filter and measure are, and the filter's variable."""


@dataclass(frozen=True, slots=True)
class CompiledAggregate:
    """A definition that was checked against a ledger's attributes. Values are of `type`, and measures of `measured`.

    `filter` is over the items of the source, `account_filter` over accounts; None where everything counts. What they
    read are fields and given attributes, computed ones pasted in, never segments or aggregated attributes.
    """

    definition: Aggregate
    type: DataType
    measured: DataType
    filter: CompiledExpression | None
    account_filter: CompiledExpression | None

    @property
    def reads(self) -> Mapping[Subject, frozenset[str]]:
        """The ids of the fields and attributes that it reads itself, by subject."""
        return self._collect(lambda expression: expression.attributes)

    @property
    def needs(self) -> Mapping[Subject, frozenset[str]]:
        """The same, and those that the computed attributes among them read in turn."""
        return self._collect(lambda expression: expression.attributes | expression.given)

    def _collect(self, names: Callable[[CompiledExpression], frozenset[str]]) -> Mapping[Subject, frozenset[str]]:
        item, account = ITEM[self.definition.source], Subject.ACCOUNT
        measure = frozenset({self.definition.measure} - {""})
        found = {item: measure | (names(self.filter) if self.filter else frozenset())}
        if self.account_filter:
            found[account] = found.get(account, frozenset()) | names(self.account_filter)
        return found
