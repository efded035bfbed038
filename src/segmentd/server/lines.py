"""Lines on a stream: each at once, or some of them together, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Final, TextIO

WRITE_DELAY_S: Final = 0.05
"""How long a line may wait for others to be written with."""

MOST_WAITING: Final = 10_000
"""Lines that wait at most; who adds one more writes them."""


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes records as lines, at once; lines that may wait, together with what comes within `WRITE_DELAY_S`.

    To write the line of each call by itself takes longer than to answer it. No line is left out: where the stream is
    slow, whoever logs waits for it.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: deque[str] = deque()
        self._writing = threading.Lock()
        self._some_wait = threading.Event()
        threading.Thread(target=self._write_late_lines, name="segmentd-logs", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, after what waits."""
        try:
            self.add(self.format(record), may_wait=False)
        except Exception:  # noqa: BLE001 - what cannot be logged must not fail the call
            self.handleError(record)

    def add(self, line: str, *, may_wait: bool) -> None:
        """Keep the line, and write it with those before it unless it may wait."""
        self._lines.append(line)
        if not may_wait or len(self._lines) > MOST_WAITING:
            self.flush()
        elif len(self._lines) == 1:
            self._some_wait.set()

    def flush(self) -> None:
        """Write all lines that wait."""
        with self._writing:
            lines = []
            while self._lines:
                lines.append(self._lines.popleft() + "\n")
            if lines:
                self.stream.write("".join(lines))
                self.stream.flush()

    def _write_late_lines(self) -> None:
        while True:
            self._some_wait.wait()
            time.sleep(WRITE_DELAY_S)
            self._some_wait.clear()
            self.flush()
