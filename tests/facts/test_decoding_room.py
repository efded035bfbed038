"""How much is decoded at a time, and what becomes of small requests that are large."""

from __future__ import annotations

import asyncio

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.errors import ExpandedSizeError
from segmentd.facts.decoding.batches import decode_records
from segmentd.facts.decoding_room import DecodingRoom, Place
from segmentd.facts.records import RecordBatch
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from tests.facts.decoding.conftest import NOW
from tests.facts.decoding.records import NUMBERS
from tests.facts.writing import Batch


@pytest.fixture
def vocabulary() -> Vocabulary:
    """A ledger without attributes."""
    return build_vocabulary(Ledger("main", "", "EUR", "UTC", NOW, NOW, "e"), [])


def batch_of(ids: int, vocabulary: Vocabulary) -> RecordBatch:
    """Customers whose ids take 100 bytes each."""
    return decode_records(as_arrow(pa.array([f"{number:0100}" for number in range(ids)])), vocabulary)


def as_arrow(ids: pa.Array) -> Batch:
    """Customers, compressed."""
    table = pa.table({"id": ids})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return Batch(kind=NUMBERS["customer"], arrow=sink.getvalue().to_pybytes())


@pytest.mark.parametrize("length", [70, 250, 2_000])
def test_a_million_ids_of_one_text_are_refused(vocabulary: Vocabulary, length: int) -> None:
    """A few hundred bytes of a request do not become hundreds of megabytes of ids."""
    codes = pa.array(np.zeros(1 << 20, np.int32))
    batch = as_arrow(pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length])))
    assert batch.ByteSize() < 4_000
    with pytest.raises(ExpandedSizeError):
        decode_records(batch, vocabulary)


def test_requests_are_let_in_as_they_came_while_there_is_room(vocabulary: Vocabulary) -> None:
    """Two are decoded at a time; the next comes in when one is decoded, but not while too much has been."""
    batch = batch_of(10, vocabulary)

    async def run() -> None:
        room = DecodingRoom(at_a_time=2, max_bytes=1_500)
        inside: list[int] = []
        places = [room.place() for _ in range(6)]
        tasks = [asyncio.create_task(_enter(places[number], number, inside)) for number in range(6)]
        await _turns()
        assert inside == [0, 1]
        places[1].holds(batch)
        await _turns()
        assert inside == [0, 1, 2]
        places[0].holds(batch)
        await _turns()
        assert inside == [0, 1, 2]  # more than 1,500 bytes wait
        await places[0].__aexit__()
        await _turns()
        assert inside == [0, 1, 2, 3]
        await asyncio.gather(*tasks[:4])
        tasks[4].cancel()
        await places[2].__aexit__()
        await _turns()
        assert inside == [0, 1, 2, 3, 5]

    asyncio.run(run())


def test_a_caller_who_goes_gives_its_place_back() -> None:
    """One that was let in and is cancelled before it hears of it leaves its place to the next."""

    async def run() -> None:
        room = DecodingRoom(at_a_time=1)
        inside: list[int] = []
        places = [room.place() for _ in range(3)]
        tasks = [asyncio.create_task(_enter(places[number], number, inside)) for number in range(3)]
        await _turns()
        await places[0].__aexit__()
        tasks[1].cancel()
        await _turns()
        assert inside == [0, 2]

    asyncio.run(run())


async def _enter(place: Place, number: int, inside: list[int]) -> None:
    await place.__aenter__()
    inside.append(number)


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
