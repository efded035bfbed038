"""Generated requests are taken and refused as protobuf's own parser takes and refuses them, with the same values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random, SystemRandom

import pytest
from hypothesis import settings

from tests.wire.reading import BatchReading, read, read_officially
from tests.wire.requests import generate, generate_streamed

FUZZING = settings.get_current_profile_name() == "fuzz"
pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(7_200 if FUZZING else 120)]

SEED = 1994
INPUTS = 500_000 if FUZZING else 10_000
"""Of each kind of request."""


@pytest.mark.parametrize(("make", "streamed"), [(generate, False), (generate_streamed, True)])
def test_bytes_are_read_as_protobuf_reads_them(make: Callable[[Random], bytes], streamed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The same requests are refused, and of all others the question, the subjects and every value are the same."""
    seed = SystemRandom().randrange(10**9) if FUZZING else SEED
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by its seed
    random = Random(seed)  # noqa: S311 - nothing secret
    seen: Counter[str] = Counter()
    for _ in range(INPUTS):
        raw = make(random)
        expected = read_officially(raw, streamed=streamed)
        assert read(raw, streamed=streamed) == expected, raw.hex()
        seen["refused" if expected is None else "taken"] += 1
        seen["vectors"] += (
            expected is not None and isinstance(expected.body, BatchReading) and expected.body.vectors != ()
        )
    assert min(seen["refused"], seen["taken"], seen["vectors"]) > INPUTS / 5, seen
