"""What SQLite would find in a write-ahead log if it had to read it from disk now.

See the format, https://www.sqlite.org/fileformat.html#the_write_ahead_log. A checksum goes on from frame to frame: for
each pair of words x and y, `s0 += x + s1; s1 += y + s0`, modulo 2^32. That is linear, so that the part of each frame is
a product with a fixed matrix, and only the sums are followed from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
CHECKED_BYTES: Final = 8
"""Of a frame's header, what its checksum is over: the number of its page, and the pages after a commit."""

MAGIC: Final = 0x377F0682
"""With the lowest bit set, words are read as big-endian, else as little-endian."""

_MASK: Final = 0xFFFF_FFFF

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class LogFrames:
    """The pages of the frames up to the last commit that can be read, in their order, and what each is a copy of."""

    pages: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.int64]

    def last_of(self, page: int) -> bytes | None:
        """The newest copy of a page; None where the log has none."""
        (found,) = np.nonzero(self.numbers == page)
        return self.pages[found[-1]].tobytes() if len(found) else None


def read_frames(content: bytes) -> LogFrames:
    """The frames of a log's bytes that SQLite would take for committed; none where the header is damaged."""
    none = LogFrames(np.zeros((0, 0), np.uint8), np.zeros(0, np.int64))
    if len(content) < HEADER_BYTES or int.from_bytes(content[:4], "big") & ~1 != MAGIC:
        return none
    order: Final = ">u4" if content[3] & 1 else "<u4"
    size = int.from_bytes(content[8:12], "big")
    start = _follow((0, 0), _words(content[: HEADER_BYTES - 8], order))
    if size < 512 or start != _checksum(content, HEADER_BYTES - 8):
        return none
    count = (len(content) - HEADER_BYTES) // (FRAME_HEADER_BYTES + size)
    frames = np.frombuffer(content, np.uint8, count * (FRAME_HEADER_BYTES + size), HEADER_BYTES)
    frames = frames.reshape(count, FRAME_HEADER_BYTES + size)
    last = _last_commit(frames, content[16:24], start, order)
    numbers = frames[:last, :4].copy().view(">u4").astype(np.int64).reshape(-1)
    return LogFrames(frames[:last, FRAME_HEADER_BYTES:], numbers)


def _last_commit(frames: npt.NDArray[np.uint8], salts: bytes, start: tuple[int, int], order: str) -> int:
    """The number of frames up to the last commit of those that follow one another without a fault."""
    same = (frames[:, 8:16] == np.frombuffer(salts, np.uint8)).all(axis=1)
    count = len(frames) if same.all() else int(np.argmin(same))
    heads = frames[:count]
    checked = np.concatenate([heads[:, :CHECKED_BYTES], heads[:, FRAME_HEADER_BYTES:]], axis=1)
    words = checked.view(order).astype(np.uint32)
    matrix, power = _matrix(words.shape[1] // 2)
    parts, told = (words @ matrix).tolist(), heads[:, 16:24].copy().view(">u4").tolist()
    commits = heads[:, 4:8].copy().view(">u4").reshape(-1) > 0
    state, last = start, 0
    for number in range(count):
        state = _times(power, state, parts[number])
        if list(state) != told[number]:
            break
        last = number + 1 if commits[number] else last
    return last


def _matrix(pairs: int) -> tuple[Words, tuple[int, int, int, int]]:
    """What each word adds to both sums after so many pairs, and what those before them are multiplied by."""
    weights = np.zeros((2 * pairs, 2), np.uint32)
    a, b, c, d = 1, 0, 0, 1  # the identity: what the last pair is followed by
    for pair in range(pairs - 1, -1, -1):
        weights[2 * pair] = (a + b) & _MASK, (c + d) & _MASK
        weights[2 * pair + 1] = b, d
        a, b, c, d = (a + b) & _MASK, (a + 2 * b) & _MASK, (c + d) & _MASK, (c + 2 * d) & _MASK
    return weights, (a, b, c, d)


def _times(power: tuple[int, int, int, int], state: tuple[int, int], part: list[int]) -> tuple[int, int]:
    a, b, c, d = power
    return (a * state[0] + b * state[1] + part[0]) & _MASK, (c * state[0] + d * state[1] + part[1]) & _MASK


def _follow(state: tuple[int, int], words: Words) -> tuple[int, int]:
    matrix, power = _matrix(len(words) // 2)
    return _times(power, state, (words @ matrix).tolist())


def _words(content: bytes, order: str) -> Words:
    return np.frombuffer(content, order).astype(np.uint32)


def _checksum(content: bytes, place: int) -> tuple[int, int]:
    first, second = np.frombuffer(content, ">u4", 2, place).tolist()
    return first, second
