"""One HTTP/1.1 connection of the generator: sends, parses, checks, measures.

A raw ``asyncio.Protocol`` with httptools, since the generator has one CPU and must never be what is measured. Every
byte of every answer is checked; an answer that equals one that was parsed and found right needs no second parsing,
unless it is a stream, whose events are timed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Protocol, cast

import httptools

from benchmarks.load.recorder import Recorder
from benchmarks.load.specs import EVENT_END, Expectation, LoadSpec

CONNECT_PAUSE_S = 0.05  # after a refused connection, so that a dead server is not hammered
NOTHING = -1  # the key of no request


class Pace(Protocol):
    """Who decides when a connection sends, and hears of every answer."""

    spec: LoadSpec
    recorder: Recorder
    next_request: Callable[[], tuple[int, bytes]]  # its key, and its bytes
    expectations: list[Expectation]  # by key
    approved: list[bytes | None]  # by key an answer, head and body, that was found right; the last is None
    streams: bool  # some expect one

    def released(self, connection: Connection, now_s: float) -> None: ...
    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None: ...


class Connection(asyncio.Protocol):
    """A client that has at most one request under way. Latency includes connecting where a request has to connect."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.recorder = pace.recorder
        self.transport: asyncio.Transport | None = None
        self.parser: httptools.HttpResponseParser | None = None
        self.body = b""
        self.events_s: tuple[float, ...] = ()  # of a stream: when each event was whole
        self.request = b""
        self.key = NOTHING
        self.intended_s = 0.0  # when the request under way should have been sent; 0 when there is none
        self.sent_s = self.first_s = 0.0  # when it was sent, and when its answer began; 0: not yet
        self.answered = 0
        self.complete = self.surplus = self.timed_out = False
        self.status = 0
        self.keep_alive = False
        self.idle = False  # kept by the pace

    def send(self, intended_s: float, now_s: float) -> None:
        """Send the next request, over a new connection if there is none."""
        self.key, self.request = self.pace.next_request()
        self.intended_s = intended_s
        self.recorder.sent += 1
        if self.transport is None:
            self.pace.spawn(self._connect(now_s))
        else:
            self._write(now_s)

    def _write(self, now_s: float) -> None:
        self.sent_s, self.first_s = now_s, 0.0
        self.recorder.bytes_sent += len(self.request)
        self.transport.write(self.request)  # type: ignore[union-attr]

    async def _connect(self, now_s: float) -> None:
        self.connecting_s = now_s
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, self.pace.spec.host, self.pace.spec.port)
        except OSError:
            self._fail("connect", perf_counter())
            await asyncio.sleep(CONNECT_PAUSE_S)
            self.pace.released(self, perf_counter())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from asyncio's
        now_s = perf_counter()
        self.recorder.connected(now_s - self.connecting_s)
        self.transport = transport
        if not self.intended_s:  # it timed out while connecting
            transport.abort()
            return
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parser = httptools.HttpResponseParser(self)
        self._write(now_s)

    def data_received(self, data: bytes) -> None:
        now_s = perf_counter()
        recorder = self.recorder
        recorder.bytes_received += len(data)
        if data == self.pace.approved[self.key] and not self.first_s:
            recorder.succeeded(now_s, self.intended_s, self.sent_s, now_s, self.key)
            self.answered += 1
            self.intended_s, self.key = 0.0, NOTHING
            self.pace.released(self, now_s)
        else:
            self._parse(data, now_s)

    def _parse(self, data: bytes, now_s: float) -> None:
        assert self.parser is not None and self.transport is not None
        whole = not self.first_s
        self.first_s = self.first_s or now_s
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.surplus = True
        if self.pace.streams:
            self.events_s += (now_s,) * (self.body.count(EVENT_END) - len(self.events_s))
        if self.surplus or not self.intended_s:  # not HTTP/1.1, or more than was asked for
            if not self.intended_s:
                self.recorder.unasked()
            self._fail("body", now_s)
            self.transport.abort()
        elif self.complete:
            self._judge(data if whole else None, now_s)

    def _judge(self, data: bytes | None, now_s: float) -> None:
        """The answer is complete; ``data`` is all of it if it came in one piece."""
        assert self.transport is not None
        expected = self.pace.expectations[self.key]
        complaint = expected.complaint(self.status, self.body)
        if complaint:
            self._fail(complaint, now_s)
        else:
            self.recorder.succeeded(now_s, self.intended_s, self.sent_s, self.first_s, self.key)
            self.answered += 1
            if expected.chunks:
                self.recorder.streamed(self.events_s, self.sent_s)
            elif self.keep_alive and data is not None:
                self.pace.approved[self.key] = data
            self.intended_s, self.key = 0.0, NOTHING
        self._forget()
        if self.keep_alive:
            self.pace.released(self, now_s)
        else:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.surplus = self.surplus or self.complete

    def on_body(self, body: bytes) -> None:
        self.body = self.body + body if self.body else body

    def on_message_complete(self) -> None:
        assert self.parser is not None
        if self.parser.get_status_code() < 200:  # an interim answer, such as 103: the one that counts is still to come
            return
        self.complete, self.status = True, self.parser.get_status_code()
        self.keep_alive = self.parser.should_keep_alive()  # known only now

    def connection_lost(self, error: Exception | None) -> None:
        now_s = perf_counter()
        self.recorder.disconnected()
        self.transport = None
        if self.intended_s:
            self._fail("timeout" if self.timed_out else "short" if self.first_s else "reset", now_s)
        self.timed_out = False
        self._forget()
        self.pace.released(self, now_s)

    def expire(self, now_s: float) -> None:
        """The request under way took too long: it is given up, and never a success."""
        if self.transport is not None:
            self.timed_out = True
            self.transport.abort()
        else:  # still connecting: the kernel's answer may take minutes
            self._fail("timeout", now_s)

    def _fail(self, complaint: str, now_s: float) -> None:
        if self.intended_s:
            self.recorder.failed(complaint, now_s)
            self.intended_s, self.key = 0.0, NOTHING

    def _forget(self) -> None:
        """Nothing of an answer has been seen."""
        self.body, self.events_s, self.complete, self.surplus, self.first_s = b"", (), False, False, 0.0
