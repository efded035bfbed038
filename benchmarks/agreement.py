"""Whether all engines that are installed agree, without timing them: `python -m benchmarks.agreement --rows 5000`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass

from benchmarks.comparison import WrongAnswerError, check
from benchmarks.contenders.contender import Form, Maker, Question
from benchmarks.contenders.resident import ArrivingEngine, ResidentEngine
from benchmarks.dialects.arrays import Verdicts, expected_verdicts
from benchmarks.makers import installed, peers
from benchmarks.population import Population
from benchmarks.preparation import prepare
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS

THREADS = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many ways of an engine gave the expected answers of a scenario, what was wrong, or why it was not asked."""

    scenario: str
    form: Form
    engine: str
    ways: int = 0
    declined: str = ""
    wrong: str = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line of JSON for each engine, form and scenario; exit code 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000, help="customers (default: %(default)s)")
    parser.add_argument("scenarios", nargs="*", help=f"of {', '.join(SCENARIOS)} (default: all of them)")
    options = parser.parse_args(arguments)
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)  # read once, when Polars is imported
    makers = peers(installed())
    failed = False
    for name in options.scenarios or SCENARIOS:
        for agreement in agree(SCENARIOS[name](), options.rows, makers):
            failed = failed or bool(agreement.wrong)
            print(json.dumps(asdict(agreement)), flush=True)
    raise SystemExit(1 if failed else 0)


def agree(scenario: Scenario, rows: int, makers: Sequence[Maker]) -> Iterator[Agreement]:
    """Each engine's answers to all questions in all ways beside the expected ones."""
    population = scenario.draw(rows)
    expected = expected_verdicts(scenario.segments, population)
    for ours in (ResidentEngine, ArrivingEngine):
        yield _agree(ours, Form.NATIVE, scenario, population, expected)
    for form, given in ((Form.NATIVE, (scenario, population)), (Form.PREPARED, prepare(scenario, population))):
        for make in makers:
            yield _agree(make, form, *given, expected)


def _agree(make: Maker, form: Form, scenario: Scenario, population: Population, expected: Verdicts) -> Agreement:
    declined = [make.declines(scenario, question, population.rows) for question in Question]
    if all(declined):
        return Agreement(scenario.name, form, make.name, declined=declined[0] or "")
    ways = 0
    with closing(make(scenario, population, THREADS)) as engine:
        for question in Question:
            for way in engine.ways(question):
                try:
                    check(make.name, way, question, expected, population.rows)
                except WrongAnswerError as error:
                    return Agreement(scenario.name, form, make.name, ways, wrong=str(error))
                ways += 1
    return Agreement(scenario.name, form, make.name, ways)


if __name__ == "__main__":
    main()
