"""Aggregated attributes computed from a book's facts, for everybody or for some, and kept up to date."""

from segmentd.facts.aggregates.answers import compute, compute_all
from segmentd.facts.aggregates.incremental import AggregateState, Patch, Refresh
from segmentd.facts.aggregates.standpoint import Standpoint

__all__ = ["AggregateState", "Patch", "Refresh", "Standpoint", "compute", "compute_all"]
