"""Wrong requests for every method of the API, each with the status, reason and field it is refused with."""

from tests.server.wrong.aggregates import AGGREGATES
from tests.server.wrong.attributes import ATTRIBUTES
from tests.server.wrong.balances import BALANCES
from tests.server.wrong.erasures import ERASURES
from tests.server.wrong.evaluations import EVALUATIONS
from tests.server.wrong.imports import IMPORTS
from tests.server.wrong.ledgers import LEDGERS
from tests.server.wrong.records import RECORDS
from tests.server.wrong.request import Wrong
from tests.server.wrong.scores import SCORES, STREAMED
from tests.server.wrong.segments import SEGMENTS
from tests.server.wrong.snapshots import SNAPSHOTS

WRONG: list[Wrong] = [
    *LEDGERS,
    *RECORDS,
    *IMPORTS,
    *ERASURES,
    *ATTRIBUTES,
    *AGGREGATES,
    *SEGMENTS,
    *SCORES,
    *STREAMED,
    *EVALUATIONS,
    *BALANCES,
    *SNAPSHOTS,
]

__all__ = ["WRONG", "Wrong"]
