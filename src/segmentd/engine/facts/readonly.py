"""Arrays as kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, not to be written through: kernels are compiled once, for inputs that cannot be written."""
    view = array.view(np.int64) if array.dtype == np.float64 else array.view()
    view.flags.writeable = False
    return view
