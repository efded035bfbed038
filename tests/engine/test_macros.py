"""Macros over items in whole programs: whose items they are, what they read, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.column import Batch, BoolColumn, FixedColumn, ItemsOf, TextColumn
from segmentd.columns.gather import gather
from segmentd.columns.planes import unpack
from segmentd.engine import Engine, Evaluation
from segmentd.engine import items as items_module
from segmentd.engine.engine import estimate_cost_s
from segmentd.engine.errors import RequiredAttributeMissingError
from segmentd.engine.facts.segmented import Owned, RunTasks, Truths, fold
from segmentd.engine.short_scores.program import short_program
from segmentd.language import Environment
from segmentd.language.tree import Quantifier
from segmentd.plan import Program, compile_program
from segmentd.schema import BOOL, DATE, INT64, STRING, AttributeSpec, DataType, Kind, Schema, Subject

EUR = DataType(Kind.DECIMAL, 2, "EUR")
ACCOUNTS = Schema(
    Subject.ACCOUNT,
    (
        AttributeSpec("kind", STRING),
        AttributeSpec("balance", EUR),
        AttributeSpec("opened", DATE),
        AttributeSpec("note", STRING),
        AttributeSpec("rank", INT64, required=True),
        AttributeSpec("rich", BOOL, expression="account.balance > 1000"),
    ),
)
CUSTOMERS = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("wanted", STRING),
        AttributeSpec("floor", EUR),
        AttributeSpec("saves", BOOL, expression="customer.accounts.exists(a, a.kind == 'SAVINGS')"),
        AttributeSpec("holdings", INT64, expression="customer.accounts.filter(a, a.balance > 0).size()"),
    ),
)
ENVIRONMENT = Environment(CUSTOMERS, {"accounts": ACCOUNTS})
OWNERS = Environment(ACCOUNTS, {"owners": CUSTOMERS})

BALANCES = (50_000, 200_000, None, -100)
KINDS = ("SAVINGS", "CHECKING", "SAVINGS", None)
HELD = ((0, 1), (), (1, 3), (2,))
"""The accounts of ada, bob, cyd and dee; the second belongs to two of them."""


def accounts() -> Batch:
    """Four accounts, without a column of notes."""
    table = pa.table(
        {
            "kind": pa.array(KINDS, pa.string()),
            "balance": pa.array([None if b is None else Decimal(b) / 100 for b in BALANCES], pa.decimal128(18, 2)),
            "opened": pa.array([0, 10, 20, None], pa.int32()).cast(pa.date32()),
            "rank": [1, 2, 3, 4],
        }
    )
    return batch_from_arrow(table, ACCOUNTS)


def items(held: Sequence[Sequence[int]], batch: Batch) -> ItemsOf:
    """The items of each row."""
    offsets = np.concatenate(([0], np.cumsum([len(places) for places in held]))).astype(np.int64)
    return ItemsOf(offsets, np.array([place for places in held for place in places], np.int64), batch)


def customers(times: int = 1) -> Batch:
    """Four customers with their accounts, so many times."""
    table = pa.table(
        {
            "wanted": pa.array(["SAVINGS", "SAVINGS", "CHECKING", None] * times, pa.string()),
            "floor": pa.array([Decimal(100), Decimal(100), Decimal(5000), None] * times, pa.decimal128(18, 2)),
        }
    )
    batch = batch_from_arrow(table, CUSTOMERS)
    return Batch(batch.rows, batch.columns, items={"accounts": items(HELD * times, accounts())})


def program(texts: Mapping[str, str], environment: Environment = ENVIRONMENT) -> Program:
    """The program of segments by id."""
    trees = {name: environment.compile(text).tree for name, text in texts.items()}
    return compile_program(list(trees), [], trees, environment.schema)


def verdicts(evaluation: Evaluation, segment: int = 0) -> list[bool | None]:
    """Who is in, None where it is unknown."""
    assert evaluation.members is not None
    assert evaluation.unknowns is not None
    members, unknowns = (
        unpack(np.ascontiguousarray(planes[segment]), evaluation.rows)
        for planes in (evaluation.members, evaluation.unknowns)
    )
    return [None if lost else bool(there) for there, lost in zip(members, unknowns, strict=True)]


def judged(engine: Engine, text: str, batch: Batch | None = None) -> list[bool | None]:
    """What a segment says of the four customers."""
    return verdicts(engine.evaluate(program({"s": text}), batch or customers(), 0, planes=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.accounts.exists(a, a.kind == 'SAVINGS')", [True, False, False, True]),
        ("customer.accounts.exists(a, a.balance > 100)", [True, False, True, None]),
        ("customer.accounts.exists(a, a.balance > 3000)", [False, False, False, None]),
        ("customer.accounts.all(a, a.balance > 100)", [True, True, False, None]),
        ("customer.accounts.exists_one(a, a.balance > 1000)", [True, False, True, None]),
        ("customer.accounts.filter(a, a.balance > 0).size() == 2", [True, False, False, None]),
        ("customer.accounts.size() == 2", [True, False, True, False]),
        ("has(customer.accounts)", [True, False, True, True]),
        ("customer.accounts.all(a, a.rich)", [False, True, False, None]),
        ("!customer.accounts.exists(a, a.rich)", [False, True, False, None]),
        ("customer.saves && customer.holdings == 2", [True, False, False, None]),
        ("customer.accounts.exists(a, true)", [True, False, True, True]),
        ("customer.accounts.all(a, a.opened < now)", [False, True, False, False]),
    ],
)
def test_macros_of_accounts(engine: Engine, text: str, expected: list[bool | None]) -> None:
    """True wins over unknown in exists, false in all; counts and exists_one are unknown where any account is."""
    assert judged(engine, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.accounts.exists(a, a.kind == customer.wanted)", [True, False, True, False]),
        ("customer.accounts.exists(a, a.balance >= customer.floor)", [True, False, False, None]),
        ("customer.accounts.exists(a, a.rich) && customer.floor > 1000", [False, False, True, None]),
        ("customer.accounts.exists(a, a.rich && customer.floor > 1000)", [False, False, True, None]),
    ],
)
def test_the_owner_is_read_inside(engine: Engine, text: str, expected: list[bool | None]) -> None:
    """An account of two customers is looked at with the attributes of each."""
    assert judged(engine, text) == expected


ROLES = (("OWNER", "JOINT"), (), ("OWNER", "PROXY"), ("OWNER",))
"""The roles that the four have on the accounts of `HELD`."""


def with_roles(times: int = 1) -> Batch:
    """The four customers with their accounts and roles."""
    batch = customers(times)
    names = sorted({role for roles in ROLES for role in roles})
    codes = np.array([names.index(role) for roles in ROLES * times for role in roles], np.int32)
    linked = {"owner.role": TextColumn(codes, pa.array(names, pa.string()))}
    return replace(batch, items={"accounts": replace(batch.items["accounts"], linked=linked)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.accounts.exists(a, a.role == 'JOINT')", [True, False, False, False]),
        ("customer.accounts.exists(a, a.role == 'OWNER' && a.balance > 1000)", [False, False, True, None]),
        ("customer.accounts.all(a, a.role.startsWith('O') || a.kind == customer.wanted)", [False, True, False, True]),
        ("customer.accounts.filter(a, a.role != 'OWNER' && a.rank > 1).size() == 1", [True, False, True, False]),
        ("customer.accounts.exists(a, !has(a.role) || a.role == null)", [False] * 4),
    ],
)
@pytest.mark.parametrize("times", [1, 2_000])
def test_roles_are_those_of_the_pair(engine: Engine, text: str, expected: list[bool | None], times: int) -> None:
    """One account has another role in the list of another customer; in slices and gathered rows, too."""
    batch = with_roles(times)
    assert judged(engine, text, batch) == expected * times
    if times > 1:
        assert judged(engine, text, batch.slice(64, 256)) == (expected * times)[64:256]
    rows = np.array([3, 0, 2, 0])
    assert judged(engine, text, gather(batch, rows)) == [expected[row] for row in rows]
    assert judged(engine, text, gather(batch.slice(0, 0), np.zeros(0, np.int64))) == []


def test_accounts_have_owners(engine: Engine) -> None:
    """A segment of accounts goes over their owners by the same macros."""
    owners = customers()
    held = [[row for row, places in enumerate(HELD) if place in places] for place in range(4)]
    batch = Batch(4, accounts().columns, items={"owners": items(held, Batch(owners.rows, owners.columns))})
    texts = {
        "joint": "account.owners.size() > 1",
        "demanding": "account.owners.exists(o, o.floor > 1000)",
        "matching": "account.owners.all(o, o.wanted == account.kind)",
    }
    evaluation = engine.evaluate(program(texts, OWNERS), batch, 0, planes=True)
    assert [verdicts(evaluation, number) for number in range(3)] == [
        [False, True, False, False],
        [False, True, None, True],
        [True, False, False, False],
    ]


def test_segments_refer_to_segments_with_macros(engine: Engine) -> None:
    """Unknown passes through a reference, and the macro is folded once."""
    asked = program(
        {
            "rich": "customer.accounts.exists(a, a.rich)",
            "poor": "!('rich' in customer.segments)",
            "saver": "'rich' in customer.segments && customer.accounts.exists(b, b.rich) && customer.saves",
        }
    )
    assert [len(part.columns) for part in asked.items] == [2]
    evaluation = engine.evaluate(asked, customers(), 0, planes=True)
    assert verdicts(evaluation, 1) == [False, True, False, None]
    assert verdicts(evaluation, 2) == [True, False, False, None]


def test_values_of_computed_attributes(engine: Engine) -> None:
    """A count and a truth value come out as values, missing nowhere and unknown where an account is."""
    trees = [(name, ENVIRONMENT.compile(f"customer.{name}", result=None).tree) for name in ("holdings", "saves")]
    evaluation = engine.evaluate(compile_program([], trees, {}, CUSTOMERS), customers(), 0, planes=False)
    count, saves = evaluation.computed
    assert [value for value, there in zip(count.values, unpack(count.present, 4), strict=True) if there] == [2, 0, 1]
    assert unpack(count.unknown, 4).tolist() == [False, False, False, True]
    assert saves.values.tolist() == [True, False, False, True]


def test_any_range_and_any_selection(engine: Engine) -> None:
    """Ranges of a bound program, slices and gathered rows say what the whole batch says of those rows."""
    texts = {"a": "customer.accounts.exists(a, a.rich)", "b": "customer.accounts.all(a, a.balance >= customer.floor)"}
    asked, batch = program(texts), customers(2_500)
    whole = engine.evaluate(asked, batch, 0, planes=True)
    expected = [verdicts(whole, number) for number in range(2)]
    bound = engine.bind(asked, batch, 0)
    for start, stop in ((0, 64), (64, 4_160), (4_096, 10_000), (9_984, 9_987)):
        some = engine.run(bound, start, stop, planes=True)
        sliced = engine.evaluate(asked, batch.slice(start, stop), 0, planes=True)
        for number in range(2):
            assert verdicts(some, number) == verdicts(sliced, number) == expected[number][start:stop]
    rows = np.array([9_999, 3, -1, 0, 3])
    gathered = engine.evaluate(asked, gather(batch, rows), 0, planes=True)
    for number in range(2):
        found = verdicts(gathered, number)
        assert [found[place] for place in (0, 1, 3, 4)] == [expected[number][row] for row in (9_999, 3, 0, 3)]
    assert verdicts(gathered, 0)[2] is False


@pytest.mark.parametrize("copies", [1, 2_000])
def test_of_subjects_without_items_nothing_is_known(engine: Engine, copies: int) -> None:
    """Features that are sent have no accounts: every macro over them is unknown, and the answer names them."""
    texts = {
        "rich": "customer.accounts.exists(a, a.rich)",
        "all": "customer.accounts.all(a, a.rank == 1 && customer.floor > 0)",
        "one": "customer.accounts.exists_one(a, a.rich)",
        "count": "customer.accounts.filter(a, a.rich).size() == 0",
        "size": "customer.accounts.size() >= 0",
        "there": "!has(customer.accounts)",
        "computed": "customer.saves",
        "decided": "customer.accounts.exists(a, a.rich) || true",
        "apart": "has(customer.wanted) || !has(customer.wanted)",
    }
    without = Batch(4 * copies, customers(copies).columns)
    evaluation = engine.evaluate(program(texts), without, 0, planes=True)
    for number in range(7):
        assert verdicts(evaluation, number) == [None] * 4 * copies
    assert evaluation.unknown_counts.tolist() == [4 * copies] * 7 + [0, 0]
    assert evaluation.member_counts.tolist() == [0] * 7 + [4 * copies] * 2
    assert evaluation.absent == ("customer.accounts",)
    assert engine.evaluate(program({"apart": texts["apart"]}), without, 0, planes=True).absent == ()


def test_absent_attributes_of_items_are_named(engine: Engine) -> None:
    """A nullable one without a column is missing on every account, and the answer says so."""
    asked = program({"s": "customer.accounts.exists(a, a.note == null && customer.floor > 0)"})
    batch = customers()
    without = Batch(4, {"wanted": batch.columns["wanted"]}, items=batch.items)
    evaluation = engine.evaluate(asked, without, 0, planes=True)
    assert evaluation.absent == ("floor", "account.note")
    assert verdicts(evaluation) == [None, False, None, None]


def test_required_attributes_of_items(engine: Engine) -> None:
    """One that accounts lack fails the call, by the names of the segments that were asked for."""
    held = accounts()
    without = Batch(held.rows, {name: column for name, column in held.columns.items() if name != "rank"})
    batch = Batch(4, customers().columns, items={"accounts": items(HELD, without)})
    with pytest.raises(RequiredAttributeMissingError, match="'rank' has no column; it is needed by top"):
        engine.evaluate(program({"top": "customer.accounts.exists(a, a.rank == 1)"}), batch, 0, planes=True)


def test_macros_take_time_and_no_short_way() -> None:
    """They count in the estimate of a program's cost, and no program over single words of rows stands for one."""
    with_macro, without = program({"s": "customer.accounts.exists(a, a.rich)"}), program({"s": "has(customer.floor)"})
    assert estimate_cost_s(with_macro, 1_000) > estimate_cost_s(without, 1_000)
    assert short_program(with_macro) is None
    assert short_program(without) is not None


def test_what_is_kept_of_residents(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds of many rows are kept with their items and the owners' columns: of others, and with `now`, they are new."""
    texts = {
        "kept": "customer.accounts.exists(a, a.rich)",
        "now": "customer.accounts.exists(a, a.opened < now)",
        "owner": "customer.accounts.exists(a, a.kind == customer.wanted)",
    }
    asked, batch, made = program(texts), customers(items_module.KEPT_ROWS // 4), []

    def noted(quantifier: Quantifier, owned: Owned, truths: Truths, run: RunTasks) -> BoolColumn | FixedColumn:
        made.append(quantifier)
        return fold(quantifier, owned, truths, run)

    monkeypatch.setattr(items_module, "fold", noted)
    first = engine.evaluate(asked, batch, 86_400_000_000, planes=True)
    again = engine.evaluate(asked, batch, 86_400_000_000 * 15, planes=True)
    assert len(made) == 3 + 1
    assert verdicts(first, 0) == verdicts(again, 0) == [True, False, True, None] * (items_module.KEPT_ROWS // 4)
    assert verdicts(first, 1)[:4] == [True, False, None, False]
    assert verdicts(again, 1)[:4] == [True, False, True, False]
    others = Batch(batch.rows, batch.columns, items={"accounts": items([[2]] * batch.rows, accounts())})
    assert not any(verdicts(engine.evaluate(asked, others, 0, planes=True), 0))
    assert len(made) == 3 + 1 + 3
    owners = {**batch.columns, "wanted": others.slice(0, batch.rows).columns["wanted"]}
    assert engine.evaluate(asked, replace(batch, columns=owners), 0, planes=True).member_counts[2] == batch.rows // 2
    assert len(made) == 3 + 1 + 3 + 2
    unknown = engine.evaluate(asked, replace(batch, columns={}), 0, planes=True)
    assert len(made) == 3 + 1 + 3 + 2 + 2
    assert verdicts(unknown, 2)[:4] == [False, False, True, False]


def test_nobody_at_all(engine: Engine) -> None:
    """An empty batch, and one over no accounts at all, are answered."""
    text = "customer.accounts.exists(a, a.rich) || customer.accounts.all(a, a.kind == customer.wanted)"
    assert judged(engine, text, customers().slice(0, 0)) == []
    nothing = gather(accounts(), np.zeros(0, np.int64))
    batch = Batch(4, customers().columns, items={"accounts": items(((), (), (), ()), nothing)})
    assert judged(engine, text, batch) == [True] * 4
