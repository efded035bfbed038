"""Logs as JSON lines: events with fields, without customers' values, ids or balances."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

from segmentd.server.lines import LineHandler

LOGGER: Final = logging.getLogger("segmentd.server")

_PARENT: Final = logging.getLogger("segmentd")

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


class _Clock:
    """Tells moments in UTC; those of the same second, of which there are many, without asking the calendar."""

    def __init__(self) -> None:
        self._last = (0, "1970-01-01T00:00:00")

    def tell(self, moment_s: float) -> str:
        """The moment, cut off to milliseconds, as ISO 8601."""
        second = int(moment_s)
        last, text = self._last
        if last != second:
            text = datetime.fromtimestamp(second, UTC).isoformat()[:19]
            self._last = (second, text)
        return f"{text}.{int((moment_s - second) * 1_000):03d}+00:00"


_CLOCK: Final = _Clock()


class JsonFormatter(logging.Formatter):
    """A line a record: `time` (UTC), `level`, `event`, then the event's fields.

    Records of other libraries, which are no events, are written as their messages; of exceptions in them, whose texts
    may hold a customer's values, only the types.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        moment = _CLOCK.tell(record.created)
        line: dict[str, object] = {"time": moment, "level": record.levelname.lower(), "event": message_of(record)}
        line.update(getattr(record, "fields", {"logger": record.name}))
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["stack"] = stack_of(record.exc_info[2])
        return _ENCODER.encode(line)


def log_event(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log an event with its fields; fields that are None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    LOGGER.log(level, event, extra={"fields": given})


def log_call(method: str, code: str, duration_ms: float, rows: int | None) -> None:
    """Log that a call has ended well, or was cancelled: an event like others, whose line may wait for more.

    Where nobody but the server's own handler listens, the line is written without a record and an encoder, which take
    longer than all else that is done around a call.
    """
    handlers = logging.root.handlers
    if len(handlers) != 1 or not isinstance(handlers[0], LineHandler) or LOGGER.handlers or _PARENT.handlers:
        log_event("call", method=method, code=code, duration_ms=duration_ms, rows=rows)
    elif LOGGER.isEnabledFor(logging.INFO):
        about = f'"method": "{method}", "code": "{code}", "duration_ms": {duration_ms}'
        told = about if rows is None else f'{about}, "rows": {rows}'
        line = f'{{"time": "{_CLOCK.tell(time.time())}", "level": "info", "event": "call", {told}}}'
        handlers[0].add(line, may_wait=True)


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
