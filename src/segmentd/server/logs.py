"""Logs as JSON lines: events with fields, without customers' values, ids or balances."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

LOGGER: Final = logging.getLogger("segmentd.server")

WRITE_DELAY_S: Final = 0.05
"""How long the line of a call may wait for others to be written with."""

MOST_WAITING: Final = 10_000
"""Lines that wait at most; who logs one more writes them."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


class JsonFormatter(logging.Formatter):
    """A line a record: `time` (UTC), `level`, `event`, then the event's fields.

    Records of other libraries, which are no events, are written as their messages; of exceptions in them, whose texts
    may hold a customer's values, only the types.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": moment, "level": record.levelname.lower(), "event": message_of(record)}
        line.update(getattr(record, "fields", {"logger": record.name}))
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["stack"] = stack_of(record.exc_info[2])
        return _ENCODER.encode(line)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes records as lines: at once, but those of calls together with what comes within `WRITE_DELAY_S`.

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
        """Keep the line, and write it with those before it unless it may wait."""
        try:
            self._lines.append(self.format(record))
            if not getattr(record, "may_wait", False) or len(self._lines) > MOST_WAITING:
                self.flush()
            elif len(self._lines) == 1:
                self._some_wait.set()
        except Exception:  # noqa: BLE001 - what cannot be logged must not fail the call
            self.handleError(record)

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


def log_event(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log an event with its fields; fields that are None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    LOGGER.log(level, event, extra={"fields": given})


def log_call(fields: Mapping[str, object]) -> None:
    """Log that a call has ended, which happens so often that its line may wait for others; fields as `log_event`'s."""
    if LOGGER.isEnabledFor(logging.INFO):
        record = logging.LogRecord(LOGGER.name, logging.INFO, __file__, 0, "call", None, None)
        record.fields = {name: value for name, value in fields.items() if value is not None}
        record.may_wait = True
        LOGGER.handle(record)


def message_of(record: logging.LogRecord) -> str:
    """The message of a record with its arguments in it; where these do not fit, the template alone."""
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(type(each).__name__ if isinstance(each, BaseException) else each for each in arguments)
    try:
        return str(record.msg) % arguments if arguments else str(record.msg)
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def stack_of(trace: TracebackType | None) -> list[str]:
    """Where an exception came from, outermost first, without its message: that may hold a customer's values."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def write_logs(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Send the logs of the whole process to a stream, as JSON lines; of Alembic's only what it warns of."""
    handler = LineHandler(stream)
    handler.setFormatter(JsonFormatter())
    # What would be asked of the system for each record, and is in no line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
