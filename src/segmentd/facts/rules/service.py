"""The use cases of rules of categories: get, update, and have attributes that they read stay as they are."""

from __future__ import annotations

from functools import partial
from typing import Final

from segmentd.errors import SegmentdError
from segmentd.facts.rules.compiled import CompiledRules, compile_rules
from segmentd.facts.rules.model import RULES, CategoryRule, CategoryRules, no_rules, rules_name
from segmentd.facts.rules.store import RulesStore
from segmentd.ledger.editions import Clock, check_etag, new_etag, utc_now
from segmentd.ledger.errors import DefinitionsBrokenError
from segmentd.ledger.usage import AttributeUsers, Publish
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import Subject
from segmentd.storage import published

CHANGEABLE: Final = ("rules",)
"""The fields of an update."""


class RulesService:
    """The rules of every ledger, and what else uses attributes: whoever changes these asks here.

    Changes run on one thread, one after the other; any thread may read. Raises DefinitionsBrokenError where rules that
    are kept do not compile.
    """

    def __init__(self, store: RulesStore, users: AttributeUsers, clock: Clock = utc_now) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._compiled: dict[str, CompiledRules] = {
            rules.ledger_id: _compiled(rules, users.vocabulary(rules.ledger_id)) for rules in store.all_rules()
        }

    def get(self, ledger_id: str) -> CategoryRules:
        """The ledger's rules. Raises LedgerNotFoundError."""
        self._users.vocabulary(ledger_id)
        compiled = self._compiled.get(ledger_id)
        return no_rules(ledger_id) if compiled is None else compiled.rules

    def compiled(self, ledger_id: str) -> CompiledRules | None:
        """The ledger's rules, to be applied; None where they were never set."""
        return self._compiled.get(ledger_id)

    def update(
        self, ledger_id: str, rules: tuple[CategoryRule, ...], *, etag: str = "", validate_only: bool = False
    ) -> CategoryRules:
        """Take other rules, for transactions that are written from now on. The same ones: nothing changes."""
        current = self.get(ledger_id)
        check_etag(rules_name(ledger_id), etag, current.etag)
        if rules == current.rules:
            return current
        updated = CategoryRules(ledger_id, rules, self._clock(), new_etag())
        compiled = compile_rules(updated, self._users.vocabulary(ledger_id))
        if not validate_only:
            with published(partial(self._publish, compiled)):
                self._store.put_rules(updated)
        return updated

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The current vocabulary. Raises LedgerNotFoundError."""
        return self._users.vocabulary(ledger_id)

    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """Those of all ledgers, ordered by ledger id."""
        return self._users.vocabularies()

    def users_of(self, ledger_id: str, subject: Subject, attribute_id: str) -> tuple[str, ...]:
        """What reads the attribute itself: the rules among others, as `categoryRules`."""
        users = self._users.users_of(ledger_id, subject, attribute_id)
        compiled = self._compiled.get(ledger_id)
        reads = compiled is not None and subject is Subject.TRANSACTION and compiled.reads(attribute_id)
        return (*users, RULES) if reads else users

    def recheck(self, vocabulary: Vocabulary) -> Publish:
        """Compile against the new vocabulary all that depends on it. Raises DefinitionsBrokenError."""
        publish = self._users.recheck(vocabulary)
        current = self._compiled.get(vocabulary.ledger.id)
        if current is None or current.terms.schema == vocabulary.terms[Subject.TRANSACTION].schema:
            return publish
        compiled = _compiled(current.rules, vocabulary)

        def publish_all() -> None:
            publish()
            self._publish(compiled)

        return publish_all

    def _publish(self, compiled: CompiledRules) -> None:
        # A new mapping in one assignment: whoever reads the old one goes on undisturbed.
        self._compiled = {**self._compiled, compiled.rules.ledger_id: compiled}


def _compiled(rules: CategoryRules, vocabulary: Vocabulary) -> CompiledRules:
    try:
        return compile_rules(rules, vocabulary)
    except SegmentdError as error:
        raise DefinitionsBrokenError({RULES: error}) from error
