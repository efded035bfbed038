"""What the methods of a service need of the server that they run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.rpc import status_pb2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a servicer with streams needs of the server.

    `explain` makes the status that a failed request of a stream is answered with; `check_size` raises where such
    a request is too large; `note_rows` hears how many rows were answered, in the call's own task.
    """

    explain: Callable[[Exception], status_pb2.Status]
    check_size: Callable[[bytes], None]
    note_rows: Callable[[int], None]
