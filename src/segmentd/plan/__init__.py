"""Typed trees of the asked segments → one linear program over planes and value registers."""

from segmentd.plan.compile import compile_program
from segmentd.plan.program import Program

__all__ = ["Program", "compile_program"]
