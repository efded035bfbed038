"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """The exit codes, for scripts. They are described in the help of `segmentd` and in `docs/cli.md`."""

    OK = 0
    INVALID = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    INPUT = 5
    FAILED = 6
    INTERRUPTED = 130
    UNREAD = 141


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.INVALID: "the definitions are not valid, or a check found something",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.UNREACHABLE: "no server answers",
    ExitCode.REFUSED: "the server refuses the request",
    ExitCode.INPUT: "a file cannot be read or written, or its content does not fit",
    ExitCode.FAILED: "the server failed, is overloaded, or took too long",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.UNREAD: "whoever read the output has gone",
}

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."
