"""Generated expressions as trees of text, so that a failing one can be taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segmentd.schema import DataType


@dataclass(frozen=True, slots=True)
class Term:
    """An expression of a type: a pattern with `{}` for each operand, or plain text if it has none.

    `tabulable`: it may stand below an operation on text, which is evaluated once per distinct combination of
    its inputs, so that only texts, lists, integers and booleans may occur there.
    `constant`: it reads nothing, so that it is folded when it is defined.
    """

    type: DataType
    pattern: str
    operands: tuple[Term, ...] = ()
    tabulable: bool = True
    constant: bool = False

    @property
    def text(self) -> str:
        """The expression in CEL."""
        if not self.operands:
            return self.pattern
        return self.pattern.format(*(operand.text for operand in self.operands))

    def parts(self) -> Iterator[Term]:
        """The term and all below it, smallest last."""
        yield self
        for operand in self.operands:
            yield from operand.parts()


def compose(kind: DataType, pattern: str, *operands: Term, tabulable: bool | None = None) -> Term:
    """An operation on operands; tabulable when all are, unless told otherwise."""
    everywhere = all(operand.tabulable for operand in operands) if tabulable is None else tabulable
    return Term(kind, pattern, operands, everywhere, all(operand.constant for operand in operands))
