"""Programs × columns → results, on a pool of threads."""

from segmentd.engine.binding import Bound
from segmentd.engine.engine import Engine, estimate_cost_s
from segmentd.engine.errors import DistinctLimitError, EvaluationCancelledError, RequiredAttributeMissingError
from segmentd.engine.evaluation import ComputedValues, Evaluation, PlaneBuffers
from segmentd.engine.warm import WarmReport, warm

__all__ = [
    "Bound",
    "ComputedValues",
    "DistinctLimitError",
    "Engine",
    "Evaluation",
    "EvaluationCancelledError",
    "PlaneBuffers",
    "RequiredAttributeMissingError",
    "WarmReport",
    "estimate_cost_s",
    "warm",
]
