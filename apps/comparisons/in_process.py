"""Asks a Django variant inside this very process: the plain handler, a scope like a server's, and a recorder."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest

from apps.comparisons.answers import Answer
from apps.diagnostics.hops import recording
from apps.diagnostics.steps import stepped

PASSED_ON = {"cookie": "HTTP_COOKIE", "accept-language": "HTTP_ACCEPT_LANGUAGE", "referer": "HTTP_REFERER"}


@dataclass(frozen=True)
class Visitor:
    """Who asks: what has to be passed on, so that a variant answers him as if he had asked it himself."""

    host: str
    scheme: str
    headers: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)  # what the server's lifespan opened

    @classmethod
    def of(cls, request: HttpRequest) -> Visitor:
        headers = {name: request.META[key] for name, key in PASSED_ON.items() if request.META.get(key)}
        token = request.META.get("HTTP_X_CSRFTOKEN") or request.POST.get("csrfmiddlewaretoken", "")
        headers |= {"x-csrftoken": token} if token else {}
        state = getattr(request, "scope", {}).get("state", {})  # WSGI has neither
        return cls(request.get_host(), request.scheme or "http", headers, state)


@cache
def handler() -> ASGIHandler:
    """Django's own, without the static files that the server's has in front of it."""
    return get_asgi_application()


under_way: set[asyncio.Task[None]] = set()  # the loop itself keeps no task alive


async def ask(path: str, query: str, method: str, visitor: Visitor, answer: Answer) -> None:
    """One request, from its scope to what Django does after the last byte; what happened is noted in ``answer``.

    In a context of its own: in that of the request which asks, all would share its one thread and wait for each other.
    """
    gone = asyncio.Event()
    serving = _serve(scope_of(path, query, method, visitor), answer, gone)
    task = asyncio.create_task(serving, context=contextvars.Context())
    under_way.add(task)
    task.add_done_callback(under_way.discard)
    try:
        await asyncio.shield(task)
    finally:
        gone.set()  # as a server does it: the handler is told that nobody listens, and ends by itself


async def _serve(scope: dict[str, Any], answer: Answer, gone: asyncio.Event) -> None:
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            answer.status = message["status"]
            answer.media_type, answer.location = headers.get("content-type", ""), headers.get("location", "")
        elif message["type"] == "http.response.body":
            answer.add(message.get("body", b""))
            if not message.get("more_body"):
                answer.end()

    with recording() as answer.trace:
        await stepped(handler()(scope, receive, send), answer.trace)  # type: ignore[arg-type]


def scope_of(path: str, query: str, method: str, visitor: Visitor) -> dict[str, Any]:
    headers = {"host": visitor.host, "accept": "*/*", **visitor.headers}
    if method != "GET":
        headers["content-length"] = "0"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": visitor.scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": None,
        "state": {**visitor.state},
    }
