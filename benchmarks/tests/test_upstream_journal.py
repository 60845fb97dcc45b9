"""The upstream's journal: which calls it answered, and when, by the machine's one clock."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from benchmarks.services.upstream import JOURNAL_CALLS, Behaviour, make_app


async def journal(client: TestClient[Any, Any], since: str = "0", status: int = 200) -> Any:
    response = await client.get("/_journal", params={"since": since})
    assert response.status == status
    return await response.json()


def with_client(test: Any, **behaviour: float) -> None:
    async def run() -> None:
        async with TestClient(TestServer(make_app(Behaviour(jitter=0.0, **behaviour)))) as client:
            await test(client)

    asyncio.run(run())


def test_calls_are_listed_with_their_moments():
    async def test(client: TestClient[Any, Any]) -> None:
        before_s = monotonic()
        await asyncio.gather(client.get("/price/7"), client.get("/stock/8"))
        between_s = monotonic()
        await client.get("/price/9")
        await client.get("/nothing/1")
        calls = (await journal(client))["calls"]
        assert [(call["service"], call["book"]) for call in calls[2:]] == [("price", 9)]
        assert {(call["service"], call["book"]) for call in calls[:2]} == {("price", 7), ("stock", 8)}
        for call in calls[:2]:
            assert before_s <= call["began_s"] <= call["ended_s"] - 0.01 <= between_s
        assert [call["book"] for call in (await journal(client, str(between_s)))["calls"]] == [9]

    with_client(test, delay_ms=10.0)


def test_it_keeps_the_last_calls_only():
    async def test(client: TestClient[Any, Any]) -> None:
        for book in range(JOURNAL_CALLS + 3):
            await (await client.get(f"/price/{book}")).release()
        calls = (await journal(client))["calls"]
        assert [call["book"] for call in calls] == list(range(3, JOURNAL_CALLS + 3))

    with_client(test, delay_ms=0.0)


def test_a_moment_that_is_none_is_refused():
    async def test(client: TestClient[Any, Any]) -> None:
        assert "since" in (await journal(client, "yesterday", 400))["error"]

    with_client(test)
