"""Single expressions over given rows: what the engine says, after checking that the oracle says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentd.engine import Engine
from segmentd.language import Environment
from segmentd.schema import Schema
from tests.oracle.evaluator import UNKNOWN, Answer, Definitions, Oracle
from tests.oracle.populations import plain
from tests.oracle.subjects import Row
from tests.oracle.trial import Trial


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges expressions over the rows of one schema."""

    engine: Engine
    schema: Schema
    rows: Sequence[Row]
    now_us: int = 0

    def verdicts(self, text: str) -> list[bool | None]:
        """Whether each row is a member of the segment `text`; None where that is unknown."""
        return self.together({"asked": text})["asked"]

    def together(self, texts: Mapping[str, str | None]) -> dict[str, list[bool | None]]:
        """The same of several segments in one program, each after those it refers to; None is an inactive one."""
        environment = Environment(self.schema)
        compiled = {name: None if text is None else environment.compile(text) for name, text in texts.items()}
        trees = {name: None if segment is None else segment.tree for name, segment in compiled.items()}
        checked = {name: None if segment is None else segment.checked for name, segment in compiled.items()}
        definitions = Definitions(self._computed(environment), checked)
        answers = Oracle(self.schema).answers(definitions, self.rows, self.now_us)
        trial = Trial(plain(self.schema, self.rows, self.now_us), trees, {})
        differences = trial.differences(self.engine, answers, np.arange(len(self.rows)))
        assert not differences, [(texts[found.asked], self.rows[found.row], found) for found in differences]
        return {name: [_plain(row.segments[name]) for row in answers] for name in texts}

    def values(self, text: str) -> list[Answer]:
        """The value of any expression on each row, as a computed attribute's; UNKNOWN where CEL fails."""
        environment = Environment(self.schema)
        compiled = environment.compile(text, result=None)
        definitions = Definitions({**self._computed(environment), "asked": compiled.checked}, {})
        answers = Oracle(self.schema).answers(definitions, self.rows, self.now_us)
        trial = Trial(plain(self.schema, self.rows, self.now_us), {}, {"asked": compiled.tree})
        differences = trial.differences(self.engine, answers, np.arange(len(self.rows)))
        assert not differences, [(text, self.rows[found.row], found) for found in differences]
        return [row.computed["asked"] for row in answers]

    def _computed(self, environment: Environment) -> dict[str, bytes]:
        return {
            spec.id: environment.compile(spec.expression, result=spec.type, itself=spec.id).checked
            for spec in self.schema
            if spec.expression is not None
        }


def _plain(answer: Answer) -> bool | None:
    assert answer is UNKNOWN or isinstance(answer, bool)
    return None if answer is UNKNOWN else bool(answer)
