"""Many trials over many worlds, with a record of what they covered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

import numpy as np

from segmentd.engine import Engine
from segmentd.language import CompiledExpression
from segmentd.language.overloads import SUPPORTED
from segmentd.language.tree import AttributeRead, Call, ItemsQuantifier, Node, Presence, children, walk_all
from segmentd.schema import BOOL, OWNER_ROLE
from tests.oracle.evaluator import RowAnswers, Verdict
from tests.oracle.populations import population
from tests.oracle.productions import Production
from tests.oracle.shrinking import Scene
from tests.oracle.terms import Term
from tests.oracle.trial import Order, Trial
from tests.oracle.wire import overloads
from tests.oracle.world import RETIRED, Populate, Tally, World

ROW_COUNTS = (0, 1, 63, 64, 65, 4_095, 4_096, 4_097)
SEGMENTS_A_PROGRAM = 24
DISTINCT_ROWS = 40
MAX_FAILURES = 5


@dataclass
class Record:
    """What a campaign did: pairs compared, expressions per overload, verdicts they gave, differences found."""

    tally: Tally = field(default_factory=Tally)
    pairs: int = 0
    programs: int = 0
    expressions: Counter[str] = field(default_factory=Counter)
    verdicts: defaultdict[str, set[Verdict]] = field(default_factory=lambda: defaultdict(set))
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Condition:
    """A generated condition, and whether it turns on one operation, so that its verdicts speak for that."""

    term: Term
    focused: bool


def run_campaign(engine: Engine, seed: int, worlds: int, repeats: int, populate: Populate = population) -> Record:
    """Trials over `worlds` worlds drawn from the seed, each operation `repeats` times in focus in every world.

    Over populations with items, the macros alone are in focus.
    """
    record = Record()
    counts = cycle(ROW_COUNTS)
    for number in range(worlds):
        random = Random(f"{seed}/{number}")  # noqa: S311 - repeatable, not secret
        world = World(random, DISTINCT_ROWS, record.tally, populate)
        planned = [each for each in world.generator.productions if each.macro or populate is population] * repeats
        random.shuffle(planned)
        while planned and len(record.failures) < MAX_FAILURES:
            chosen, planned = planned[:SEGMENTS_A_PROGRAM], planned[SEGMENTS_A_PROGRAM:]
            _Round(world, engine, record).run(chosen, next(counts))
    return record


@dataclass
class _Round:
    """Segments defined one after the other, then evaluated together."""

    world: World
    engine: Engine
    record: Record
    terms: dict[str, Condition] = field(default_factory=dict)
    segments: dict[str, CompiledExpression] = field(default_factory=dict)

    def run(self, productions: Sequence[Production], rows: int) -> None:
        world = self.world
        world.generator.segments[:] = [RETIRED]
        for production in productions:
            self._define(production)
        answers = world.answers(self.segments)
        self._cover(answers)
        order = self._order(rows)
        self.record.pairs += len(self.segments) * len(np.unique(order))
        self.record.programs += 1
        self._compare(answers, order)

    def _define(self, production: Production) -> None:
        random = self.world.random
        depth = random.choice((0, 0, 1, 1, 2, 4))
        term = self.world.condition(production, depth, self.segments)
        if random.random() < 0.2:
            self._add(Condition(self.world.generator.term(BOOL, 5), focused=False))
        if term is not None:
            self._add(Condition(term, focused=depth < 2))

    def _add(self, condition: Condition) -> None:
        expression = self.world.compile(condition.term)
        if expression is not None:
            name = f"s{len(self.segments)}"
            self.segments[name] = expression
            self.terms[name] = condition
            self.world.generator.segments.append(name)

    def _order(self, rows: int) -> Order:
        distinct = len(self.world.population.rows)
        numbers = [self.world.random.randrange(distinct) for _ in range(rows)]
        if rows >= distinct:
            numbers[:distinct] = range(distinct)
        return np.array(numbers, np.int64)

    def _cover(self, answers: Sequence[RowAnswers]) -> None:
        for name, expression in self.segments.items():
            anywhere = {
                part.overload if isinstance(part, Call) else part.quantifier.value
                for part in walk_all(expression.tree)
                if isinstance(part, Call | ItemsQuantifier)
            }
            folded = {name for name in overloads(expression.checked) if name in SUPPORTED}
            self.record.expressions.update(anywhere | folded)
            self.record.expressions[OWNER_ROLE] += _reads_role(expression.tree)
            if self.terms[name].focused:
                for overload in (*_outermost(expression.tree), *(folded - anywhere)):
                    self.record.verdicts[overload] |= {answer.segments[name] for answer in answers}

    def _compare(self, answers: Sequence[RowAnswers], order: Order) -> None:
        trees: dict[str, Node | None] = {name: segment.tree for name, segment in self.segments.items()}
        computed = {name: attribute.tree for name, attribute in self.world.computed.items()}
        trial = Trial(self.world.population, {RETIRED: None, **trees}, computed)
        differences = trial.differences(self.engine, answers, order)
        if differences:
            terms = {name: condition.term for name, condition in self.terms.items()}
            scene = Scene(self.world, self.engine, terms, self.segments)
            self.record.failures.append(scene.describe(differences[0]))


def _reads_role(tree: Node) -> bool:
    return any(isinstance(part, AttributeRead | Presence) and part.id == OWNER_ROLE for part in walk_all(tree))


def _outermost(tree: Node) -> Iterator[str]:
    """The overloads of the outermost operation and of its operands."""
    for node in (tree, *children(tree)):
        if isinstance(node, Call):
            yield node.overload
        elif isinstance(node, ItemsQuantifier):
            yield node.quantifier.value
