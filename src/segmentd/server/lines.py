"""Lines on a stream: each at once, or some of them together, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final, TextIO

WRITE_DELAY_S: Final = 0.05
"""How long a line may wait for others to be written with."""

RETRY_DELAY_S: Final = 1.0
"""How long lines wait that could not be written."""

MOST_WAITING: Final = 10_000
"""Lines that wait at most; who adds one more writes them."""


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes records as lines, at once; lines that may wait, together with what comes within `WRITE_DELAY_S`.

    To write the line of each call by itself takes longer than to answer it. Where the stream is slow, whoever logs
    waits for it. Where it fails, nobody who logs is told: lines wait until it can be written to again, and what a
    failed attempt wrote of them is there twice then; of those beyond `MOST_WAITING` only the number is written.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: deque[str] = deque()
        self._taken: list[str] = []
        self._dropped = 0
        self._is_failing = False
        self._writing = threading.Lock()
        self._dropping = threading.Lock()
        self._some_wait = threading.Event()
        threading.Thread(target=self._write_late_lines, name="segmentd-logs", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, after what waits."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - what cannot be logged must not fail the call
            self._report(record)
        else:
            self.add(line, may_wait=False)

    def add(self, line: str, *, may_wait: bool) -> None:
        """Keep the line, and write it with those before it unless it may wait."""
        if self._is_failing and len(self._lines) + len(self._taken) >= MOST_WAITING:
            with self._dropping:
                self._dropped += 1
            return
        self._lines.append(line)
        if not may_wait or len(self._lines) > MOST_WAITING:
            self.flush()
        elif not self._some_wait.is_set():
            self._some_wait.set()

    def flush(self) -> None:
        """Write all lines that wait. If that fails they go on waiting; the first such failure is reported."""
        with self._writing:
            try:
                self._write_lines()
            except Exception:  # noqa: BLE001 - neither a call nor the thread may end by what cannot be written
                self._some_wait.set()
                if not self._is_failing:
                    self._is_failing = True
                    self._report(_record("log lines could not be written"))
            else:
                self._is_failing = False

    def _write_lines(self) -> None:
        while self._lines:
            self._taken.append(self._lines.popleft() + "\n")
        self._write_taken()
        with self._dropping:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            self._taken.append(self.format(_record("log lines were dropped", lines=dropped)) + "\n")
            self._write_taken()

    def _write_taken(self) -> None:
        if self._taken:
            self.stream.write("".join(self._taken))
            self.stream.flush()
            self._taken.clear()

    def _report(self, record: logging.LogRecord) -> None:
        """Tell as `logging` does, on the standard error stream, which may be closed or full as well."""
        with suppress(Exception):
            self.handleError(record)

    def _write_late_lines(self) -> None:
        while True:
            self._some_wait.wait()
            time.sleep(RETRY_DELAY_S if self._is_failing else WRITE_DELAY_S)
            self._some_wait.clear()
            self.flush()


def _record(event: str, **fields: object) -> logging.LogRecord:
    about = {"name": __name__, "levelname": "WARNING", "levelno": logging.WARNING, "msg": event, "fields": fields}
    return logging.makeLogRecord(about)
