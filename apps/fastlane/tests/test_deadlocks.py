"""With one turn to run, nobody may wait for whoever waits for them. Each test would hang, and has a deadline."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.http import HttpResponse

from apps.fastlane.handler import FastlaneHandler

from .conftest import listening
from .test_threads import THREAD, sync_view

ONLY_SYNC = "apps.fastlane.tests.test_threads.OnlySync"
ASKING = 3  # more than one, so that they also wait for each other


async def leaf(request: Any) -> HttpResponse:
    await sync_to_async(THREAD)()
    return HttpResponse("leaf")


async def down(depth: int) -> str:
    """Loop, thread, loop, thread …"""
    return await sync_to_async(up)(depth - 1) if depth else "the bottom"


def up(depth: int) -> str:
    return async_to_sync(down)(depth - 1) if depth else "the bottom"


async def bridges(request: Any) -> HttpResponse:
    return HttpResponse(await down(7))


def sync_bridges(request: Any) -> HttpResponse:
    return HttpResponse(up(7))


async def gathered_bridges(request: Any) -> HttpResponse:
    depths = await asyncio.gather(*(down(depth) for depth in range(6)))
    return HttpResponse(depths[0])


async def tasks_of_threads(request: Any) -> HttpResponse:
    """A sync function, in which the loop is asked for tasks that hop."""

    def asks() -> list[str]:
        async def gathers() -> list[str]:
            return await asyncio.gather(*(asyncio.create_task(down(3)) for _ in range(3)))

        return async_to_sync(gathers)()

    first, *_ = await asyncio.gather(sync_to_async(asks)(), sync_to_async(asks)(), down(2))
    return HttpResponse(first[0])


@pytest.mark.parametrize("middleware", [(), (ONLY_SYNC,), (ONLY_SYNC, ONLY_SYNC)], ids=["none", "sync", "two sync"])
@pytest.mark.parametrize("view", [bridges, sync_bridges, gathered_bridges, tasks_of_threads])
async def test_nested_bridges(site: Any, view: Any, middleware: tuple[str, ...]) -> None:
    served = site(view, middleware=middleware, size=1)
    answers = await served.get_all([f"/{view.__name__}/"] * ASKING)
    assert {answer.text for answer in answers} == {"the bottom"}


def asks_itself(hops: bool, nested: bool) -> tuple[Any, Any]:
    """A sync view and an async view that call their own server twice, or the application in their own task."""
    served: list[Any] = []

    async def ask() -> str:
        answer = await (served[0].request("/leaf/").here() if nested else served[0].get("/leaf/"))
        return answer.text + (await sync_to_async(str)("") if hops else "")

    def asks(request: Any) -> HttpResponse:
        return HttpResponse("".join(async_to_sync(ask)() for _ in range(2)))

    async def asks_async(request: Any) -> HttpResponse:
        await sync_to_async(THREAD)()
        return HttpResponse("".join([await ask() for _ in range(2)]))

    asks.served = asks_async.served = served
    return asks, asks_async


@pytest.mark.parametrize("hops", [False, True], ids=["asks", "asks and hops"])
@pytest.mark.parametrize("middleware", [(), (ONLY_SYNC,)], ids=["none", "sync"])
async def test_a_view_calls_its_own_server(site: Any, middleware: tuple[str, ...], hops: bool) -> None:
    views = asks_itself(hops, nested=False)
    served = site(leaf, *views, middleware=middleware, size=1)
    views[0].served.append(served)
    answers = await served.get_all(["/asks/", "/asks_async/"] * ASKING)
    assert {answer.text for answer in answers} == {"leafleaf"}
    if isinstance(served.handler, FastlaneHandler):
        assert (served.threads.running, served.threads.waiting) == (0, 0)


@pytest.mark.parametrize("hops", [False, True], ids=["asks", "asks and hops"])
async def test_a_view_calls_the_application(site: Any, hops: bool) -> None:
    """In its own task: the two requests share a thread. (Behind a sync-only middleware stock itself would hang.)"""
    views = asks_itself(hops, nested=True)
    served = site(leaf, *views, size=1)
    views[0].served.append(served)
    answers = await served.get_all(["/asks/", "/asks_async/"] * ASKING)
    assert {answer.text for answer in answers} == {"leafleaf"}


async def test_receivers_that_are_coroutines_and_hop(site: Any) -> None:
    heard = []

    async def receiver(**_: Any) -> None:
        heard.append(await down(5))

    def sync_receiver(**_: Any) -> None:
        heard.append(up(5))

    served = site(sync_view, leaf, bridges, size=1)
    with listening(receiver, receiver), listening(sync_receiver, sync_receiver):
        answers = await served.get_all(["/sync_view/", "/leaf/", "/bridges/"] * ASKING)
    assert [answer.status for answer in answers] == [200] * 9
    assert heard == ["the bottom"] * 4 * 9


async def test_gathered_orm_calls(site: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0  # stock's threads end with their connections open
    users = User.objects.using(postgres.alias)

    async def view(request: Any) -> HttpResponse:
        counts = await asyncio.gather(*(users.acount() for _ in range(5)), users.filter(pk=-1).aexists(), down(3))
        return HttpResponse(str(len(set(counts[:5]))))

    served = site(view, middleware=(ONLY_SYNC,), size=1)
    answers = await served.get_all(["/view/"] * ASKING)
    assert {answer.text for answer in answers} == {"1"}
