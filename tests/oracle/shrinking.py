"""A failing expression taken apart: the smallest part of it, on one row, of which engine and oracle still disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from segmentd.engine import Engine
from segmentd.errors import SegmentdError
from segmentd.language import CompiledExpression
from segmentd.schema import BOOL, DURATION, DataType
from tests.oracle.evaluator import Definitions, RowAnswers
from tests.oracle.terms import Term
from tests.oracle.trial import Difference, Trial
from tests.oracle.world import PROBE, World


@dataclass(frozen=True, slots=True)
class Scene:
    """What a failure was seen in: a world and the segments that were evaluated together."""

    world: World
    engine: Engine
    terms: Mapping[str, Term]
    segments: Mapping[str, CompiledExpression]

    def describe(self, difference: Difference) -> str:
        """The failure for people: the smallest part, the row, both answers and the program."""
        whole = self.terms.get(difference.asked) or self.world.computed_terms.get(difference.asked)
        if whole is None:
            return self._report(f"the inactive segment {difference.asked!r}", difference, "")
        for part in sorted(whole.parts(), key=lambda term: len(term.text)):
            if not part.constant:
                for kind in _ways(part.type):
                    found = self._alone(part, difference.row, as_segment=kind)
                    if found is not None:
                        return self._report(part.text, *found)
        only = f"{difference.asked} (place {difference.place}, only among other rows or segments): {whole.text}"
        return self._report(only, difference, "")

    def _alone(self, part: Term, row: int, *, as_segment: bool) -> tuple[Difference, str] | None:
        """The part's difference on one row, with the program; None if there is none or it cannot stand alone."""
        try:
            probe = self.world.environment.compile(part.text, result=BOOL if as_segment else None)
            trial, definitions = self._with_probe(probe, as_segment=as_segment)
            answer = self._answer(definitions, row)
            differences = trial.differences(self.engine, _on_every_row(answer, row), np.array([row]))
        except SegmentdError:
            return None
        mine = [found for found in differences if found.asked == PROBE]
        return (mine[0], trial.program().render()) if mine else None

    def _with_probe(self, probe: CompiledExpression, *, as_segment: bool) -> tuple[Trial, Definitions]:
        world = self.world
        known = world.definitions(dict(self.segments))
        referred = {name: None if name not in self.segments else self.segments[name].tree for name in known.segments}
        if as_segment:
            trial = Trial(world.population, {**referred, PROBE: probe.tree}, {}, (PROBE,))
            return trial, Definitions(known.computed, {**known.segments, PROBE: probe.checked})
        return Trial(world.population, referred, {PROBE: probe.tree}, ()), Definitions(
            known.computed, {**known.segments, PROBE: probe.checked}
        )

    def _answer(self, definitions: Definitions, row: int) -> RowAnswers:
        population = self.world.population
        answers = self.world.oracle.answers(definitions, [population.rows[row]], population.now_us)[0]
        value = self.world.oracle.values(definitions, PROBE, [population.rows[row]], population.now_us)[0]
        return RowAnswers({**answers.computed, PROBE: value}, answers.segments)

    def _report(self, text: str, difference: Difference, program: str) -> str:
        population = self.world.population
        row = population.rows[difference.row]
        read = {name: value for name, value in row.items() if f".{name}" in text} or row
        computed = "\n".join(
            f"  {spec.id} {spec.type} = {spec.expression}" for spec in population.schema if spec.expression is not None
        )
        return (
            f"{text}\n row {read}\n now {population.now_us}, zone {population.schema.time_zone}\n"
            f" engine {difference.engine!r}, oracle {difference.oracle!r}\n{computed}\n{program}"
        )


def _ways(kind: DataType) -> Iterator[bool]:
    """Whether to ask for the part as a segment, as a computed attribute, or both."""
    if kind == BOOL:
        yield True
    if kind != DURATION:
        yield False


def _on_every_row(answer: RowAnswers, row: int) -> list[RowAnswers]:
    return [answer] * (row + 1)
