"""Waiting for a server, and asking it for a form that there is."""

import asyncio

import pytest

from segmentd.client import AsyncClient, Client

NOBODY = "127.0.0.1:1"


def test_a_server_that_listens_is_ready(client: Client) -> None:
    """A server that answers is ready at once, and calls go on as before."""
    assert client.wait_for_ready(30.0)
    assert client.get_ledger().customer_count == 4


def test_nobody_is_not_ready() -> None:
    """Where nobody listens the time runs out, in both clients."""

    async def ask() -> bool:
        async with AsyncClient(NOBODY) as client:
            return await client.wait_for_ready(0.1)

    with Client(NOBODY) as client:
        assert not client.wait_for_ready(0.1)
    assert not asyncio.run(ask())


def test_a_server_is_ready_for_asyncio(target: str) -> None:
    """The asynchronous client finds the same server ready."""

    async def ask() -> bool:
        async with AsyncClient(target) as client:
            return await client.wait_for_ready(30.0)

    assert asyncio.run(ask())


def test_a_form_that_does_not_exist_is_refused_with_those_that_do(client: Client) -> None:
    """A mistyped form is a ValueError with all that are allowed, before anything is sent."""
    with pytest.raises(ValueError, match="'foo' is no form; allowed are counts, ids, lists, planes, bitmaps, arrow"):
        client.score(ids=["c0"], form="foo")
