"""A request's body: read whole, spooled to disk in a thread, closed however the request ends, capped if wished."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse

from apps.fastlane import body as bodies

from .conftest import Announced
from .exchanges import PATIENCE_S, until
from .test_signals import ends
from .test_threads import THREAD

IN_MEMORY = 1000
SMALL = [b"a small ", b"", b"body"]
LARGE = [b"%06d" % number * 50 for number in range(20)]  # 6,000 bytes
CAP = 5000


async def echo(request: Any) -> HttpResponse:
    return HttpResponse(request.body)


def sync_echo(request: Any) -> HttpResponse:
    return HttpResponse(request.read() + request.read())


def upload(request: Any) -> HttpResponse:
    file = request.FILES["file"]
    assert isinstance(file, TemporaryUploadedFile)
    return HttpResponse(f"{request.POST['field']} {file.size} {Path(file.temporary_file_path()).exists()}")


async def unread(request: Any) -> HttpResponse:
    return HttpResponse("unread")


async def form(request: Any) -> HttpResponse:
    return HttpResponse(request.POST["field"])


async def fails(request: Any) -> HttpResponse:
    raise LookupError("a view's error")


async def waits(request: Any) -> HttpResponse:
    await asyncio.sleep(PATIENCE_S)
    return HttpResponse()


VIEWS = (echo, sync_echo, upload, unread, form, fails, waits)


class Spools:
    """The files that bodies were kept in, and on which threads it was written to those on disk."""

    def __init__(self) -> None:
        self.files: list[Any] = []
        self.threads: set[int] = set()

    @property
    def closed(self) -> list[bool]:
        return [file.closed for file in self.files]


@pytest.fixture
def spools(monkeypatch: Any, settings: Any, tmp_path: Path) -> Spools:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = IN_MEMORY, str(tmp_path)
    seen = Spools()

    class Noted(tempfile.SpooledTemporaryFile):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, dir=tmp_path, **named)
            seen.files.append(self)

        def write(self, data: bytes) -> int:
            written = super().write(data)
            if self._rolled:
                seen.threads.add(THREAD())
            return written

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Noted)
    return seen


@pytest.mark.parametrize("url", ["/echo/", "/sync_echo/"])
@pytest.mark.parametrize("parts", [[b""], [b"", b""], SMALL, LARGE], ids=["empty", "in parts", "small", "large"])
async def test_a_view_reads_the_body(site: Any, spools: Spools, url: str, parts: list[bytes]) -> None:
    assert (await site(*VIEWS).get(url, parts=parts, method="POST")).body == b"".join(parts)
    assert all(spools.closed)


async def test_an_empty_body_needs_no_file_and_a_small_one_no_thread(fast: Any, spools: Spools) -> None:
    served = fast(*VIEWS)
    await served.get("/echo/")
    assert spools.files == []
    threads = set(threading.enumerate())
    await served.get("/echo/", parts=SMALL)
    assert spools.closed == [True]
    assert (served.threads.started, set(threading.enumerate()) - threads) == (0, set())


async def test_a_form_without_files_needs_no_thread(fast: Any) -> None:
    """There is nothing to close after it, although the request has parsed its files."""
    served = fast(*VIEWS)
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"7")]
    assert (await served.get("/form/", parts=[b"field=1"], headers=headers)).text == "1"
    assert served.threads.started == 0


async def test_what_goes_to_disk_is_written_in_a_thread(fast: Any, spools: Spools) -> None:
    served = fast(*VIEWS)
    assert (await served.get("/echo/", parts=LARGE)).body == b"".join(LARGE)
    assert spools.files[0]._rolled
    assert spools.threads
    assert THREAD() not in spools.threads
    assert served.threads.started == 0  # and not in one that is leased, which others may need


@pytest.mark.parametrize("url", ["/echo/", "/sync_echo/", "/unread/", "/fails/", "/nowhere/", "/echo/?\xff"])
async def test_the_file_is_closed_however_the_request_ends(site: Any, spools: Spools, url: str) -> None:
    assert (await site(*VIEWS).get(url, parts=LARGE)).complete
    assert spools.closed == [True]


async def test_it_is_closed_when_the_client_goes(site: Any, spools: Spools) -> None:
    served = site(*VIEWS)
    waiting = served.open("/waits/", LARGE)
    coming = served.open("/waits/", LARGE, more=True)
    await waiting.body_read.wait()
    for exchange in (waiting, coming):
        exchange.disconnect()
        assert (await exchange.ended()).messages == []
    assert spools.closed == [True, True]


async def test_it_is_closed_when_the_server_cancels(fast: Any, spools: Spools) -> None:
    """Stock forgets to."""
    served = fast(*VIEWS)
    waiting, coming = served.open("/waits/", LARGE), served.open("/waits/", LARGE, more=True)
    await waiting.body_read.wait()
    await until(lambda: len(spools.files) == 2)
    for exchange in (waiting, coming):
        exchange.task.cancel()
        await ends(exchange)
        assert exchange.task.cancelled()
    assert spools.closed == [True, True]


async def test_it_is_closed_when_a_write_is_cancelled(fast: Any, spools: Spools, monkeypatch: Any) -> None:
    inside, leave, written = threading.Event(), threading.Event(), threading.Event()
    usual = tempfile.SpooledTemporaryFile.write

    def slow_write(self: Any, data: bytes) -> int:
        inside.set()
        assert leave.wait(PATIENCE_S)
        try:
            return usual(self, data)
        finally:
            written.set()

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", slow_write)
    exchange = fast(*VIEWS).open("/waits/", [bytes(2 * IN_MEMORY)])
    await until(inside.is_set)
    exchange.task.cancel()
    await asyncio.sleep(0.01)
    leave.set()
    await ends(exchange)
    await until(written.is_set)
    assert exchange.task.cancelled()
    assert spools.closed == [True]


async def test_uploads_leave_no_files(site: Any, spools: Spools, tmp_path: Path) -> None:
    content = b"x" * (3 * IN_MEMORY)
    head = b'--b\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    head += b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = [head, content, b"\r\n--b--\r\n"]
    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    headers += [(b"content-length", str(sum(map(len, body))).encode())]
    answer = await site(*VIEWS).get("/upload/", parts=body, headers=headers)
    assert answer.text == f"value {len(content)} True"
    assert os.listdir(tmp_path) == []
    assert spools.closed == [True]


async def test_a_body_that_is_declared_too_long_is_refused_unread(
    fast: Any, settings: Any, spools: Spools, announced: Announced
) -> None:
    settings.FASTLANE_MAX_BODY_BYTES = CAP
    served = fast(*VIEWS)
    exchange = served.open("/echo/", [b"the first"], more=True, headers=[(b"content-length", b"5001")])
    await exchange.parts(1)
    assert (exchange.answer.status, exchange.answer.headers["connection"]) == (413, "close")
    assert not exchange.answer.complete  # it is read on, so that the client gets to see it
    await until(exchange.nothing_left)
    exchange.send_part(b"the last")
    assert (await exchange.ended()).complete
    assert (spools.files, announced.names) == ([], [])


async def test_a_body_that_turns_out_too_long_is_refused(fast: Any, settings: Any, spools: Spools) -> None:
    settings.FASTLANE_MAX_BODY_BYTES = CAP
    served = fast(*VIEWS)
    for headers in ([], [(b"content-length", b"7")]):
        answer = await served.get("/echo/", parts=LARGE, headers=headers)
        assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert max(file.tell() if not file.closed else 0 for file in spools.files) == 0
    assert spools.closed == [True, True]
    for parts in ([bytes(CAP)], [bytes(CAP - 1), b"1", b""]):
        assert len((await served.get("/echo/", parts=parts, headers=[(b"content-length", b"5000")])).body) == CAP
    assert (await served.get("/echo/", parts=[bytes(CAP + 1)])).status == 413


async def test_who_sends_for_ever_is_not_read_for_ever(fast: Any, settings: Any, monkeypatch: Any) -> None:
    settings.FASTLANE_MAX_BODY_BYTES = CAP
    monkeypatch.setattr(bodies, "DISCARD_S", 0.1)
    served = fast(*VIEWS)
    silent = served.open("/echo/", [bytes(CAP + 1)], more=True)
    gone = served.open("/echo/", [bytes(CAP + 1)], more=True)
    gone.disconnect()
    for exchange in (silent, gone):
        answer = await exchange.ended()
        assert (answer.status, answer.complete) == (413, True)


async def test_without_a_cap_nothing_is_refused(fast: Any, settings: Any) -> None:
    assert not hasattr(settings, "FASTLANE_MAX_BODY_BYTES")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    large = [bytes(2**20)] * 3
    assert (await fast(*VIEWS).get("/echo/", parts=large)).body == b"".join(large)


async def test_a_sync_view_reads_the_body_while_the_client_goes(site: Any, spools: Spools) -> None:
    inside, leave = threading.Event(), threading.Event()
    read: list[bytes] = []

    def reads(request: Any) -> HttpResponse:
        read.append(request.read(100))
        inside.set()
        assert leave.wait(PATIENCE_S)
        read.append(request.read())  # not from a closed file
        return HttpResponse()

    exchange = site(reads).open("/reads/", LARGE)
    await until(inside.is_set)
    exchange.disconnect()
    await asyncio.sleep(0.05)
    leave.set()
    await exchange.ended()
    await until(lambda: len(read) == 2)
    assert b"".join(read) == b"".join(LARGE)
    assert spools.closed == [True]


async def test_a_view_may_close_the_request_and_replace_its_stream(site: Any, spools: Spools) -> None:
    async def closes(request: Any) -> HttpResponse:
        body = request.body
        await sync_to_async(request.close)()
        request._stream = io.BytesIO(b"other")
        return HttpResponse(body)

    assert (await site(closes).get("/closes/", parts=SMALL)).body == b"".join(SMALL)
    assert spools.closed == [True]
