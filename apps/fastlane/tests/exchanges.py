"""A driver that speaks ASGI to a handler as a server does, and a site made of a test's own views."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 45.0  # for anything that a test waits for: on a busy machine it takes long, and must not fail
DISCONNECT = {"type": "http.disconnect"}

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What a client has seen."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        return self.messages[0]["status"] if self.messages else None

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def parts(self) -> list[bytes]:
        return [part for message in self.messages[1:] if (part := message.get("body", b""))]

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def complete(self) -> bool:
        return len(self.messages) > 1 and not self.messages[-1].get("more_body", False)


class Exchange:
    """One request."""

    task: asyncio.Task[None]

    def __init__(self, application: Any, scope: dict[str, Any], parts: Iterable[bytes], more: bool) -> None:
        self.answer = Answer()
        self.changed = asyncio.Event()
        self.body_read = asyncio.Event()
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        parts = list(parts)
        for number, part in enumerate(parts, start=1):
            self.send_part(part, more=more or number < len(parts))
        self._application, self._scope = application, scope
        self.on_send: Callable[[dict[str, Any]], Awaitable[None]] | None = None  # a client that takes its time

    def _answering(self) -> Any:
        return self._application(self._scope, self._receive, self._send)

    def start(self) -> Exchange:
        """Answer it in a task of its own, whose context is a server's: nothing of who asks."""
        self.task = asyncio.get_running_loop().create_task(self._answering(), context=Context())
        return self

    async def here(self) -> Answer:
        """Answer it in the task that asks."""
        await self._answering()
        return self.answer

    def send_part(self, part: bytes, more: bool = False) -> None:
        self._incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})

    def nothing_left(self) -> bool:
        """Whether the handler has taken all that was sent."""
        return self._incoming.empty()

    def disconnect(self) -> None:
        """The client goes."""
        self._incoming.put_nowait(dict(DISCONNECT))

    async def _receive(self) -> dict[str, Any]:
        message = await self._incoming.get()
        if not message.get("more_body", False):
            self.body_read.set()
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        self.answer.messages.append(message)
        self.changed.set()
        if self.answer.complete:
            self.disconnect()  # what servers tell who still listens
        if self.on_send is not None:
            await self.on_send(message)

    async def parts(self, count: int) -> list[bytes]:
        """The first parts of the body, as soon as they are there."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.answer.parts) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.answer.parts[:count]

    async def ended(self) -> Answer:
        """Wait until the handler is done; raises what it raises."""
        done, _ = await asyncio.wait([self.task], timeout=PATIENCE_S)
        assert done, "the handler does not return"
        self.task.result()
        return self.answer


class Site:
    """A handler, and the requests that are made to it."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler

    @property
    def threads(self) -> Any:
        """The fast lane's pool."""
        return self.handler.threads

    def request(
        self,
        path: str,
        parts: Iterable[bytes] = (b"",),
        *,
        method: str = "",
        headers: Headers = (),
        more: bool = False,
        application: Any = None,
    ) -> Exchange:
        """A request that nobody answers yet; with ``more``, the client has not sent all of its body."""
        parts = list(parts)
        return Exchange(application or self.handler, scope(path, method, parts, headers), parts, more)

    def open(self, path: str, parts: Iterable[bytes] = (b"",), **named: Any) -> Exchange:
        """The same, begun."""
        return self.request(path, parts, **named).start()

    async def get(self, path: str, **named: Any) -> Answer:
        return await self.open(path, **named).ended()

    async def get_all(self, paths: Iterable[str]) -> list[Answer]:
        """Requests that are all there at once."""
        exchanges = [self.open(path) for path in paths]
        return [await exchange.ended() for exchange in exchanges]


def scope(path: str, method: str = "", parts: Sequence[bytes] = (b"",), headers: Headers = ()) -> dict[str, Any]:
    """What a server says about a request."""
    path, _, query = path.partition("?")
    method = method or ("POST" if any(parts) else "GET")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin1"),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


async def until(condition: Any) -> None:
    """Wait for what cannot be awaited. The last resort: it polls."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what threads do sets no event of a loop
            await asyncio.sleep(0.005)
