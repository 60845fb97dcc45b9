"""request_started and request_finished: everybody hears each of them, once, in order, however a request ends."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections, reset_queries
from django.http import HttpResponse, StreamingHttpResponse

from apps.fastlane.handler import FastlaneHandler

from .conftest import Announced, listening
from .exchanges import PATIENCE_S, Exchange, until
from .test_threads import THREAD, plain, sync_view

BOTH = ["started", "finished"]


async def ends(exchange: Exchange) -> None:
    """However it does."""
    done, _ = await asyncio.wait([exchange.task], timeout=PATIENCE_S)
    assert done
    if not exchange.task.cancelled():
        exchange.task.exception()


def fails(request: Any) -> HttpResponse:
    raise LookupError("a view's error")


async def async_fails(request: Any) -> HttpResponse:
    raise LookupError("a view's error")


async def waits(request: Any) -> HttpResponse:
    await asyncio.sleep(PATIENCE_S)
    return HttpResponse()


async def waits_stubbornly(request: Any) -> HttpResponse:
    try:
        await asyncio.sleep(PATIENCE_S)
    except asyncio.CancelledError:
        await asyncio.sleep(0)
    return HttpResponse()


def breaks_off(request: Any) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise LookupError("while streaming")

    return StreamingHttpResponse(parts())


def sync_breaks_off(request: Any) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"first"
        raise LookupError("while streaming")

    return StreamingHttpResponse(parts())


class Fails:
    """A middleware whose own code raises."""

    sync_capable, async_capable = False, True

    def __init__(self, get_response: Any) -> None:
        from asgiref.sync import markcoroutinefunction

        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> HttpResponse:
        raise LookupError("a middleware's error")


VIEWS = (plain, sync_view, fails, async_fails, waits, waits_stubbornly, breaks_off, sync_breaks_off)
EVERYBODY = ["/plain/", "/sync_view/", "/fails/", "/async_fails/", "/nowhere/", "/plain/?\xff"]


@pytest.mark.parametrize("url", EVERYBODY)
async def test_a_request_that_is_answered_is_announced(site: Any, announced: Announced, url: str) -> None:
    assert (await site(*VIEWS).get(url)).complete
    assert announced.names == BOTH


async def test_a_middleware_s_error_is_announced(site: Any, announced: Announced) -> None:
    assert (await site(plain, middleware=(f"{__name__}.Fails",)).get("/plain/")).status == 500
    assert announced.names == BOTH


@pytest.mark.parametrize("url", ["/breaks_off/", "/sync_breaks_off/"])
async def test_so_is_one_that_breaks_off(fast: Any, announced: Announced, url: str) -> None:
    """Stock forgets the second signal."""
    exchange = fast(*VIEWS).open(url)
    await ends(exchange)
    assert exchange.answer.parts == [b"first"]
    assert isinstance(exchange.task.exception(), LookupError)
    assert announced.names == BOTH


@pytest.mark.parametrize("url", ["/waits/", "/waits_stubbornly/"])
async def test_so_is_one_whose_client_goes(site: Any, announced: Announced, url: str) -> None:
    served = site(*VIEWS)
    for turns in (0, 1, 3):  # before the view, while it begins, while it waits
        exchange = served.open(url)
        for _ in range(turns):
            await asyncio.sleep(0)
        exchange.disconnect()
        await exchange.ended()
        assert announced.names == BOTH
        announced.names.clear()


@pytest.mark.parametrize("url", ["/waits/", "/waits_stubbornly/"])
async def test_so_is_one_that_the_server_cancels(fast: Any, announced: Announced, url: str) -> None:
    """Stock forgets the second signal."""
    exchange = fast(*VIEWS).open(url)
    await until(lambda: announced.names)
    exchange.task.cancel()
    await ends(exchange)
    assert exchange.task.cancelled() is (url == "/waits/")
    assert announced.names == BOTH


@pytest.mark.parametrize("first", ["disconnect", "cancel"])
async def test_it_is_announced_also_if_cancelled_while_it_ends(fast: Any, announced: Announced, first: str) -> None:
    inside, leave = threading.Event(), threading.Event()

    def works() -> None:
        inside.set()
        assert leave.wait(PATIENCE_S)

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(works)()
        return HttpResponse()

    exchange = fast(view).open("/view/")
    await until(inside.is_set)
    if first == "cancel":
        exchange.task.cancel()
    else:
        exchange.disconnect()
    await asyncio.sleep(0.05)  # now it waits for the sync function
    for _ in range(2):
        exchange.task.cancel()
        await asyncio.sleep(0.01)
    assert announced.names == ["started"]
    leave.set()
    await ends(exchange)
    assert exchange.task.cancelled()
    assert announced.names == BOTH


async def test_what_raises_at_the_start_is_followed_by_the_end(fast: Any, announced: Announced) -> None:
    """Stock forgets the second signal."""

    def raises(**_: Any) -> None:
        raise LookupError("a receiver's error")

    with listening(raises):
        exchange = fast(plain).open("/plain/")
        await ends(exchange)
    assert isinstance(exchange.task.exception(), LookupError)
    assert announced.names.count("finished") == 1


async def test_a_request_whose_body_never_comes_is_not_announced(site: Any, announced: Announced) -> None:
    exchange = site(plain).open("/plain/", [b"some"], more=True)
    exchange.disconnect()
    assert (await exchange.ended()).messages == []
    assert announced.names == []


async def test_the_sender_is_the_handler_one_stands_for(make_site: Any, announced: Announced) -> None:
    class Own(FastlaneHandler):
        pass

    for handler_class, sender in ((ASGIHandler, ASGIHandler), (FastlaneHandler, ASGIHandler), (Own, Own)):
        served = make_site(handler_class, plain, sync_view, fails)
        for url in ("/plain/", "/sync_view/", "/fails/"):
            await served.get(url)
        assert announced.senders == [sender] * 6
        announced.senders.clear()


async def test_receivers_hear_it_in_order_and_on_the_request_s_thread(site: Any) -> None:
    heard: list[Any] = []

    def receiver(name: str) -> Any:
        def hears(sender: Any, signal: Any, **named: Any) -> None:
            heard.append((name, THREAD(), "scope" in named))

        return hears

    served = site(sync_view)
    with listening(receiver("a"), receiver("c")), listening(receiver("b"), receiver("d")):
        thread = int((await served.get("/sync_view/")).text)
    assert heard == [("a", thread, True), ("b", thread, True), ("c", thread, False), ("d", thread, False)]


async def test_receivers_come_and_go(site: Any) -> None:
    heard = Announced()
    served = site(plain)
    for pair in ((heard.started, heard.finished), (heard.async_started, heard.async_finished)):
        for _ in range(2):
            await served.get("/plain/")
            assert heard.names == []
            with listening(*pair):
                await served.get("/plain/")
            assert heard.names == BOTH
            heard.names.clear()
    forgotten = Announced()
    signals.request_started.connect(forgotten.started)
    await served.get("/plain/")
    assert forgotten.names == ["started"]
    names, reference = forgotten.names, weakref.ref(forgotten)
    del forgotten
    await until(lambda: reference() is None)  # the thread that called it may still be on its way out
    await served.get("/plain/")
    assert names == ["started"]


async def test_for_another_sender_nobody_hears_it(site: Any) -> None:
    heard = Announced()
    signals.request_started.connect(heard.started, sender=Announced)
    signals.request_finished.connect(heard.finished, sender=ASGIHandler)
    try:
        await site(plain).get("/plain/")
    finally:
        signals.request_started.disconnect(heard.started, sender=Announced)
        signals.request_finished.disconnect(heard.finished, sender=ASGIHandler)
    assert heard.names == ["finished"]


async def test_housekeeping_leases_no_thread_and_is_not_missed(fast: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0

    def uses(request: Any) -> HttpResponse:
        postgres.connection.queries_log.append("of this request")
        return HttpResponse(f"{len(postgres.connection.queries_log)} {postgres.pid()}")

    served = fast(plain, uses)
    await served.get("/plain/")
    assert served.threads.started == 0
    answers = [await served.get("/uses/") for _ in range(2)]
    assert [answer.text.split()[0] for answer in answers] == ["1", "1"]  # reset_queries
    await asyncio.to_thread(postgres.wait_for, 0)  # close_old_connections
    signals.request_started.disconnect(reset_queries)
    signals.request_finished.disconnect(close_old_connections)
    try:
        assert (await served.get("/uses/")).text.split()[0] == "2"
        assert postgres.connected() == 1
    finally:
        signals.request_started.connect(reset_queries)
        signals.request_finished.connect(close_old_connections)
