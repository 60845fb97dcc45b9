"""What the card says about middlewares and hops, counted in Django's own ASGI handler; and on real servers."""

from __future__ import annotations

import asyncio
import http.client
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

from apps.scenarios.middleware_tax.sync_only import HEADER
from apps.scenarios.plaintext import work
from conftest import Serve

SEVEN = [name for name in settings.MIDDLEWARE if name.startswith("django.")]  # the showcase has one more of its own
SYNC_ONLY = "apps.scenarios.middleware_tax.sync_only.mark"
STACKS = {"none": [], "default": SEVEN, "last": [*SEVEN, SYNC_ONLY], "first": [SYNC_ONLY, *SEVEN]}


async def ask(application: Any, path: str) -> dict[bytes, bytes]:
    """The headers of one answer."""
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path}
    one = ApplicationCommunicator(application, {**scope, "query_string": b"", "headers": [(b"host", b"localhost")]})
    await one.send_input({"type": "http.request", "body": b""})
    start = await one.receive_output(timeout=5)
    assert (await one.receive_output(timeout=5))["body"] == work.BODY
    assert start["status"] == 200
    await one.wait()
    return dict(start["headers"])


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[SyncToAsync]:
    made: list[SyncToAsync] = []
    original = SyncToAsync.__call__

    async def counted(self: SyncToAsync, *args: Any, **kwargs: Any) -> Any:
        made.append(self)
        return await original(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    return made


@pytest.mark.parametrize(("stack", "expected"), [("none", 2), ("default", 15), ("last", 4), ("first", 16)])
def test_hops_of_a_request_to_the_async_view(stack: str, expected: int, hops: list[SyncToAsync]) -> None:
    """Loading a stack hops nowhere; the requests are what is counted."""

    async def play() -> dict[bytes, bytes]:
        application = ASGIHandler()
        application.load_middleware(is_async=True)
        return await ask(application, "/middleware_tax/async/")

    with override_settings(MIDDLEWARE=STACKS[stack], ROOT_URLCONF="apps.scenarios.urls"):
        headers = asyncio.run(play())
    assert (HEADER.encode() in headers) is (stack in ("last", "first"))
    assert len(hops) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "contender", ["sync@gunicorn-threads", "sync@uvicorn", "async@uvicorn", "async@uvicorn-fastlane"]
)
def test_a_server_has_the_stack_that_its_contender_names(contender: str, serve: Serve) -> None:
    seen = {}
    for stack in ("none", "default", "sync-only"):
        with serve("middleware_tax", f"{contender}+{stack}") as process:
            connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
            connection.request("GET", f"/middleware_tax/{contender.partition('@')[0]}/")
            response = connection.getresponse()
            seen[stack] = {name for name in (HEADER, "X-Frame-Options") if name in response.headers}
            assert (response.status, response.read()) == (200, work.BODY)
            connection.close()
    assert seen == {"none": set(), "default": {"X-Frame-Options"}, "sync-only": {HEADER, "X-Frame-Options"}}
