"""A configuration is valid or is not made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmentd.server.config import ServerConfig


def test_a_server_listens_on_loopback_unless_told_otherwise() -> None:
    """Nothing of a server is reachable from other machines by default."""
    assert ServerConfig(data_dir=Path("x")).host == "127.0.0.1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65_536},
        {"threads": 0},
        {"max_request_bytes": 0},
        {"max_waiting": 0},
        {"drain_s": -1.0},
        {"currency": "EURO"},
        {"time_zone": "Europe/Prag"},
    ],
)
def test_a_wrong_value_is_refused_by_name(wrong: dict[str, Any]) -> None:
    """A value out of range is a ValueError that names the setting."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ServerConfig(data_dir=Path("x"), **wrong)
