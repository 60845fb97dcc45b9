"""A client that goes away in the middle: the generator ends, and nothing is left of the stream."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from django.core.handlers.asgi import ASGIHandler
from django.test import RequestFactory, override_settings

from apps.scenarios.stream_response import aiohttp_view, sync_view, work
from benchmarks.resources import tree_of
from benchmarks.servers.process import Process, get
from conftest import CONNECTIONS, Serve

WAIT_S = 0.3
WHOLE_S = WAIT_S * (work.EVENTS - 1)
# gunicorn-sync serves one after the other, and Django drains a sync iterator to its end under ASGI: both take longer.
ENDING_EARLY = ["sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"]
PATIENT = ["sync@gunicorn-sync", "sync@uvicorn"]


def open_stream(port: int, variant: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    target = f"/stream_response/{variant}/?item=7&wait={WAIT_S * 1000:g}"
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def held(process: Process) -> tuple[int, int]:
    """Open files and threads of a server."""
    tree = tree_of(process.ward.pid)
    return sum(one.num_fds() for one in tree), sum(one.num_threads() for one in tree)


@pytest.mark.slow
@pytest.mark.parametrize("contender", [*ENDING_EARLY, *PATIENT])
def test_a_client_that_goes_away_leaves_nothing_behind(contender: str, serve: Serve) -> None:
    variant = contender.partition("@")[0]
    with serve("stream_response", contender) as process:

        def ask(wait_ms: int) -> int:
            return get(process.port, f"/stream_response/{variant}/?item=7&wait={wait_ms}", timeout_s=30)[0]

        with ThreadPoolExecutor(CONNECTIONS) as executor:  # so that every thread a server keeps is there
            assert set(executor.map(ask, [10] * CONNECTIONS)) == {200}
        time.sleep(WAIT_S)
        before = held(process)
        clients = [open_stream(process.port, variant) for _ in range(4)]
        clients[0].recv(1)
        for client in clients:
            client.close()
        left_s = time.monotonic()
        while any(now > was for now, was in zip(held(process), before, strict=True)):
            assert time.monotonic() - left_s < 5 * WHOLE_S, (held(process), before)
            time.sleep(0.02)
        took_s = time.monotonic() - left_s
        assert ask(0) == 200
        log = process.ward.log.read_text()
    assert contender in PATIENT or took_s < WHOLE_S * 0.75
    assert not any(word in log for word in ("Traceback", "rror:", "ERROR")), log


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The events that were made so far."""
    found: list[bytes] = []
    stock = work.event

    def event(item: int, number: int) -> bytes:
        found.append(stock(item, number))
        return found[-1]

    monkeypatch.setattr(work, "event", event)
    return found


async def no_more(made: list[bytes]) -> None:
    """No event is made any more, but for one that was being made."""
    await asyncio.sleep(0.06)
    count = len(made)
    await asyncio.sleep(0.15)
    assert len(made) == count < work.EVENTS


@pytest.mark.parametrize("variant", ["async", "wrapped"])
def test_under_asgi_the_generator_ends_when_the_client_goes(variant: str, made: list[bytes]) -> None:
    streaming = asyncio.Event()
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict:
        for message in received:
            return message
        await streaming.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        if message.get("body"):
            streaming.set()

    async def play() -> None:
        path, query = f"/stream_response/{variant}/", b"item=7&wait=30"
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}
        async with asyncio.timeout(10):
            await ASGIHandler()(scope, receive, send)
        assert streaming.is_set()
        await no_more(made)

    with override_settings(ROOT_URLCONF="apps.scenarios.urls", MIDDLEWARE=[]):
        asyncio.run(play())


@pytest.mark.django_db  # a response that is closed lets Django look after its connections
def test_under_wsgi_the_server_closes_the_generator(made: list[bytes]) -> None:
    response = sync_view.view(RequestFactory().get("/", {"item": "7", "wait": "30"}))
    stream = iter(response)
    assert next(stream) == work.event(7, 0)
    response.close()
    assert list(stream) == []


def test_aiohttp_ends_the_generator_when_the_client_goes(made: list[bytes]) -> None:
    async def play() -> None:
        app = web.Application()
        app.router.add_get("/", aiohttp_view.view)
        async with TestServer(app) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /?item=7&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\n\n")
            writer.close()
            await no_more(made)

    asyncio.run(play())
