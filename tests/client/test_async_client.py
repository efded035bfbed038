"""The asyncio client has every method of the synchronous one, and they do the same."""

import inspect
from collections.abc import AsyncIterator

import pytest

from segmentd.api.v1 import attribute_service_pb2, ledger_service_pb2, scoring_service_pb2, segment_service_pb2
from segmentd.client import (
    DOUBLE,
    Action,
    AsyncClient,
    AttributeDefinition,
    Client,
    Count,
    FormError,
    SegmentdCallError,
    SegmentDefinition,
    ServerUnreachableError,
)

RICH = SegmentDefinition("customer.income > 3000.0")
SERVICES = (ledger_service_pb2, attribute_service_pb2, segment_service_pb2, scoring_service_pb2)


def methods(client: type) -> dict[str, inspect.Signature]:
    """The public methods of a client with what they take."""
    found = inspect.getmembers(client, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}


def snake_case(name: str) -> str:
    """A method's name as Python writes it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def test_both_clients_have_the_same_methods() -> None:
    """Whatever one client can be asked, the other can be asked with the same arguments."""
    own = {"call", "follow", "receive", "exchange", "close"}
    sync, aio = (
        {name: taken for name, taken in methods(kind).items() if name not in own} for kind in (Client, AsyncClient)
    )
    assert {name: list(taken.parameters) for name, taken in sync.items()} == {
        name: list(taken.parameters) for name, taken in aio.items()
    }


def test_every_method_of_the_api_has_a_method_of_the_client() -> None:
    """No RPC is left out."""
    rpcs = [
        snake_case(method.name)
        for module in SERVICES
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]
    expected = {"evaluate" if name == "evaluate_segments" else name for name in rpcs}
    assert expected <= methods(Client).keys()


async def test_definitions_and_scores(target: str) -> None:
    """Definitions are applied and listed, features scored, the population evaluated."""
    async with AsyncClient(target, ledger="aio") as client:
        await client.create_ledger("aio", currency_code="EUR")
        await client.create_attribute("customer.income", AttributeDefinition(DOUBLE))
        changes = await client.apply_segments({"any": SegmentDefinition('"rich" in customer.segments'), "rich": RICH})
        assert [change.action for change in changes] == [Action.CREATED, Action.CREATED]
        assert [segment.id for segment in await client.list_segments(page_size=1)] == ["any", "rich"]
        answer = await client.score({"income": [1.0, 5000.0, None]})
        assert answer.members("any").tolist() == [False, True, False]
        assert answer.counts["rich"] == Count(1, 1)


async def test_streams_of_batches(target: str) -> None:
    """Batches of ordinary and of asynchronous iterables are answered in order."""

    async def batches() -> AsyncIterator[dict[str, list[float]]]:
        for income in (1.0, 5000.0):
            yield {"income": [income]}

    async with AsyncClient(target) as client:
        await client.apply_segments({"rich": RICH})
        for items in (batches(), [{"income": [1.0]}, {"income": [5000.0]}]):
            answers = [answer async for answer in client.stream_scores(items, segments=["rich"])]
            assert [
                answer.members("rich").tolist() for answer in answers if not isinstance(answer, SegmentdCallError)
            ] == [
                [False],
                [True],
            ]


async def test_the_population_is_evaluated(target: str) -> None:
    """Pages arrive one by one or as one result."""
    async with AsyncClient(target) as client:
        await client.apply_segments({"rich": RICH})
        result = await client.evaluate(segments=["rich"], form="planes")
        assert result.members("rich").tolist() == [False, True, False, False]
        pages = [page async for page in client.evaluate_pages(segments=["rich"])]
        assert pages[-1].totals == {"rich": Count(1, 1)}
        counted = await client.evaluate(segments=["rich"], form="counts")
        with pytest.raises(FormError, match="ask for the form"):
            counted.member_ids("rich")


async def test_what_fails_while_batches_are_made_reaches_the_caller(target: str) -> None:
    """A column that cannot be encoded is raised where the answers are read."""
    async with AsyncClient(target) as client:
        with pytest.raises(TypeError, match="column 'income'"):
            [answer async for answer in client.stream_scores([{"income": [b"bytes"]}])]


async def test_errors_are_those_of_the_synchronous_client(target: str) -> None:
    """A refusal has its reason, an absent server is named."""
    async with AsyncClient(target) as client:
        with pytest.raises(SegmentdCallError) as caught:
            await client.get_segment("nothing")
        assert caught.value.reason == "SEGMENT_NOT_FOUND"
    async with AsyncClient("127.0.0.1:1") as client:
        with pytest.raises(ServerUnreachableError):
            await client.list_segments()
