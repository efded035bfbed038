"""New numbers for the texts, lists and ids that are still referred to, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.pieces import spans
from segmentd.engine.facts.rows import Numbers
from segmentd.engine.facts.texts import EVERY

Used = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Renumbering:
    """The new numbers of what is used, -1 of the rest; `numbers` is None where everything is."""

    count: int
    numbers: Numbers | None = None

    @property
    def changed(self) -> Numbers:
        """The new numbers; none where all are as they were."""
        return EVERY if self.numbers is None else self.numbers

    def of(self, numbers: Numbers) -> Numbers:
        """The new numbers."""
        return numbers if self.numbers is None else self.numbers[numbers]

    def of_codes(self, codes: Numbers) -> Numbers:
        """The new numbers of texts, where the number of texts stands for none of them."""
        if self.numbers is None:
            return codes
        return np.append(self.numbers, np.int32(self.count))[codes]


def renumbered(is_used: Used) -> Renumbering:
    """The numbers of what is used when the rest has gone."""
    if is_used.all():
        return Renumbering(len(is_used))
    numbers = np.cumsum(is_used, dtype=np.int32)
    numbers -= 1
    numbers[~is_used] = -1
    return Renumbering(int(is_used.sum()), numbers)


def used_in(codes: Numbers, count: int) -> Renumbering:
    """What of so many texts is referred to; `count` stands for none of them."""
    is_used = np.zeros(count + 1, np.bool_)
    for part in spans(0, len(codes)):
        is_used[codes[part]] = True
    return renumbered(is_used[:count])


def lists_used(
    offsets: npt.NDArray[np.int32], elements: Numbers, used: Renumbering
) -> tuple[npt.NDArray[np.int32], Numbers]:
    """The lists that are used, one after the other."""
    if used.numbers is None:
        return offsets, elements
    sizes, is_used = np.diff(offsets), used.numbers >= 0
    taken = elements[np.repeat(is_used, sizes)]
    return np.concatenate([[0], np.cumsum(sizes[is_used])]).astype(np.int32), taken
