"""Streamed responses: what a sync iterator yields goes out as it comes, through the request's own thread."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.http import FileResponse, StreamingHttpResponse

from apps.fastlane.handler import FastlaneHandler
from apps.fastlane.sending import FILE_BYTES

from .conftest import listening
from .exchanges import PATIENCE_S, until
from .test_signals import ends
from .test_threads import THREAD, sync_view

WARNS = "ignore:StreamingHttpResponse must consume"  # what stock says of a sync iterator


class Parts:
    """A generator that makes its second part when it is let."""

    def __init__(self, error: bool = False) -> None:
        self.go_on, self.waits, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.made = 0
        self.threads: list[int] = []
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        try:
            for number in range(3):
                self.threads.append(THREAD())
                self.made += 1
                yield b"part %d" % number
                self.waits.set()
                assert self.go_on.wait(PATIENCE_S)
                if self.error:
                    raise LookupError("in the iterator")
        finally:
            self.threads.append(THREAD())
            self.closed.set()


def streams(parts: Parts) -> Any:
    def view(request: Any) -> StreamingHttpResponse:
        parts.threads.append(THREAD())
        return StreamingHttpResponse(iter(parts))

    return view


async def test_the_first_part_arrives_before_the_second_is_made(fast: Any) -> None:
    parts = Parts()
    exchange = fast(streams(parts)).open("/view/")
    assert await exchange.parts(1) == [b"part 0"]
    assert parts.made == 1
    parts.go_on.set()
    assert (await exchange.ended()).parts == [b"part 0", b"part 1", b"part 2"]
    assert exchange.answer.complete
    assert len(set(parts.threads)) == 1


async def test_between_two_parts_others_have_their_turn(fast: Any) -> None:
    """The thread is leased, and does not count as running."""
    go_on = asyncio.Event()

    def view(request: Any) -> StreamingHttpResponse:
        return StreamingHttpResponse(iter([b"a", b"b"]))

    served = fast(view, sync_view, size=1)
    exchange = served.request("/view/")

    async def slow_client(message: Any) -> None:
        if message.get("body") == b"a":
            await go_on.wait()

    exchange.on_send = slow_client
    exchange.start()
    await exchange.parts(1)
    assert (await served.get("/sync_view/")).status == 200
    go_on.set()
    assert (await exchange.ended()).body == b"ab"


@pytest.mark.parametrize("in_the_iterator", [False, True], ids=["between parts", "making a part"])
async def test_on_a_disconnect_the_iterator_is_closed_at_once(fast: Any, in_the_iterator: bool) -> None:
    """In its own thread, before request_finished, and never while it runs."""
    parts, closed_first = Parts(), []
    stalls = asyncio.Event()
    served = fast(streams(parts))
    exchange = served.request("/view/")

    async def stalled_client(message: Any) -> None:
        if message.get("body") and not in_the_iterator:
            await stalls.wait()

    exchange.on_send = stalled_client

    def finished(**_: Any) -> None:
        closed_first.append(parts.closed.is_set())

    with listening(finished=finished):
        exchange.start()
        await exchange.parts(1)
        if in_the_iterator:
            await until(parts.waits.is_set)
        exchange.disconnect()
        if in_the_iterator:
            await asyncio.sleep(0.05)
            assert not parts.closed.is_set()
            parts.go_on.set()
        await exchange.ended()
    assert closed_first == [True]
    assert parts.made == 1 + in_the_iterator
    assert len(set(parts.threads)) == 1
    assert not exchange.answer.complete


async def test_an_error_in_the_iterator_ends_the_answer(fast: Any) -> None:
    parts = Parts(error=True)
    parts.go_on.set()
    served = fast(streams(parts))
    exchange = served.open("/view/")
    await ends(exchange)
    assert isinstance(exchange.task.exception(), LookupError)  # what the server is to know, which breaks off
    assert exchange.answer.parts == [b"part 0"]
    assert not exchange.answer.complete
    assert parts.closed.is_set()
    assert served.threads.running == 0


@pytest.mark.filterwarnings(WARNS)
async def test_any_iterable_is_streamed(site: Any) -> None:
    def view(request: Any) -> StreamingHttpResponse:
        contents = {
            "generator": (part for part in ("a", b"b", "ü")),
            "list": ["a", b"b", "ü"],
            "map": map(str, "abü"),
            "empty": [],
            "empty parts": ["", "a", "", "bü", ""],
            "long": ["abü" * 100_000],
        }
        return StreamingHttpResponse(contents[request.GET["what"]])

    served = site(view)
    for what in ("generator", "list", "map", "empty parts"):
        answer = await served.get(f"/view/?what={what}")
        assert (answer.text, answer.complete) == ("abü", True)
    assert (await served.get("/view/?what=empty")).body == b""
    assert (await served.get("/view/?what=long")).text == "abü" * 100_000


async def test_an_async_iterator_is_streamed_as_by_stock(site: Any) -> None:
    go_on, states = asyncio.Event(), []

    async def view(request: Any) -> StreamingHttpResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                yield b"part 0"
                states.append("waits")
                await go_on.wait()
                yield b"part 1"
            finally:
                states.append("closed")

        return StreamingHttpResponse(parts())

    served = site(view)
    gone = served.open("/view/")
    assert await gone.parts(1) == [b"part 0"]
    gone.disconnect()
    await gone.ended()
    assert states == ["waits", "closed"]
    go_on.set()
    assert (await served.get("/view/")).parts == [b"part 0", b"part 1"]


class CountedFile(io.BytesIO):
    """How far it has been read, beyond what was sent."""

    sent, ahead = 0, 0
    threads: set[int]

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.threads.add(THREAD())
        self.ahead = max(self.ahead, self.tell() - self.sent)
        return data


async def test_a_file_is_sent_in_bounded_memory_and_few_hops(fast: Any, monkeypatch: Any) -> None:
    content = bytes(range(256)) * 4096 * 8  # 8 MiB
    file = CountedFile(content)
    file.threads = set()
    hops: list[Any] = []
    usual = SyncToAsync.__call__
    monkeypatch.setattr(SyncToAsync, "__call__", lambda self, *args: hops.append(self.func) or usual(self, *args))

    def view(request: Any) -> FileResponse:
        return FileResponse(file)

    served = fast(view)
    exchange = served.request("/view/")

    async def counting(message: Any) -> None:
        file.sent += len(message.get("body", b""))

    exchange.on_send = counting
    answer = await exchange.start().ended()
    assert answer.body == content
    assert answer.headers["content-length"] == str(len(content))
    assert file.ahead <= FILE_BYTES
    assert len(hops) <= len(content) / FILE_BYTES + 3  # the view, the end, closing
    assert len(file.threads) == 1
    assert file.closed


async def test_a_slow_reader_of_a_file_holds_no_thread(fast: Any) -> None:
    goes_on = asyncio.Event()

    def file(request: Any) -> FileResponse:
        return FileResponse(io.BytesIO(bytes(3 * FILE_BYTES)))

    async def slow(message: Any) -> None:
        if message.get("body"):
            await goes_on.wait()

    served = fast(file, sync_view, size=1, most=1)
    exchange = served.request("/file/")
    exchange.on_send = slow
    exchange.start()
    assert await exchange.parts(1)
    assert (await served.get("/sync_view/")).status == 200
    goes_on.set()
    assert len((await exchange.ended()).body) == 3 * FILE_BYTES


@pytest.mark.filterwarnings(WARNS)
async def test_a_file_s_bytes_are_those_of_stock(site: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    for size in (0, 1, FILE_BYTES, FILE_BYTES + 1, 3 * FILE_BYTES - 1):
        path.write_bytes(bytes(number % 251 for number in range(size)))

        def view(request: Any) -> FileResponse:
            return FileResponse(path.open("rb"), as_attachment=True)

        answer = await site(view).get("/view/")
        assert answer.body == path.read_bytes()
        assert answer.headers["content-length"] == str(size)
        assert answer.headers["content-disposition"] == 'attachment; filename="file.bin"'


async def test_a_file_response_around_a_generator_is_not_held_up(fast: Any) -> None:
    parts = Parts()

    def view(request: Any) -> FileResponse:
        return FileResponse(iter(parts))

    exchange = fast(view).open("/view/")
    try:
        async with asyncio.timeout(PATIENCE_S / 4):
            assert await exchange.parts(1) == [b"part 0"]
    finally:
        parts.go_on.set()
    assert (await exchange.ended()).body == b"part 0part 1part 2"


async def test_a_handler_with_its_own_way_of_reading_and_sending_keeps_it(make_site: Any) -> None:
    read: list[bool] = []

    class Own(FastlaneHandler):
        async def read_body(self, receive: Any) -> Any:
            read.append(True)
            return await super().read_body(receive)

        async def send_response(self, response: Any, send: Any) -> None:
            response["X-Own"] = "yes"
            await super().send_response(response, send)

    assert (await make_site(Own, sync_view).get("/sync_view/")).headers["x-own"] == "yes"
    assert read
