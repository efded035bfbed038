"""The use cases of ledgers: create, get, list, update."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from segmentd.api.errors import AlreadyExistsError, InvalidFieldError
from segmentd.api.names import ledger_name
from segmentd.ledger.drafts import DEFAULT_TIME_ZONE, LedgerDraft
from segmentd.ledger.editions import Clock, check_etag, new_etag, utc_now
from segmentd.ledger.errors import DefinitionsBrokenError, FactsRemainError, TimeZoneInUseError
from segmentd.ledger.model import Ledger
from segmentd.ledger.store import LedgerStore
from segmentd.ledger.usage import AttributeUsers, Publish, Residents
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.storage import published


class LedgerService:
    """Changes run on one thread, one after the other: what they check cannot change before they write.

    The order is always: check, stop if only that was asked for, commit, make the new state current.
    """

    def __init__(
        self, store: LedgerStore, users: AttributeUsers, residents: Residents | None = None, clock: Clock = utc_now
    ) -> None:
        self._residents = residents
        self._store = store
        self._users = users
        self._clock = clock

    def get(self, ledger_id: str) -> Ledger:
        """The ledger. Raises LedgerNotFoundError."""
        return self._users.vocabulary(ledger_id).ledger

    def list_after(self, last_id: str) -> tuple[Ledger, ...]:
        """All ledgers whose id comes after `last_id`, by id."""
        return tuple(v.ledger for v in self._users.vocabularies() if v.ledger.id > last_id)

    def create(self, ledger_id: str, draft: LedgerDraft, *, validate_only: bool = False) -> Ledger:
        """Make a ledger. Raises AlreadyExistsError, FactsRemainError, or a SegmentdError that names the wrong field."""
        if any(vocabulary.ledger.id == ledger_id for vocabulary in self._users.vocabularies()):
            raise AlreadyExistsError(ledger_name(ledger_id))
        if self._has_facts(ledger_id):
            raise FactsRemainError(ledger_id)
        now = self._clock()
        ledger = Ledger(
            id=ledger_id,
            display_name=draft.display_name,
            currency_code=draft.currency_code,
            time_zone=draft.time_zone or DEFAULT_TIME_ZONE,
            create_time=now,
            update_time=now,
            etag=new_etag(),
        )
        publish = self._users.recheck(build_vocabulary(ledger, ()))
        if not validate_only:
            with published(publish):
                self._store.create_ledger(ledger)
        return ledger

    def update(
        self,
        ledger_id: str,
        draft: LedgerDraft,
        fields: AbstractSet[str],
        *,
        etag: str = "",
        validate_only: bool = False,
    ) -> Ledger:
        """Change the chosen fields. A new time zone compiles everything anew. Nothing new: the ledger as it is.

        A currency, where given, must be the ledger's, and so must a time zone where it has records.
        Raises TimeZoneInUseError.
        """
        before = self._users.vocabulary(ledger_id)
        current = before.ledger
        check_etag(current.name, etag, current.etag)
        if draft.currency_code not in ("", current.currency_code):
            allowed = f"it is {current.currency_code} and cannot be changed"
            raise InvalidFieldError("ledger.currency_code", draft.currency_code, allowed)
        ledger = self._changed(current, draft.over(current, fields))
        if (ledger.display_name, ledger.time_zone) == (current.display_name, current.time_zone):
            return current
        if ledger.time_zone != current.time_zone and self._has_facts(ledger_id):
            raise TimeZoneInUseError(current.time_zone, ledger.time_zone)
        publish = self._recheck(before, ledger)
        if not validate_only:
            with published(publish):
                self._store.update_ledger(ledger)
        return ledger

    def _has_facts(self, ledger_id: str) -> bool:
        return self._residents is not None and self._residents.has_facts(ledger_id)

    def _changed(self, current: Ledger, draft: LedgerDraft) -> Ledger:
        return replace(
            current,
            display_name=draft.display_name,
            time_zone=draft.time_zone or DEFAULT_TIME_ZONE,
            update_time=self._clock(),
            etag=new_etag(),
            catalogue_version=current.catalogue_version + 1,
        )

    def _recheck(self, before: Vocabulary, ledger: Ledger) -> Publish:
        try:
            return self._users.recheck(build_vocabulary(ledger, before, previous=before))
        except DefinitionsBrokenError as error:
            raise InvalidFieldError("ledger.time_zone", ledger.time_zone, error.message) from error
