"""The generator against servers that behave and servers that do not: every answer is checked and accounted for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from benchmarks.load.engine import run
from benchmarks.load.pacing import ClosedLoop
from benchmarks.load.specs import Exchange, Expectation, LoadResult, LoadSpec

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nhi"
EXPECTED = Exchange("n=1", expectation=Expectation(body=b"hi"))


def drive(handler: Handler | None, exchange: Exchange = EXPECTED, **options: float) -> LoadResult:
    """One short round against ``handler``; None is a port where nobody listens."""
    result: list[LoadResult] = []
    events: list[str] = []

    async def play() -> None:
        port, server = unused_port(), None
        if handler is not None:
            server = await asyncio.start_server(handler, "127.0.0.1", port)
        spec = LoadSpec(
            **{
                "host": "127.0.0.1",
                "port": port,
                "prefix": "/x/",
                "exchanges": [exchange],
                "concurrency": 4,
                "seed": 1,
                "warmup_s": 0.05,
                "duration_s": 0.3,
                "timeout_s": 2.0,
                "warmup_limit_s": 0.3,
                **options,
            }
        )

        async def notify(event: str) -> None:
            events.append(event)

        result.append(await ClosedLoop(spec).run(notify))
        if server is not None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.05)

    run(play())
    assert events == ["begin", "end"]
    (found,) = result
    assert found.sent + found.in_flight_before == found.succeeded + found.failed + found.in_flight_after
    assert sum(found.histogram.values()) == found.succeeded
    return found


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answering(*chunks: bytes, close: bool = False, pause_s: float = 0.0) -> Handler:
    """A server that answers every request with these bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for chunk in chunks:
                    await asyncio.sleep(pause_s)
                    writer.write(chunk)
                    await writer.drain()
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return handle


def test_good_answers_in_one_piece_or_many():
    closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    for handler in (answering(OK), answering(OK[:10], OK[10:-1], OK[-1:]), answering(closing, close=True)):
        result = drive(handler)
        assert result.succeeded > 10
        assert result.errors == {}
        assert result.warmed_up


def test_chunked_answers_are_put_together():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n"
    assert drive(answering(chunked)).errors == {}


def test_the_request_is_what_was_asked_for():
    seen = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        writer.close()

    drive(handler=handle)
    assert seen[0].startswith(b"GET /x/?n=1 HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (answering(OK.replace(b"200 OK", b"500 Oops")), "status"),
        (answering(OK.replace(b"hi", b"ho")), "body"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", close=True), "short"),
        (answering(close=True), "reset"),
        (answering(b"this is not HTTP\r\n\r\n"), "body"),
        (None, "connect"),
    ],
    ids=["status", "body", "short", "reset", "not-http", "connect"],
)
def test_bad_answers_are_errors_of_their_class_and_never_successes(handler: Handler | None, error: str):
    result = drive(handler)
    assert set(result.errors) == {error}
    assert result.succeeded == 0
    assert not result.warmed_up


def test_a_timeout_bounds_the_wait_and_is_no_success():
    result = drive(answering(OK, pause_s=30.0), timeout_s=0.2, duration_s=0.6)
    assert set(result.errors) == {"timeout"}
    assert result.succeeded == 0


def test_slow_answers_are_waited_for_so_that_nothing_is_under_way_afterwards():
    result = drive(answering(OK, pause_s=0.25), warmup_limit_s=2.0)
    assert result.errors == {}
    assert result.in_flight_after == 4
    middles = sorted(result.histogram)
    assert middles, "answers that began before the window count when they end in it"


def test_closed_loop_never_has_more_under_way_than_connections():
    under_way = highest = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, highest
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                under_way += 1
                highest = max(highest, under_way)
                await asyncio.sleep(0.01)
                under_way -= 1
                writer.write(OK)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    drive(handle, concurrency=7)
    assert highest == 7
