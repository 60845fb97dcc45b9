"""What the tests of the load generator share: servers that behave or do not, and one short round against them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from benchmarks.load.engine import run
from benchmarks.load.pacing import Load, load_of
from benchmarks.load.recorder import Tally
from benchmarks.load.results import Counts, LoadResult, merged_counts
from benchmarks.load.specs import Exchange, Expectation, LoadSpec, Model, Phase
from benchmarks.stats.histogram import bucket_middle_ns

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nhi"
EXPECTED = Exchange("n=1", expectation=Expectation(body=b"hi"))
END = b"\r\n\r\n"


def load_spec(**options: Any) -> LoadSpec:
    """A short closed loop, on a port where nobody listens."""
    where = {"host": "127.0.0.1", "port": 1, "prefix": "/x/", "exchanges": "all"}
    how = {"concurrency": 4, "seed": 1, "warmup_s": 0.05, "duration_s": 0.3, "timeout_s": 2.0, "warmup_limit_s": 0.3}
    return LoadSpec(**{**where, **how, **options})


def open_spec(rate_per_s: float = 200.0, **options: Any) -> dict[str, Any]:
    """What makes a round an open loop of one phase."""
    values: dict[str, Any] = {"model": Model.OPEN, "concurrency": 200, "duration_s": 0.4, **options}
    return {"phases": (Phase(rate_per_s, values["duration_s"]),), **values}


def drive(
    handler: Handler | None,
    *exchanges: Exchange,
    at_edge: Callable[[str], None] = lambda edge: None,
    look: Callable[[Load], None] = lambda load: None,
    **options: Any,
) -> LoadResult:
    """One short round against ``handler``, whose accounts add up; None is a port where nobody listens."""
    result: list[LoadResult] = []
    edges: list[str] = []
    broken: list[str] = []  # a real generator dies of these

    async def notify(edge: str) -> None:
        edges.append(edge)
        at_edge(edge)

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: broken.append(repr(told.get("exception"))))
        port = unused_port()
        load = load_of(load_spec(**{"port": port, **options}), exchanges or [EXPECTED])
        look(load)
        async with listening(handler, port):
            result.append(await load.run(notify))
            check_accounts(result[0], load)
            assert broken == [], broken

    run(play())
    assert edges == ["begin", "end"]
    return result[0]


@contextlib.asynccontextmanager
async def listening(handler: Handler | None, port: int) -> AsyncIterator[None]:
    """A server in this loop, and at the end none of its connections."""
    if handler is None:
        yield
        return
    # Room for all connections at once: this loop opens them before it accepts any, and the kernel asks again after 1 s.
    server = await asyncio.start_server(handler, "127.0.0.1", port, backlog=1024)
    try:
        yield
    finally:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.02)


def check_accounts(result: LoadResult, load: Load) -> None:
    """Everything that was sent, opened or offered is in one place, and in one only."""
    assert result.sent + result.in_flight_before == result.succeeded + result.failed + result.in_flight_after
    opened = result.connections_before + result.connections_opened
    assert opened == result.connections_closed + result.connections_after
    assert 0 <= result.in_flight_after <= load.spec.concurrency
    assert 0 <= result.connections_after <= load.spec.concurrency
    assert result.answered_in_all >= result.succeeded + result.failed
    followed = sum(result.histogram.values())  # in an open loop the window's arrivals, to the end of each
    if result.offered is None:
        assert followed == result.succeeded
    else:
        # Due before the window began and sent in it: as many as came within the longest delay, on a busy machine more.
        edge = 2 + load.spec.phases[0].rate_per_s * (longest_s(result.send_lag) if result.send_lag else 0.0)
        assert followed + sum(result.outcomes[1].values()) + edge >= result.sent >= followed
    assert set(result.groups) == {*load.groups} - {""}
    assert sum(sum(counts.values()) for counts in result.groups.values()) <= followed
    if all(load.groups):
        assert merged_counts(result.groups.values()) == result.histogram
    if load.streams and len(load.expectations) == 1:
        assert sum(result.first_chunk.values()) == followed
        assert sum(result.gaps.values()) == followed * (load.expectations[0].chunks - 1)
    assert result.impossible == ""
    assert result.in_flight_after == result.late_succeeded + sum(result.late_errors.values())
    for counts, total in (
        (result.first_byte, followed),
        (result.connect, result.connections_opened),
        (result.send_lag, result.sent if result.offered is not None else 0),
    ):
        assert sum(counts.values()) == total
    if result.offered is not None:
        assert result.offered == result.sent + result.unsent
    assert len(result.slices) == load.spec.slices
    for name in ("succeeded", "failed", "unsent"):
        assert sum(getattr(one, name) for one in result.slices) == getattr(result, name)
    assert sum(one.offered for one in result.slices) == (result.offered or 0)
    assert not result.histogram or longest_s(result.histogram) <= load.spec.timeout_s * 1.001
    longest_bytes = max(len(load.next_request()[1]) for _ in range(100))
    assert result.bytes_sent <= (result.sent + load.spec.concurrency) * longest_bytes


def keep_tallies(load: Load, found: list[Tally]) -> None:
    """Put what the load's recorder hands out into ``found``: of the warm-up, the window, the drain."""
    cut = load.recorder.cut

    def keep() -> Tally:
        found.append(cut())
        return found[-1]

    load.recorder.cut = keep


def at_least(counts: Counts, seconds: float) -> int:
    """How many values of a histogram are no shorter than that; a bucket's width is forgiven."""
    return sum(count for bucket, count in counts.items() if bucket_middle_ns(bucket) >= seconds * 0.999 * 1e9)


def longest_s(counts: Counts) -> float:
    return bucket_middle_ns(max(counts)) / 1e9


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.asynccontextmanager
async def hanging_up(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """At the end, which may be the client's."""
    try:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            yield
    except RuntimeError:  # uvloop's word for writing to a client who is gone
        if not writer.is_closing():
            raise
    finally:
        writer.close()


Answer = Callable[[asyncio.StreamWriter, bytes], Awaitable[bool | None]]


def answering_with(answer: Answer) -> Handler:
    """A server that calls this with every request's head, and hangs up when it says False."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with hanging_up(writer):
            while await answer(writer, await reader.readuntil(END)) is not False:
                pass

    return handle


def answering(*chunks: bytes, close: bool = False, pause_s: float = 0.0) -> Handler:
    """A server that answers every request with these bytes."""

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> bool:
        for chunk in chunks:
            await asyncio.sleep(pause_s)
            writer.write(chunk)
            await writer.drain()
        return not close

    return answering_with(answer)


def in_turn(answers: Sequence[bytes]) -> Handler:
    """A server that gives each connection these answers one after the other, and again."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with hanging_up(writer):
            while True:
                for answer in answers:
                    await reader.readuntil(END)
                    writer.write(answer)

    return handle


@contextlib.contextmanager
def served(handler: Handler) -> Iterator[int]:
    """The port of a server in a thread, for generators that are processes."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve_forever()

    def play() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            tasks.append(loop.create_task(serve()))
            runner.run(asyncio.wait(tasks))

    tasks: list[asyncio.Task[None]] = []
    thread = threading.Thread(target=play)
    thread.start()
    try:
        assert ready.wait(10)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(tasks[0].cancel)
        thread.join()
