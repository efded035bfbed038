"""Resident columns with codes give the answers that they give without, and codes that serve are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.column import Batch
from segmentd.engine import Engine, Evaluation, PlaneBuffers
from segmentd.engine.codes.coder import CODES_SHARE, column_bytes
from segmentd.engine.errors import TextLimitError
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.plan.sources import SlicedCodes
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType, Kind, Schema, Subject

EURO = DataType(Kind.DECIMAL, scale=2, currency="EUR")
SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("balance", EURO),
        AttributeSpec("savings", EURO),
        AttributeSpec("income", DOUBLE),
        AttributeSpec("age", INT64, required=True),
        AttributeSpec("city", STRING),
        AttributeSpec("street", STRING),
        AttributeSpec("opened", TIMESTAMP),
        AttributeSpec("student", BOOL),
        AttributeSpec("tags", LIST),
    ),
    time_zone="Europe/Prague",
)
TEXTS = (
    "customer.balance >= 1000.00",
    "customer.balance + customer.savings >= 5000.00",
    "customer.balance + customer.savings < 20000.00 || customer.age * 3 > 100",
    "customer.balance > customer.savings && !customer.student",
    "customer.income / 12.0 >= 250.0 && customer.income != 3000.0",
    "customer.income < 100.0 || has(customer.income)",
    "customer.city == 'city3' || customer.city in ['city5', 'city7']",
    "customer.city.startsWith('city1') && customer.city != 'city12'",
    "customer.street.contains('1')",
    "customer.street.matches('[13579]$') && customer.age >= 40",
    "customer.street.size() > 9 && customer.city.size() == 5",
    "customer.opened.getFullYear() >= 2010 || customer.opened < timestamp('2001-02-03T04:05:06Z')",
    "customer.opened < now - duration('48h')",
    "'vip' in customer.tags || customer.tags.size() == 2",
    "customer.student ? customer.balance > 10.00 : customer.savings > 99.99",
    '"s0" in customer.segments && !("s3" in customer.segments)',
)
NOW_US = 1_700_000_000_000_000


def make_batch(rows: int, seed: int = 5) -> Batch:
    """Rows with missing values in every nullable column, NaN, and sums that overflow."""
    random = np.random.default_rng(seed)

    def missing() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return random.random(rows) < 0.2

    amounts = random.integers(-(10**6), 10**7, rows)
    amounts[::97] = 2**63 - 5
    income = np.round(random.normal(3_000, 2_000, rows), 0)
    income[::41] = np.nan
    cities = [f"city{number}" for number in random.integers(0, 40, rows)]
    streets = [f"street {number}" for number in random.integers(0, 900, rows)]
    tags = [["vip"], ["a", "b"], [], ["c", "vip", "d"]]
    return batch_from_arrow(
        pa.table(
            {
                "balance": pa.array(amounts, mask=missing()),
                "savings": pa.array(random.integers(-(10**6), 10**7, rows), mask=missing()),
                "income": pa.array(income, mask=missing(), from_pandas=False),
                "age": pa.array(random.integers(18, 90, rows).astype(np.int16)),
                "city": pa.array(np.array(cities, object), mask=missing()),
                "street": pa.array(np.array(streets, object), mask=missing()),
                "opened": pa.array(random.integers(0, NOW_US, rows), pa.timestamp("us", "UTC"), mask=missing()),
                "student": pa.array(random.random(rows) < 0.5, mask=missing()),
                "tags": pa.array([tags[number] for number in random.integers(0, 4, rows)]),
            }
        ),
        SCHEMA,
    )


def make_program(texts: Sequence[str] = TEXTS) -> Program:
    """A program of segments s0, s1, ..., one a text."""
    environment = Environment(SCHEMA)
    trees = {f"s{number}": environment.compile(text).tree for number, text in enumerate(texts)}
    return compile_program(list(trees), [], trees, SCHEMA)


def same(first: Evaluation, second: Evaluation) -> bool:
    """Whether both say the same of every row."""
    assert first.members is not None
    assert second.members is not None
    assert first.unknowns is not None
    assert second.unknowns is not None
    pairs = (
        (first.members, second.members),
        (first.unknowns, second.unknowns),
        (first.member_counts, second.member_counts),
        (first.unknown_counts, second.unknown_counts),
    )
    return all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("rows", [1, 64, 4_095, 4_096, 4_097, 3 * 4_096 + 64, 40_000])
def test_codes_change_no_answer(engine: Engine, rows: int) -> None:
    """Numbers, money, text, lists, times, truth values and references: with codes and without, the same."""
    batch, program = make_batch(rows), make_program()
    coded = engine.coded(batch, program.distinctions)
    expected = engine.evaluate(program, batch, NOW_US, planes=True)
    assert same(engine.evaluate(program, coded, NOW_US, planes=True), expected)
    bound = engine.bind(program, coded, NOW_US)
    assert sum(isinstance(column, SlicedCodes) for column in bound.program.columns) > 10


@pytest.mark.parametrize(("start", "stop"), [(64, 128), (4_032, 4_160), (128, 9_000), (4_096, 12_288), (8_192, 20_011)])
def test_ranges_that_begin_and_end_within_blocks(engine: Engine, start: int, stop: int) -> None:
    """Codes lie together by block, and a range of rows may begin at any word of one."""
    batch, program = make_batch(20_011), make_program()
    whole = engine.evaluate(program, batch, NOW_US, planes=True)
    assert whole.members is not None
    bound = engine.bind(program, engine.coded(batch, program.distinctions), NOW_US)
    part = engine.run(bound, start, stop, planes=True)
    plain = engine.run(engine.bind(program, batch, NOW_US), start, stop, planes=True)
    assert same(part, plain)
    words = stop // 64 - start // 64
    assert part.members is not None
    assert (part.members[:, :words] == whole.members[:, start // 64 : stop // 64]).all()


def test_codes_that_tell_apart_enough_are_kept(engine: Engine) -> None:
    """Asked again for less, nothing is made anew; asked for more, only what lacks it."""
    batch, program = make_batch(5_000), make_program()
    first = engine.coded(batch, program.distinctions)
    fewer = make_program(TEXTS[:2])
    again = engine.coded(first, fewer.distinctions)
    assert all(again.codings[key] is first.codings[key] for key in again.codings)
    more = make_program((*TEXTS, "customer.age >= 77"))
    grown = engine.coded(first, more.distinctions.joined(program.distinctions))
    assert grown.codings["age",] is not first.codings["age",]
    assert all(grown.codings[key] is first.codings[key] for key in first.codings if key != ("age",))
    assert same(engine.evaluate(more, grown, NOW_US, planes=True), engine.evaluate(more, batch, NOW_US, planes=True))


def test_codes_stay_within_their_share(engine: Engine) -> None:
    """However much is asked, codes take no more than their share of the columns' bytes."""
    batch = make_batch(5_000)
    program = make_program([f"customer.age * {factor} + customer.age > {factor}" for factor in range(2, 200)])
    coded = engine.coded(batch, program.distinctions)
    codes = sum(coding.bits for coding in coded.codings.values()) / 8
    assert 0 < codes <= column_bytes(batch) * CODES_SHARE
    assert same(
        engine.evaluate(program, coded, NOW_US, planes=True), engine.evaluate(program, batch, NOW_US, planes=True)
    )


def test_buffers_are_written_again(engine: Engine) -> None:
    """Planes that are given again hold the second answer alone, unknowns of the first cleared."""
    batch = make_batch(10_000)
    complete = replace(batch, columns={name: batch.columns[name] for name in ("age",)})
    with_unknowns = make_program(["customer.income > 5.0"])
    without = make_program(["customer.age > 50"])
    buffers = PlaneBuffers(1, 10_000)
    first = engine.run(engine.bind(with_unknowns, batch, 0), 0, 10_000, planes=True, into=buffers)
    assert first.unknowns is buffers.unknowns
    assert first.unknowns.any()
    second = engine.run(engine.bind(without, complete, 0), 0, 10_000, planes=True, into=buffers)
    assert second.unknowns is not None
    assert not second.unknowns.any()
    with pytest.raises(ValueError, match="buffers of 1 segments and 10000 rows were given for results of 1 and 9984"):
        engine.run(engine.bind(without, complete, 0), 0, 9_984, planes=True, into=buffers)


def test_large_results_are_written_past_the_caches(engine: Engine) -> None:
    """Planes of more bytes than the caches hold are right as well, those that begin within a block too."""
    batch, program = make_batch(300_000), make_program(TEXTS * 20)
    bound = engine.bind(program, engine.coded(batch, program.distinctions), NOW_US)
    for start in (0, 64, 512):
        large = engine.run(bound, start, 300_000, planes=True)
        assert PlaneBuffers(len(program.segments), 300_000 - start).is_large
        expected = engine.evaluate(make_program(), batch.slice(start, 300_000), NOW_US, planes=True)
        assert large.members is not None
        assert expected.members is not None
        assert (large.members[: len(TEXTS)] == expected.members).all()
        assert (large.member_counts == np.tile(expected.member_counts, 20)).all()


def test_coding_again_keeps_scattered_conditions(engine: Engine) -> None:
    """Planes of conditions that many classes fulfil here and there stay as long as they are asked for."""
    batch = make_batch(5_000)
    program = make_program([f"customer.street.contains('{number}')" for number in range(40)])
    first = engine.coded(batch, program.distinctions)
    again = engine.coded(first, program.distinctions)
    assert len(first.codings) > 2
    assert again.codings == first.codings


def test_a_text_that_is_too_long_costs_the_others_nothing(engine: Engine) -> None:
    """What cannot be tabulated has no codes; everything else has, and the answer alone says what is wrong."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("note", STRING), AttributeSpec("age", INT64)))
    table = pa.table({"note": ["x" * 70_000, "y"] * 40, "age": list(range(80))})
    batch = batch_from_arrow(table, schema)
    environment = Environment(schema)
    trees = {"a": environment.compile("customer.note.lowerAscii() == 'y' || customer.age >= 5").tree}
    program = compile_program(["a"], [], trees, schema)
    coded = engine.coded(batch, program.distinctions)
    assert set(coded.codings) == {("age",)}
    with pytest.raises(TextLimitError):
        engine.evaluate(program, coded, 0, planes=False)


def test_columns_too_have_codes_within_the_share_alone(engine: Engine) -> None:
    """A column of single bytes with many thresholds is read raw: its codes would nearly double it."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("age", INT64),))
    batch = batch_from_arrow(pa.table({"age": pa.array(np.arange(100, dtype=np.int8))}), schema)
    environment = Environment(schema)
    trees = {f"s{bound}": environment.compile(f"customer.age >= {bound}").tree for bound in range(5, 85)}
    coded = engine.coded(batch, compile_program(list(trees), [], trees, schema).distinctions)
    assert not coded.codings


def test_tasks_have_ended_when_a_failure_is_raised(engine: Engine) -> None:
    """The memory that tasks write to belongs to the caller, who lets go of it when the failure arrives."""
    failed = threading.Event()
    ended: list[bool] = []

    def fail() -> None:
        failed.set()
        raise TextLimitError(["city"], 70_000, 65_536)

    def take_time() -> None:
        failed.wait(10)
        time.sleep(0.2)  # long enough for the failure to arrive before this ends, if nobody waits for it
        ended.append(True)

    with pytest.raises(TextLimitError):
        engine.run_tasks([fail, take_time])
    assert ended == [True]
