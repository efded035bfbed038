"""Reads the text fixtures: expressions on lines that start with `>> `, and below each what it compiles to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "fixtures"
MARK: Final = ">> "


@dataclass(frozen=True, slots=True)
class Case:
    """One expression, what it compiles to, and the line of the fixture that it stands on."""

    file: str
    line: int
    expression: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def read_cases(file: str) -> list[Case]:
    """The cases of a fixture; an empty line ends a case, and lines that start with # stand between cases."""
    cases: list[Case] = []
    block: list[str] = []
    for number, line in enumerate([*(FOLDER / file).read_text("utf-8").split("\n"), ""], 1):
        if line or not block:
            block += [line] if line and not line.startswith("# ") else []
            continue
        expression = [text.removeprefix(MARK) for text in block if text.startswith(MARK)]
        expected = [text for text in block if not text.startswith(MARK)]
        cases.append(Case(file, number - len(block), "\n".join(expression), "\n".join(expected)))
        block = []
    return cases
