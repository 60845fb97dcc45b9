"""Django's test clients, led through a real ASGI handler.

``Client`` and ``AsyncClient`` call the middleware chain themselves and never meet ``ASGIHandler``. Here their handlers
are replaced: what they get becomes an ASGI scope and a body, the real handler answers with ASGI messages, and the
response object that it made is handed back once the messages have been checked against it.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync, async_to_sync
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import get_path_info, get_script_name
from django.http import HttpResponse, StreamingHttpResponse
from django.test import client

from . import sharing

BODY_CHUNK_BYTES = 64 * 1024
ANSWER_WITHIN_S = 60.0
KEY = "crossover.exchange"
IN_THE_SCOPE = {"PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REQUEST_METHOD", "SCRIPT_NAME"}
IN_THE_SCOPE |= {"SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"}

Message = MutableMapping[str, Any]


class AnswerDiffers(AssertionError):
    """What was sent is not what the response object says."""


@dataclass
class Exchange:
    """One request on its way through the handler, and what came of it."""

    enforce_csrf_checks: bool
    environ: dict[str, Any] = field(default_factory=dict)
    request: ASGIRequest | None = None
    response: Any = None
    messages: list[Message] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def chunks(self) -> list[bytes]:
        return [chunk for message in self.messages[1:] if (chunk := bytes(message.get("body", b"")))]


class BridgedRequest(ASGIRequest):
    """Has what the client's request would have: its CSRF exemption, and the parts of its environ no scope can carry."""

    def __init__(self, scope: dict[str, Any], body_file: Any) -> None:
        super().__init__(scope, body_file)
        exchange: Exchange = scope[KEY]
        exchange.request = self
        self._dont_enforce_csrf_checks = not exchange.enforce_csrf_checks
        for name, value in exchange.environ.items():
            self.META.setdefault(name, value)
        if exchange.environ:
            self.environ = exchange.environ


class Bridge:
    """Replaces ``__call__`` of the test clients' handlers; ``handler_class`` is what answers."""

    def __init__(self, handler_class: type[ASGIHandler]) -> None:
        self.handler_class = handler_class
        self.threads: Any = None  # one pool of threads for all handlers: there is one for each client
        bridge = self

        def call(handler: client.ClientHandler, environ: dict[str, Any]) -> Any:
            return bridge.call(handler, environ)

        async def acall(handler: client.AsyncClientHandler, scope: dict[str, Any]) -> Any:
            return await bridge.acall(handler, scope)

        clients: Any = client
        clients.ClientHandler.__call__ = call
        clients.AsyncClientHandler.__call__ = acall

    def handler_for(self, handler: Any) -> Any:
        """The handler behind a client's own: made at its first request, as its middleware chain is."""
        made: Any = handler.__dict__.get("_bridged")
        if made is None:
            made = self.handler_class()
            if hasattr(self.handler_class, "threads"):
                if self.threads is None:
                    self.threads = made.threads
                made.__dict__["threads"] = self.threads
            made.request_class = BridgedRequest
            # On the instance: a subclass is another class, and another sender of signals.
            made.get_response_async = _noting(made.get_response_async)
            handler._bridged = made
        return made

    def call(self, handler: client.ClientHandler, environ: dict[str, Any]) -> Any:
        real = self.handler_for(handler)
        exchange = Exchange(handler.enforce_csrf_checks, environ)
        scope, body = _from_environ(environ)

        async def asked() -> None:
            await _ask(real, scope, body, exchange)

        if threading.current_thread() is threading.main_thread():
            sharing.note_connections()
        if _in_a_loop():
            context = contextvars.copy_context()
            with ThreadPoolExecutor(1) as thread:
                thread.submit(context.run, async_to_sync(asked, force_new_loop=True)).result(2 * ANSWER_WITHIN_S)
        else:
            async_to_sync(asked)()
        response = _answer(exchange)
        response.wsgi_request = exchange.request
        return response

    async def acall(self, handler: client.AsyncClientHandler, scope: dict[str, Any]) -> Any:
        real = self.handler_for(handler)
        exchange = Exchange(handler.enforce_csrf_checks)
        body = scope.pop("_body_file").read() if "_body_file" in scope else b""
        await _ask(real, scope, body, exchange)
        response = _answer(exchange)
        response.asgi_request = exchange.request
        return response


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _noting(get_response_async: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    async def get_response_async_noted(request: BridgedRequest) -> Any:
        response = await get_response_async(request)
        request.scope[KEY].response = response
        return response

    return get_response_async_noted


async def _ask(handler: ASGIHandler, scope: dict[str, Any], body: bytes, exchange: Exchange) -> None:
    """As a server would: in a task of its own, whose context is a copy and knows no test's thread."""
    scope = {**scope, KEY: exchange}
    parts = [body[at : at + BODY_CHUNK_BYTES] for at in range(0, len(body), BODY_CHUNK_BYTES)] or [b""]
    ended = asyncio.Event()

    async def receive() -> Message:
        if parts:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        exchange.messages.append(message)

    async def serve() -> None:
        # Else asgiref runs every sync function on the test's own thread, which waits in async_to_sync.
        AsyncToSync.executors.current = None
        sharing.share_connections()
        await handler(scope, receive, send)  # type: ignore[arg-type]

    task = asyncio.get_running_loop().create_task(serve(), context=_context_of_a_server())
    try:
        await asyncio.wait_for(task, ANSWER_WITHIN_S)
    finally:
        ended.set()


def _context_of_a_server() -> contextvars.Context:
    """The test's context, without what makes a view's own request to its site a part of the view's request."""
    context = contextvars.Context()
    for variable, value in contextvars.copy_context().items():
        if variable not in (SyncToAsync.thread_sensitive_context, SyncToAsync.deadlock_context):
            context.run(variable.set, value)
    return context


def _from_environ(environ: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A scope and the body for a WSGI environ, read no further than its Content-Length, as servers do."""
    headers = [
        (header.encode("latin1"), str(value).encode("latin1", "replace"))
        for name, value in environ.items()
        if (header := _header(name)) and value is not None and (name, value) != ("HTTP_COOKIE", "")
    ]
    script_name = get_script_name(environ)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": f"{script_name.rstrip('/')}/{get_path_info(environ).replace('/', '', 1)}",  # as in WSGIRequest
        "root_path": script_name,
        "query_string": environ.get("QUERY_STRING", "").encode("latin1"),
        "headers": headers,
        "client": [environ["REMOTE_ADDR"], 0],
        "server": (environ["SERVER_NAME"], str(environ["SERVER_PORT"])),
    }
    return scope, _body(environ)


def _header(name: str) -> str:
    """A variable that a server in front would set, REMOTE_USER say, reaches an ASGI application as a header."""
    if name in IN_THE_SCOPE or "." in name:
        return ""
    return name.removeprefix("HTTP_").lower().replace("_", "-")


def _body(environ: dict[str, Any]) -> bytes:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    stream = environ["wsgi.input"]
    if isinstance(stream, client.FakePayload):
        length = min(length, len(stream))
    read = stream.read(length) if length > 0 else b""
    environ["wsgi.input"] = io.BytesIO(read)
    return bytes(read)


def _answer(exchange: Exchange) -> Any:
    """The response object, after what was sent has been compared with it; made from the messages if there is none."""
    start = exchange.messages[0] if exchange.messages else {"type": "nothing"}
    if start["type"] != "http.response.start":
        raise AnswerDiffers(f"The handler sent no response: {exchange.messages!r}")
    if exchange.messages[-1].get("more_body"):
        raise AnswerDiffers("The handler did not end its response")
    response = exchange.response
    if response is None:  # refused before there was a request
        headers: Any = start["headers"]
        named = {name.decode(): value.decode("latin1") for name, value in headers}
        return HttpResponse(exchange.body, status=start["status"], headers=named)
    _compare(response, exchange)
    if response.streaming:
        # The handler has consumed it. It is set past FileResponse, which would take it for a file.
        chunks = exchange.chunks
        StreamingHttpResponse._set_streaming_content(response, _again(chunks) if response.is_async else chunks)  # type: ignore[attr-defined]
    if exchange.request is not None:
        client.conditional_content_removal(exchange.request, response)
    return response


async def _again(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def _compare(response: Any, exchange: Exchange) -> None:
    start = exchange.messages[0]
    if start["status"] != response.status_code:
        raise AnswerDiffers(f"Sent {start['status']}, the response says {response.status_code}")
    sent = sorted((bytes(name).lower(), bytes(value)) for name, value in start["headers"])
    meant = [(name.lower().encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    meant += [(b"set-cookie", one.OutputString().encode("ascii")) for one in response.cookies.values()]
    if sent != sorted(meant):
        raise AnswerDiffers(f"Sent the headers {sent!r}, the response has {sorted(meant)!r}")
    if not response.streaming and exchange.body != response.content:
        raise AnswerDiffers(f"Sent {exchange.body!r}, the response holds {response.content!r}")
