"""A request is freed at its end without the garbage collector; what somebody keeps is not touched."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.messages import add_message, get_messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_only_middleware

from .exchanges import PATIENCE_S, until

SEVEN = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
OURS = {"ASGIRequest", "CurrentThreadExecutor", "Disconnects", "HttpResponse", "Job", "Lease", "ParkingLoop", "_Visit"}
requests: list[Any] = []  # weak references
leases: list[Any] = []
kept: list[Any] = []


@pytest.fixture(autouse=True)
def without_collector(settings: Any) -> Iterator[None]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"  # no database needed
    for seen in (requests, leases, kept):
        seen.clear()
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    kept.clear()


def note(request: Any) -> None:
    requests.append(weakref.ref(request))


async def plain(request: Any) -> HttpResponse:
    note(request)
    return HttpResponse()


async def uses_all(request: Any) -> HttpResponse:
    note(request)
    user = await request.auser()
    return HttpResponse(f"{user.is_anonymous} {len(get_messages(request))}")


def sync_uses_all(request: Any) -> HttpResponse:
    note(request)
    add_message(request, 20, "a message")
    return HttpResponse(f"{request.user.is_anonymous} {len(get_messages(request))}")


async def hops(request: Any) -> HttpResponse:
    note(request)
    return HttpResponse(await sync_to_async(lambda: str(request.path))())


async def fails(request: Any) -> HttpResponse:
    note(request)
    raise LookupError("a view's error")


async def streams(request: Any) -> StreamingHttpResponse:
    note(request)
    return StreamingHttpResponse(iter([b"a", b"b"]))


def keeping(what: Any) -> Any:
    async def keeps(request: Any) -> HttpResponse:
        note(request)
        kept.append(what(request))
        return HttpResponse()

    return keeps


@pytest.mark.parametrize("view", [plain, uses_all, sync_uses_all, hops, streams])
async def test_a_request_is_freed_at_once(fast: Any, view: Any) -> None:
    served = fast(view, middleware=SEVEN, size=1)
    for _ in range(3):
        assert (await served.get(f"/{view.__name__}/")).status == 200
    await until(lambda: len(served.threads.idle) == served.threads.existing)
    await asyncio.sleep(0.01)  # its listener's task ends
    assert [reference() for reference in requests] == [None] * 3


@sync_only_middleware
def sync_only(get_response: Any) -> Any:
    def passes(request: Any) -> Any:
        return get_response(request)

    return passes


async def leaves(use: Any) -> set[str]:
    """What the garbage collector has to come for afterwards: the names of such types as are a request's."""
    await use()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await use()
        gc.collect()
        return {type(one).__name__ for one in gc.garbage} & OURS
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


async def calls(request: Any) -> HttpResponse:
    return HttpResponse(await sync_to_async(str)(1))


async def test_a_request_leaves_no_cycle(fast: Any) -> None:
    """Neither one that never waits nor one that does, nor one whose client goes: collecting is part of its time."""

    async def waits(request: Any) -> HttpResponse:
        await asyncio.sleep(PATIENCE_S)
        return HttpResponse()

    async def use() -> None:
        for url in ("/plain/", "/calls/"):
            assert (await served.get(url)).status == 200
        gone = served.open("/waits/")
        await gone.body_read.wait()
        await asyncio.sleep(0.01)
        gone.disconnect()
        await gone.ended()
        await asyncio.sleep(0.01)  # its listener's task ends

    served = fast(plain, calls, waits)
    assert await leaves(use) == set()


async def test_a_request_below_a_sync_only_middleware_leaves_no_cycle(fast: Any) -> None:
    async def use() -> None:
        for url in ("/plain/", "/calls/"):
            assert (await served.get(url)).status == 200
        await asyncio.sleep(0.01)

    served = fast(plain, calls, middleware=(f"{__name__}.sync_only",))
    assert await leaves(use) == set()


@pytest.mark.parametrize(
    "what",
    [
        lambda request: request,
        lambda request: [request],
        lambda request: request.user,
        lambda request: request.auser,
        get_messages,
        lambda request: lambda: request,
    ],
    ids=["request", "list", "user", "auser", "messages", "closure"],
)
async def test_what_somebody_keeps_still_works(site: Any, what: Any) -> None:
    view = keeping(what)
    assert (await site(view, middleware=SEVEN).get("/keeps/")).status == 200
    request = requests[0]()
    assert request is not None
    assert request.user.is_anonymous
    assert (await request.auser()).is_anonymous
    assert len(get_messages(request)) == 0
    (thing,) = kept
    if thing is request.__dict__.get("user"):
        assert thing.is_anonymous


async def test_a_task_that_outlives_its_response_keeps_its_request(site: Any) -> None:
    go_on = asyncio.Event()

    async def outlives(request: Any) -> bool:
        await go_on.wait()
        return (await request.auser()).is_anonymous and len(get_messages(request)) == 0

    async def view(request: Any) -> HttpResponse:
        kept.append(asyncio.create_task(outlives(request)))
        return HttpResponse()

    await site(view, middleware=SEVEN).get("/view/")
    go_on.set()
    assert await kept[0]


async def test_a_close_that_somebody_has_wrapped_is_called(site: Any, monkeypatch: Any) -> None:
    """By an instrument that came after this was imported."""
    closed = []

    def wrapped(response: HttpResponseBase) -> None:
        closed.append(type(response).__name__)
        usual(response)

    usual = HttpResponseBase.close
    monkeypatch.setattr(HttpResponseBase, "close", wrapped)
    await site(plain).get("/plain/")
    assert closed == ["HttpResponse"]


async def test_a_receiver_and_a_closer_find_the_request_whole(site: Any) -> None:
    seen = []

    async def view(request: Any) -> HttpResponse:
        response = HttpResponse()
        response._resource_closers.append(lambda: seen.append(request.user.is_anonymous))
        return response

    await site(view, middleware=SEVEN).get("/view/")
    assert seen == [True]
