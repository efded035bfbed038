"""Small dictionaries that come again and again, as those of a stream's batches do, recognised by what is in them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Final

import pyarrow as pa

from segmentd.engine.text.distinct import Distinct

MAX_BYTES: Final = 1 << 16
"""Bytes of a dictionary that is looked at: larger ones take longer to recognise, and come again less often."""

MAX_KEPT: Final = 256
"""Dictionaries that are kept: 16 MiB at most."""


class Dictionaries:
    """The most recent small dictionaries; equal ones become one object, which what was worked out from it is kept for.

    Several threads may use one at once.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, pa.Array] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, distinct: Distinct) -> Distinct:
        """The same with an equal dictionary that was seen before, if there is one."""
        values = distinct.values
        if distinct.whole is not None or values.nbytes > MAX_BYTES:
            return distinct
        digest = _digest(values)
        with self._lock:
            kept = self._kept.setdefault(digest, values)
            self._kept.move_to_end(digest)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return distinct if kept is values else replace(distinct, values=kept)


def _digest(values: pa.Array) -> bytes:
    """What tells dictionaries apart: their type and all their values, as Arrow writes them."""
    batch = pa.record_batch([values], ["values"])
    found = hashlib.blake2b(batch.schema.serialize(), digest_size=32)
    found.update(batch.serialize())
    return found.digest()
