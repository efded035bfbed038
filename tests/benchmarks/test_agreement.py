"""Every engine gives the expected answer to every question of every scenario, from raw columns and from codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.makers import PEERS, installed
from benchmarks.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
ROWS = "4999"
"""More than a block, and no whole number of words."""

ASKED = tuple(name for name in SCENARIOS if name != "platform")
"""All but *platform*, which asks as *bank* does, only more: databases take minutes to plan it."""

CANNOT = {("NumPy", "text", "native"), ("numexpr", "text", "native")}
"""Who declines what; all others answer."""

Found = dict[tuple[str, str, str], dict[str, Any]]


pytestmark = pytest.mark.timeout(900)
"""Databases take their time to plan so many conditions."""


@pytest.fixture(scope="module")
def found() -> Found:
    """What each engine was found to answer, in a process that imports the peers in the order that they need."""
    command = [sys.executable, "-m", "benchmarks.agreement", "--rows", ROWS, *ASKED]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == len(ASKED) * 2 * (1 + len(installed())), finished.stderr
    return {(line["engine"], line["scenario"], line["form"]): line for line in lines}


@pytest.mark.parametrize("scenario", ASKED)
@pytest.mark.parametrize("engine", ["segmentd", "segmentd, raw"])
def test_we_give_the_expected_answers(found: Found, engine: str, scenario: str) -> None:
    """With codes beside the columns and without, this engine answers as the plain reading of the rules does."""
    agreement = found[engine, scenario, "native"]
    assert (agreement["ways"], agreement["wrong"]) == (3, "")


@pytest.mark.parametrize("form", ["native", "prepared"])
@pytest.mark.parametrize("scenario", ASKED)
@pytest.mark.parametrize("peer", PEERS)
def test_peers_give_the_expected_answers(found: Found, peer: str, scenario: str, form: str) -> None:
    """Every way of every peer that takes part answers as the plain reading of the rules does."""
    if peer not in installed():
        pytest.skip(f"{PEERS[peer][0]} is a peer of the benchmarks alone: make bench installs it")
    agreement = found[peer, scenario, form]
    assert agreement["wrong"] == ""
    assert bool(agreement["declined"]) == ((peer, scenario, form) in CANNOT)
    assert agreement["declined"] or agreement["ways"] >= 3
