"""Logs are JSON events that hold no customer's values."""

from __future__ import annotations

import io
import json
import logging

from segmentd.server.logs import JsonFormatter


def line_of(record: logging.LogRecord) -> dict[str, object]:
    """The record as it would be written."""
    line: dict[str, object] = json.loads(JsonFormatter().format(record))
    return line


def test_an_event_is_one_line_with_its_fields() -> None:
    """An event has time, level, name and fields on one line."""
    record = logging.makeLogRecord({"msg": "call", "levelname": "INFO", "fields": {"method": "/x\n", "rows": 3}})
    assert "\n" not in JsonFormatter().format(record)
    line = line_of(record)
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {"level": "info", "event": "call", "method": "/x\n", "rows": 3}


def test_records_of_other_libraries_are_written_as_their_messages() -> None:
    """The arguments are put in; an exception among them, which may say anything, is written as its type."""
    line = line_of(logging.makeLogRecord({"name": "grpc", "msg": "%s failed: %s", "args": ("x", ValueError("Jana"))}))
    assert (line["event"], line["logger"]) == ("x failed: ValueError", "grpc")
    named = logging.makeLogRecord({"msg": "port %(port)d"})
    named.args = {"port": 7}
    assert line_of(named)["event"] == "port 7"


def test_a_record_whose_arguments_do_not_fit_is_written_all_the_same() -> None:
    """A defect in another library's logging loses no line."""
    assert line_of(logging.makeLogRecord({"msg": "100% of %d", "args": ("x",)}))["event"] == "100% of %d"
    assert line_of(logging.makeLogRecord({"msg": "100%"}))["event"] == "100%"


def test_an_exception_is_written_without_its_message() -> None:
    """Of an exception the type and the places are written, not the message, which may hold a value."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("test")  # noqa: LOG001 - one that nothing else logs to
    logger.addHandler(handler)
    try:
        int("Jana Nováková")
    except ValueError:
        logger.exception("defect")
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert any("test_an_exception_is_written_without_its_message" in place for place in line["stack"])
    assert "Jana" not in stream.getvalue()
