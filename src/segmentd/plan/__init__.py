"""Typed trees of the asked segments → one linear program over planes and value registers."""

from segmentd.plan.checking import check_expression, compile_plannable
from segmentd.plan.compile import compile_program
from segmentd.plan.program import Program

__all__ = ["Program", "check_expression", "compile_plannable", "compile_program"]
