"""A deadline over a whole sync call. httpx's timeouts are per read, so a peer that drips would hold a thread for ever.

What ``asyncio.timeout`` gives to async code in one line has to be built into every read here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic

import httpcore
import httpx

_current = threading.local()


@contextmanager
def deadline(at_s: float) -> Iterator[None]:
    """Calls of this thread end by ``at_s`` (``time.monotonic``), in an httpx.TimeoutException."""
    _current.at_s = at_s
    try:
        yield
    finally:
        del _current.at_s


def _left(error: type[Exception]) -> float:
    left_s: float = _current.at_s - monotonic()
    if left_s <= 0:
        raise error("the deadline has passed")
    return left_s


class _Stream(httpcore.NetworkStream):
    """A connection each of whose reads and writes may take what is left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Opens such connections."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = _left(httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left_s, local_address, socket_options))


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport on httpcore's documented network backends, for which httpx has no option."""

    def __init__(self, keep_alive: int) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            max_connections=None, max_keepalive_connections=keep_alive, network_backend=_Backend()
        )
