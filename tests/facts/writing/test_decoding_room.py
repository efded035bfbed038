"""How much is decoded at a time, and what becomes of small requests that are large."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.errors import ExpandedSizeError
from segmentd.facts.decoding.batches import decode_records
from segmentd.facts.records import RecordBatch
from segmentd.facts.writing.decoding_room import DecodingRoom, Place
from segmentd.facts.writing.standing import REMEMBERED, SLOW_S
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from tests.facts.decoding.conftest import NOW
from tests.facts.decoding.records import NUMBERS
from tests.facts.writing.streams import Batch


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
        await _become_known(room, "")
        places = [room.place("") for _ in range(6)]
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
        places = [room.place("") for _ in range(3)]
        tasks = [asyncio.create_task(_enter(places[number], number, inside)) for number in range(3)]
        await _turns()
        await places[0].__aexit__()
        tasks[1].cancel()
        await _turns()
        assert inside == [0, 2]

    asyncio.run(run())


def test_a_ledger_of_which_nothing_is_known_is_tried_by_one_batch() -> None:
    """Its second waits until the first was decoded, and others' do not; so it is again under other rules."""

    async def run() -> None:
        room = DecodingRoom(at_a_time=8)
        inside: list[int] = []
        places = [room.place("new"), room.place("new"), room.place("other")]
        tasks = [asyncio.create_task(_enter(place, number, inside)) for number, place in enumerate(places)]
        await _turns()
        assert inside == [0, 2]
        await _leave_after(places[0], seconds=0.0)
        await _turns()
        assert inside == [0, 2, 1]
        places = [room.place("new"), room.place("new", "other rules"), room.place("new", "other rules")]
        tasks += [asyncio.create_task(_enter(place, 3 + number, inside)) for number, place in enumerate(places)]
        await _turns()
        assert inside == [0, 2, 1]

    asyncio.run(run())


def test_slow_ledgers_come_in_one_at_a_time() -> None:
    """All of them together, in turn, while quick ones come in as they like; until they have been quick eight times."""

    async def run() -> None:
        room = DecodingRoom(at_a_time=8)
        for ledger in ("slow", "slower", "quick"):
            await _become_known(room, ledger, seconds=0.0 if ledger == "quick" else SLOW_S)
        inside: list[str] = []
        ledgers = ("slow", "slow", "slow", "quick", "slower", "quick")
        places = [room.place(ledger) for ledger in ledgers]
        tasks = [asyncio.create_task(_enter(place, name, inside)) for place, name in zip(places, ledgers, strict=True)]
        await _turns()
        assert inside == ["slow", "quick", "quick"]
        for place, name in ((0, "slow"), (1, "slower"), (4, "slow")):
            await _leave_after(places[place], seconds=2 * SLOW_S)
            await _turns()
            assert inside.pop() == name
        await asyncio.gather(*tasks)
        await _leave_after(places[2], seconds=0.0)
        for _ in range(REMEMBERED - 1):
            await _become_known(room, "slow")
        many = [room.place("slow") for _ in range(3)]
        await asyncio.gather(*(_enter(place, "slow", inside) for place in many))
        assert inside[3:] == ["slow"] * 3

    asyncio.run(run())


def test_a_ledger_whose_batches_fail_is_slow_too() -> None:
    """What a job took is noted, whatever becomes of it."""

    async def run() -> None:
        room = DecodingRoom(at_a_time=8)
        place = room.place("failing")
        await place.__aenter__()
        with pytest.raises(ZeroDivisionError):
            place.work(lambda: 1 // 0)
        await place.__aexit__()
        assert place._seconds is not None

    asyncio.run(run())


Name = TypeVar("Name")


async def _enter(place: Place, name: Name, inside: list[Name]) -> None:
    await place.__aenter__()
    inside.append(name)


async def _leave_after(place: Place, seconds: float) -> None:
    place._seconds = seconds
    await place.__aexit__()


async def _become_known(room: DecodingRoom, ledger: str, seconds: float = 0.0) -> None:
    """One batch of the ledger was decoded, which took so long."""
    place = room.place(ledger)
    await place.__aenter__()
    await _leave_after(place, seconds)


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
