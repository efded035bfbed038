"""Aggregated attributes computed from a book's facts, for everybody or for some, and kept up to date."""

from segmentd.facts.aggregates.answers import compute, compute_all
from segmentd.facts.aggregates.standpoint import Standpoint

__all__ = ["Standpoint", "compute", "compute_all"]
