"""One HTTP/1.1 connection of the generator: sends, parses, checks, measures.

A raw ``asyncio.Protocol`` with httptools, since the generator has one CPU and must never be what is measured.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from time import perf_counter
from typing import Any, Protocol, cast

import httptools

from benchmarks.load.specs import Expectation, LoadSpec

CONNECT_PAUSE_S = 0.05  # after a refused connection, so that a dead server is not hammered


class Pace(Protocol):
    """Who decides when a connection sends, and hears of every answer."""

    spec: LoadSpec
    requests: Sequence[bytes]
    expectations: Sequence[Expectation]
    sending: bool

    def next_exchange(self) -> int: ...
    def finished(self, started_s: float, complaint: str) -> None: ...
    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None: ...


class Connection(asyncio.Protocol):
    """A client that has at most one request under way. Latency includes connecting where a request has to connect."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.transport: asyncio.Transport | None = None
        self.parser: httptools.HttpResponseParser | None = None
        self.body = b""
        self.started_s = 0.0  # intended start of the request under way; 0 when there is none
        self.exchange = 0
        self.answered = 0
        self.timed_out = False

    def begin(self) -> None:
        """Start the next request, on a new connection if there is none."""
        self.exchange = self.pace.next_exchange()
        self.started_s = perf_counter()
        if self.transport is None:
            self.pace.spawn(self._connect())
        else:
            self.transport.write(self.pace.requests[self.exchange])

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, self.pace.spec.host, self.pace.spec.port)
        except OSError:
            self._finish("connect")
            await asyncio.sleep(CONNECT_PAUSE_S)
            self._next()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from asyncio's
        if not self.started_s:  # it timed out while connecting
            transport.abort()
            return
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = transport
        self.parser = httptools.HttpResponseParser(self)
        transport.write(self.pace.requests[self.exchange])

    def data_received(self, data: bytes) -> None:
        assert self.parser is not None and self.transport is not None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish("body")
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self.body = self.body + body if self.body else body

    def on_message_complete(self) -> None:
        assert self.parser is not None and self.transport is not None
        body, self.body = self.body, b""
        if not self.started_s:
            return
        self._finish(self.pace.expectations[self.exchange].complaint(self.parser.get_status_code(), body))
        if self.parser.should_keep_alive():
            self._next()
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        incomplete = bool(self.body)
        self.transport, self.body = None, b""
        if self.started_s:
            self._finish("timeout" if self.timed_out else "short" if incomplete else "reset")
        self.timed_out = False
        self._next()

    def expire(self) -> None:
        """The request under way took too long: its latency is bounded by the timeout and never a success."""
        if self.transport is not None:
            self.timed_out = True
            self.transport.abort()
        else:  # still connecting: the kernel's answer may take minutes
            self._finish("timeout")

    def _finish(self, complaint: str) -> None:
        if self.started_s:
            self.pace.finished(self.started_s, complaint)
            self.answered += not complaint
            self.started_s = 0.0

    def _next(self) -> None:
        if self.pace.sending:
            self.begin()
        elif self.transport is not None:
            self.transport.close()
