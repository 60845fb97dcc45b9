"""A client that goes, and a server that cancels: who learns of it, and what waits for what."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse

from .conftest import Announced, listening
from .exchanges import PATIENCE_S, until
from .test_signals import ends
from .test_threads import THREAD, Door, plain, sync_view

ONLY_SYNC = "apps.fastlane.tests.test_threads.OnlySync"


class Seen:
    """What a view has seen of its end."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.inside = asyncio.Event()

    def view(self, swallow: bool) -> Any:
        async def view(request: Any) -> HttpResponse:
            try:
                self.inside.set()
                await asyncio.sleep(PATIENCE_S)
            except asyncio.CancelledError:
                self.events.append("cancelled")
                if not swallow:
                    raise
            finally:
                await asyncio.sleep(0)  # what it awaits to clean up is not cancelled again
                self.events.append("cleaned up")
            return HttpResponse("too late")

        return view


@pytest.mark.parametrize("middleware", [(), (ONLY_SYNC,)], ids=["none", "sync"])
@pytest.mark.parametrize("swallow", [False, True], ids=["ends", "swallows it"])
async def test_the_view_is_cancelled_when_the_client_goes(site: Any, swallow: bool, middleware: Any) -> None:
    seen = Seen()
    exchange = site(seen.view(swallow), middleware=middleware).open("/view/")
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.disconnect()
    await exchange.ended()
    assert seen.events == ["cancelled", "cleaned up"]
    assert (exchange.answer.status == 200) is swallow  # sent to nobody
    assert not exchange.task.cancelling()


async def test_the_task_that_the_server_cancels_is_cancelled(fast: Any) -> None:
    """Stock leaves the view running in a task of its own."""
    seen = Seen()
    exchange = fast(seen.view(False)).open("/view/")
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.task.cancel()
    await ends(exchange)
    assert exchange.task.cancelled()
    assert seen.events == ["cancelled", "cleaned up"]


async def test_a_server_s_cancellation_is_not_lost_in_a_disconnect(fast: Any) -> None:
    seen = Seen()
    exchange = fast(seen.view(False)).open("/view/")
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.disconnect()
    await until(lambda: seen.events)
    exchange.task.cancel()
    await ends(exchange)
    assert exchange.task.cancelled() or exchange.task.exception() is None
    assert seen.events == ["cancelled", "cleaned up"]


async def test_a_server_s_deadline_still_works(site: Any) -> None:
    """``asyncio.timeout`` counts cancellations; so do those of a client that goes."""
    seen = Seen()
    served = site(seen.view(False), plain)
    exchange = served.request("/view/")
    outcomes = []

    async def with_deadline(scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await served.handler(scope, receive, send)
                outcomes.append("returned")
                await asyncio.sleep(0)
            async with asyncio.timeout(0):
                await asyncio.sleep(PATIENCE_S)
        except TimeoutError:
            outcomes.append("deadline")

    exchange._application = with_deadline
    exchange.start()
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.disconnect()
    await exchange.ended()
    assert outcomes == ["returned", "deadline"]


async def test_an_answer_is_not_disturbed_by_a_client_that_goes_afterwards(site: Any) -> None:
    served = site(plain, sync_view)
    for path in ("/plain/", "/sync_view/"):
        exchange = served.open(path)
        exchange.disconnect()
        exchange.disconnect()
        await exchange.ended()
        assert exchange.answer.messages == [] or exchange.answer.complete


async def test_the_end_waits_for_a_sync_function_that_runs(fast: Any) -> None:
    """Stock before Django 6.1 tells coroutine functions before, and closes the body."""
    door = Door()
    events: list[str] = []

    def works() -> None:
        door.inside.set()
        assert door.open.wait(PATIENCE_S)
        events.append("function ended")

    async def view(request: Any) -> HttpResponse:
        try:
            await sync_to_async(works)()
        except asyncio.CancelledError:
            events.append("view cancelled")
            raise
        return HttpResponse()

    async def finished(**_: Any) -> None:  # for whom nobody hops to the thread, and so waits for it
        events.append("request_finished")

    served = fast(view, sync_view, size=2)
    with listening(finished=finished):
        exchange = served.open("/view/")
        await until(door.inside.is_set)
        exchange.disconnect()
        await until(lambda: events)
        assert events == ["view cancelled"]
        assert not exchange.task.done()
        await served.get("/sync_view/")  # on another thread: this one is not given back yet
        assert events == ["view cancelled", "request_finished"]
        door.open.set()
        await exchange.ended()
    assert events == ["view cancelled", "request_finished", "function ended", "request_finished"]


async def test_a_request_that_leaves_while_it_waits_never_runs(site: Any, announced: Announced) -> None:
    """On the fast lane for its turn; on stock there is nothing to wait for."""
    door = Door()
    holds, notes = door.views()
    served = site(holds, notes, size=1)
    first = served.open("/holds/")
    await until(door.inside.is_set)
    second = served.open("/notes/?n=2")
    if hasattr(served.handler, "threads"):
        await until(lambda: served.threads.waiting == 1)
        second.disconnect()
        await second.ended()  # while the first still runs
        assert announced.names == ["started", "started", "finished"]
        assert served.threads.waiting == 0
    door.open.set()
    await first.ended()
    await second.ended()
    assert (door.order == []) is hasattr(served.handler, "threads")
    await second.ended()


async def test_below_a_bridge_the_client_s_going_is_felt(site: Any) -> None:
    """A sync view that waits in async_to_sync for a coroutine."""
    seen = Seen()

    async def waits() -> None:
        await seen.view(False)(None)

    def bridges(request: Any) -> HttpResponse:
        async_to_sync(waits)()
        return HttpResponse()

    served = site(bridges, sync_view, size=1, most=1)
    exchange = served.open("/bridges/")
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.disconnect()
    await exchange.ended()
    assert seen.events == ["cancelled", "cleaned up"]
    assert (await served.get("/sync_view/")).status == 200


async def test_a_storm_of_cancellations_leaves_nothing_behind(fast: Any, announced: Announced) -> None:
    """At every moment of a request's life, by the client and by the server."""

    async def view(request: Any) -> HttpResponse:
        for _ in range(3):
            await sync_to_async(THREAD)()
            await asyncio.sleep(0)
        return HttpResponse()

    served = fast(view, sync_view, size=2, most=4)
    tasks_before = len(asyncio.all_tasks())
    exchanges = []
    for moment in range(300):
        exchange = served.open("/view/" if moment % 3 else "/sync_view/")
        exchanges.append(exchange)
        for _ in range(moment % 13):
            await asyncio.sleep(0)
        if moment % 2:
            exchange.task.cancel()
        else:
            exchange.disconnect()
    for exchange in exchanges:
        await ends(exchange)
    pool = served.threads
    await until(lambda: len(pool.idle) == pool.existing)
    assert (pool.running, pool.waiting) == (0, 0)
    assert pool.existing <= 4
    assert announced.names.count("started") == announced.names.count("finished") > 0
    await until(lambda: len(asyncio.all_tasks()) == tasks_before)
    assert [answer.status for answer in await served.get_all(["/view/"] * 8)] == [200] * 8


async def test_a_view_that_never_waits_needs_no_listener(fast: Any) -> None:
    tasks: list[int] = []

    async def view(request: Any) -> HttpResponse:
        tasks.append(len(asyncio.all_tasks()))
        return HttpResponse()

    async def waits(request: Any) -> HttpResponse:
        await asyncio.sleep(0.001)
        return await view(request)

    served = fast(view, waits)
    for _ in range(2):
        await served.get("/view/")
        await served.get("/waits/")
    alone, listened, *_ = tasks
    assert tasks == [alone, alone + 1] * 2
    assert listened == alone + 1


async def test_receive_that_fails_is_reported(site: Any, announced: Announced) -> None:
    """A server that says something else than that the client has gone."""
    seen = Seen()
    exchange = site(seen.view(False)).open("/view/")
    await asyncio.wait_for(seen.inside.wait(), PATIENCE_S)
    exchange.send_part(b"more than there is")
    await ends(exchange)
    assert isinstance(exchange.task.exception(), AssertionError)
    assert "after request body" in str(exchange.task.exception())


def test_a_thread_is_left_when_its_loop_is_closed(fast: Any) -> None:
    """Nobody waits for what was running, and another loop is served."""
    door = Door()
    holds, _ = door.views()
    served = fast(holds, sync_view, size=2)

    async def leave() -> None:
        served.open("/holds/")
        await until(door.inside.is_set)
        threading.Timer(0.05, door.open.set).start()

    asyncio.run(leave())
    assert asyncio.run(served.get("/sync_view/")).status == 200
