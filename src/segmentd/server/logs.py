"""Logs as JSON lines: events with fields, without customers' values, ids or balances."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

LOGGER: Final = logging.getLogger("segmentd.server")


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
        return json.dumps(line, ensure_ascii=False, default=str)


def log_event(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log an event with its fields; fields that are None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    LOGGER.log(level, event, extra={"fields": given})


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
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
