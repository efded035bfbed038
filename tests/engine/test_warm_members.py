"""Nothing is compiled when members are taken out, whatever arrays they are in."""

from __future__ import annotations

import json
import subprocess
import sys

PROBE = """
import json, numpy as np, pyarrow as pa
from segmentd.engine.members.sample import extract_sample
from segmentd.kernels.members import cutting, extraction, messages as membership_wire, roaring, transposition
modules = cutting, extraction, membership_wire, roaring, transposition

def is_kept(kernel):
    return hasattr(kernel, "signatures") and kernel._cache.cache_path is not None

def compiled():
    found = [(name, getattr(module, name)) for module in modules for name in dir(module)]
    return {name: len(each.signatures) for name, each in found if is_kept(each)}

extract_sample()
before = compiled()

from segmentd.engine.members.cutting import count_by_row, cut_planes, spread_planes
from segmentd.engine.members.extraction import rows_of, take_numbers, take_texts
from segmentd.scoring.memberships import Form, encode_memberships
from segmentd.scoring.verdicts import Verdicts

wide = np.full((5, 9), 7, np.uint64)
for array in (wide, wide[:, :3], np.frombuffer(wide.tobytes(), np.uint64).reshape(5, 9)):
    rows = array.shape[1] * 64
    counts = np.bitwise_count(array).sum(axis=1, dtype=np.int64)
    for frozen in (False, True):
        counts.flags.writeable = not frozen
        for ids in (None, pa.array([str(row) for row in range(rows)])):
            verdicts = Verdicts(tuple("abcde"), rows, counts, counts, array, array, np.int64(64), ids)
            for form in Form:
                encode_memberships(verdicts, form, lambda size: None)
                encode_memberships(verdicts.cut(5, 70), form, lambda size: None)
    spread_planes(array, np.arange(rows), rows + 5)
    rows_of(array[0]), take_texts(array[0], ids), take_numbers(array[0], np.frombuffer(bytes(8 * rows), np.int64))
print(json.dumps([before, compiled()]))
"""


def test_one_version_of_each_kernel_serves_all() -> None:
    """Arrays that are read-only, slices, or of NumPy's scalars do not make Numba compile another version."""
    run = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    before, after = json.loads(run.stdout)
    assert before == after
    assert len(before) > 10
    assert set(before.values()) == {1}
