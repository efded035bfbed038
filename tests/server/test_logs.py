"""Logs are JSON events that hold no customer's values."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import threading

import pytest

from segmentd.server import lines
from segmentd.server.lines import LineHandler
from segmentd.server.logs import LOGGER, JsonFormatter, log_call


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


CALL = '{"event": "call"}'


class Lines(io.StringIO):
    """A stream that tells when something has been written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def write(self, text: str) -> int:
        """Write and tell."""
        size = super().write(text)
        self.written.set()
        return size


def handler_of(stream: Lines) -> LineHandler:
    """The handler that the server logs with."""
    handler = LineHandler(stream)
    handler.setFormatter(JsonFormatter())
    return handler


def events_in(stream: Lines) -> list[str]:
    """What has been written."""
    return [json.loads(line)["event"] for line in stream.getvalue().splitlines()]


def test_lines_of_calls_are_written_soon() -> None:
    """Nobody has to log something else, or to end the process."""
    stream = Lines()
    handler_of(stream).add(CALL, may_wait=True)
    assert stream.written.wait(20)
    assert events_in(stream) == ["call"]


def test_other_events_are_written_at_once_after_what_was_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines keep their order, and an event that may not wait takes those that do along."""
    monkeypatch.setattr(lines, "WRITE_DELAY_S", 60)
    stream = Lines()
    handler = handler_of(stream)
    handler.add(CALL, may_wait=True)
    assert events_in(stream) == []
    handler.handle(logging.makeLogRecord({"msg": "stopped", "levelname": "INFO", "fields": {}}))
    assert events_in(stream) == ["call", "stopped"]


def test_only_so_many_lines_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs one more writes them all."""
    monkeypatch.setattr(lines, "WRITE_DELAY_S", 60)
    monkeypatch.setattr(lines, "MOST_WAITING", 3)
    stream = Lines()
    handler = handler_of(stream)
    for _ in range(3):
        handler.add(CALL, may_wait=True)
    assert events_in(stream) == []
    handler.add(CALL, may_wait=True)
    assert len(events_in(stream)) == 4


class Failing(Lines):
    """A stream that cannot be written to a number of times."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def write(self, text: str) -> int:
        """Write, or fail as a full disk does."""
        if self.failures:
            self.failures -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)


def test_lines_outlive_a_failed_write(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be written is written later by the same thread, and so is what comes then."""
    monkeypatch.setattr(lines, "RETRY_DELAY_S", 0.01)
    stream = Failing(failures=2)
    handler = handler_of(stream)
    handler.add('{"event": "first"}', may_wait=True)
    assert stream.written.wait(20)
    assert events_in(stream) == ["first"]
    stream.written.clear()
    handler.add('{"event": "second"}', may_wait=True)
    assert stream.written.wait(20)
    assert events_in(stream) == ["first", "second"]
    assert capsys.readouterr().err.count("Logging error") == 1


def test_whoever_logs_is_not_told_that_a_line_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a call nor another event fails by its line; the next one that can be written takes it along."""
    monkeypatch.setattr(lines, "WRITE_DELAY_S", 60)
    monkeypatch.setattr(lines, "RETRY_DELAY_S", 60)
    stream = Failing(failures=2)
    handler = handler_of(stream)
    handler.add(CALL, may_wait=False)
    handler.handle(logging.makeLogRecord({"msg": "stopping", "levelname": "INFO", "fields": {}}))
    assert events_in(stream) == []
    handler.handle(logging.makeLogRecord({"msg": "stopped", "levelname": "INFO", "fields": {}}))
    assert events_in(stream) == ["call", "stopping", "stopped"]


def test_lines_beyond_the_limit_are_counted_while_writes_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the first lines are kept, and then it is said how many are missing."""
    monkeypatch.setattr(lines, "WRITE_DELAY_S", 60)
    monkeypatch.setattr(lines, "RETRY_DELAY_S", 60)
    monkeypatch.setattr(lines, "MOST_WAITING", 3)
    stream = Failing(failures=1)
    handler = handler_of(stream)
    for number in range(10):
        handler.add(f'{{"event": "{number}"}}', may_wait=number > 0)
    assert events_in(stream) == []
    handler.flush()
    handler.add(CALL, may_wait=False)
    assert events_in(stream) == ["0", "1", "2", "log lines were dropped", "call"]
    assert json.loads(stream.getvalue().splitlines()[3])["lines"] == 7


def test_no_line_is_lost_among_threads() -> None:
    """Many threads log while lines are written; each line is there once, whole."""
    stream = Lines()
    handler = handler_of(stream)

    def log_some(thread: int) -> None:
        for number in range(500):
            handler.add(f'{{"event": "{thread}-{number}"}}', may_wait=number % 50 > 0)

    threads = [threading.Thread(target=log_some, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    assert sorted(events_in(stream)) == sorted(f"{thread}-{number}" for thread in range(4) for number in range(500))


def test_the_line_of_a_call_is_as_of_any_other_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written without a record, it has the same members in the same order; so where others listen too."""
    stream, other = Lines(), Lines()
    handler = handler_of(stream)
    second = logging.StreamHandler(other)
    second.setFormatter(JsonFormatter())
    monkeypatch.setattr(LOGGER, "level", logging.INFO)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    log_call("/a/B", "OK", 0.25, 3)
    log_call("/a/B", "CANCELLED", 1e-05, None)
    handler.flush()
    monkeypatch.setattr(logging.root, "handlers", [second])
    log_call("/a/B", "OK", 0.25, 3)
    log_call("/a/B", "CANCELLED", 1e-05, None)
    written, usual = ([json.loads(line) for line in each.getvalue().splitlines()] for each in (stream, other))
    assert [list(line) for line in written] == [list(line) for line in usual]
    for line in (*written, *usual):
        assert len(line.pop("time")) == len("2026-01-01T00:00:00.000+00:00")
    assert written == usual
