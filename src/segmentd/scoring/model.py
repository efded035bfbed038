"""Questions and answers of scoring, without their form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine import ComputedValues
from segmentd.plan import Program
from segmentd.schema import Subject
from segmentd.scoring.memberships import Form
from segmentd.scoring.verdicts import Verdicts
from segmentd.segments.catalogue import Catalogue

MAX_SEGMENTS: Final = 4_096
"""Segments that a request may name."""

MAX_COMPUTED: Final = 256
"""Computed attributes that a request may name."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about subjects. No segments: all active ones. `now_us` None: the moment of asking."""

    ledger: str
    subject: Subject = Subject.CUSTOMER
    segments: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    form: Form = Form.COUNTS
    now_us: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A question tied to one state of the catalogue and one moment."""

    question: Question
    catalogue: Catalogue
    segments: tuple[str, ...]
    program: Program
    now_us: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer was computed from. `data_version` 0: the ledger has no resident population."""

    catalogue_version: int
    data_version: int
    now_us: int
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Who is in which segment. `missing`: rows of ids that the ledger lacks, in no segment and counted nowhere."""

    basis: Basis
    verdicts: Verdicts
    computed: tuple[ComputedValues, ...] = ()
    missing: npt.NDArray[np.int64] | None = None
