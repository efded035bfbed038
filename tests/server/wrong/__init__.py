"""Wrong requests for every method of the API, each with the status, reason and field it is refused with."""

from tests.server.wrong.attributes import ATTRIBUTES
from tests.server.wrong.evaluations import EVALUATIONS
from tests.server.wrong.ledgers import LEDGERS
from tests.server.wrong.request import Wrong
from tests.server.wrong.scores import SCORES, STREAMED
from tests.server.wrong.segments import SEGMENTS

WRONG: list[Wrong] = [*LEDGERS, *ATTRIBUTES, *SEGMENTS, *SCORES, *STREAMED, *EVALUATIONS]

__all__ = ["WRONG", "Wrong"]
