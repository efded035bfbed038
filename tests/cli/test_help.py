"""The command line answers at once, without what its commands need."""

import os
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from segmentd.cli.exits import MEANINGS
from segmentd.cli.main import app

HEAVY = {"numpy", "numba", "grpc", "pyarrow", "google.protobuf", "sqlalchemy", "cel_expr_python", "yaml"}
COMMANDS = (
    ["serve"],
    ["demo"],
    ["warmup"],
    ["check"],
    ["evaluate"],
    ["balances"],
    ["ledgers", "list"],
    ["ledgers", "create"],
    ["ledger", "write"],
    ["ledger", "import"],
    ["ledger", "jobs"],
    ["ledger", "job"],
    ["ledger", "cancel"],
    ["ledger", "rejects"],
    ["ledger", "status"],
    ["ledger", "erase"],
    ["ledger", "verify"],
    ["ledger", "rules", "list"],
    ["ledger", "rules", "apply"],
    ["segments", "list"],
    ["segments", "get"],
    ["segments", "apply"],
    ["segments", "delete"],
    ["attributes", "list"],
    ["attributes", "get"],
    ["attributes", "create"],
    ["attributes", "apply"],
    ["attributes", "delete"],
    ["score"],
    ["explain-plan"],
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a fresh process."""
    return subprocess.run(
        [sys.executable, "-m", "segmentd.cli", *arguments], capture_output=True, text=True, check=True
    )


def test_help_answers_within_half_a_second() -> None:
    """`segmentd --help` needs at most 0.5 s of a processor, the interpreter's start included, at best of three runs."""
    assert min(processor_seconds("--help") for _ in range(3)) <= 0.5


def processor_seconds(*arguments: str) -> float:
    """What a run of the command line takes when nothing else keeps the processors busy."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_imports_nothing_heavy() -> None:
    """None of the modules that `segmentd --help` imports is one that computes, stores or talks."""
    code = "import sys; sys.argv = ['segmentd', '--help']; from segmentd.cli.main import app; app()"
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in traced.stderr.splitlines() if "|" in line}
    assert "segmentd.cli.serve" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    """Each command has a help text, and its own parameters are described in it."""
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage: segmentd" in result.stdout or "Usage: root" in result.stdout


def test_the_help_describes_every_exit_code() -> None:
    """`segmentd --help` ends with the exit codes and what they mean."""
    text = " ".join(run("--help").stdout.split())
    assert all(f"{code.value} {meaning}" in text for code, meaning in MEANINGS.items())


def test_the_version_is_printed() -> None:
    """`segmentd --version` prints the name and a version."""
    assert run("--version").stdout.startswith("segmentd 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str) -> None:
    """`segmentd --show-completion` prints a script that names the program."""
    result = CliRunner().invoke(app, ["--show-completion", shell], prog_name="segmentd")
    assert result.exit_code == 0
    assert "_SEGMENTD_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("words", "completed"), [("segmentd eva", ["evaluate"]), ("segmentd segments ", ["list", "get", "apply", "delete"])]
)
def test_words_are_completed(words: str, completed: list[str]) -> None:
    """What bash asks for is answered with the commands that begin so."""
    asked = {"_SEGMENTD_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "from segmentd.cli.main import app; app(prog_name='segmentd')"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert answer.stdout.split() == completed


def test_a_wrong_option_is_a_usage_error() -> None:
    """An option that does not exist ends with code 2 and without a traceback."""
    result = CliRunner().invoke(app, ["evaluate", "--no-such-option"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_client_needs_none_of_the_engine() -> None:
    """Importing the client brings in neither Numba nor CEL nor SQL, nor any library of data frames."""
    code = "import segmentd.client, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numba", "llvmlite", "cel_expr_python", "sqlalchemy", "pyarrow", "pandas", "polars", "segmentd.kernels"}
    assert heavy.isdisjoint(loaded)
