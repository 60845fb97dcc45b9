"""The recorder: what it sees, what it tells apart, and that it sees nothing unless asked."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from functools import partial

import pytest
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, async_to_sync, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from apps.diagnostics import hops
from apps.diagnostics.hops import recording
from apps.diagnostics.trace import Trace

STOCK = [name for name in settings.MIDDLEWARE if name.startswith("django.")]


async def plaintext(request):
    return HttpResponse("Hello, world!")


urlpatterns = [path("plaintext/", plaintext)]


def nap(seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return threading.get_ident()


class Shelf:
    """A callable that must not be looked into: a QuerySet's repr runs SQL."""

    def __call__(self) -> None:
        pass

    def __repr__(self) -> str:
        raise AssertionError("recorded things are never asked for their repr")

    def count(self) -> int:
        return 1


async def view(number: int = 1) -> tuple[int, int]:
    first = await sync_to_async(nap)(0.01 * number)
    await asyncio.sleep(0.005)
    second = await sync_to_async(partial(nap, 0.005))()
    return first, second


async def recorded(number: int = 1) -> tuple[Trace, tuple[int, int]]:
    with recording() as trace:
        async with ThreadSensitiveContext():
            threads = await view(number)
    return trace, threads


def alone(coroutine):
    """As trying does it: in a context of its own."""
    return asyncio.create_task(coroutine, context=contextvars.Context())


def test_two_calls_are_two_crossings_in_their_order_and_on_their_thread():
    trace, threads = asyncio.run(recorded())
    first, second = trace.crossings
    assert [one.function for one in trace.crossings] == ["nap", "nap"]
    assert {one.module for one in trace.crossings} == {__name__}
    assert (first.ident, second.ident) == threads
    moments = [moment for one in (first, second) for moment in (one.asked_s, one.started_s, one.ended_s, one.back_s)]
    assert moments == sorted(moments)
    assert first.ended_s - first.started_s >= 0.01
    assert (first.fresh, second.fresh) == (True, False)  # one thread for the request, started for its first hop
    assert trace.problem == ""


def test_ten_at_once_stay_apart():
    async def ten() -> list[tuple[Trace, tuple[int, int]]]:
        return await asyncio.gather(*(alone(recorded(number)) for number in range(10)))

    found = asyncio.run(ten())
    for trace, threads in found:
        assert tuple(one.ident for one in trace.crossings) == threads
        assert [one.fresh for one in trace.crossings] == [True, False]
    assert len({trace.crossings[0].thread for trace, _ in found}) == 10
    begun = max(trace.crossings[0].started_s for trace, _ in found)
    assert begun < found[-1][0].crossings[0].ended_s  # they did not wait for each other


def test_without_a_trace_nothing_is_recorded():
    trace, _ = asyncio.run(recorded())
    before = len(trace.crossings)
    asyncio.run(view())
    assert len(trace.crossings) == before
    assert hops.current.get() is None


def test_what_a_gathered_call_waits_for_a_thread_is_told():
    async def crowded() -> Trace:
        with recording() as trace:
            async with ThreadSensitiveContext():  # one thread, so the second has to wait for the first
                await asyncio.gather(sync_to_async(nap)(0.03), sync_to_async(nap)(0.0))
        return trace

    first, second = asyncio.run(crowded()).crossings
    assert second.asked_s < first.ended_s <= second.started_s


def test_a_failing_function_ends_like_any_other():
    def fail() -> None:
        raise LookupError("gone")

    async def failing() -> Trace:
        with recording() as trace, pytest.raises(LookupError):
            await sync_to_async(fail)()
        return trace

    (crossing,) = asyncio.run(failing()).crossings
    assert crossing.ended_s is not None
    assert crossing.function.endswith("fail")


def test_hops_out_of_a_thread_and_back_are_recorded_too():
    def outer() -> None:
        async_to_sync(inner)()

    async def inner() -> None:
        await sync_to_async(nap)()

    async def nested() -> Trace:
        with recording() as trace:
            await sync_to_async(outer)()
        return trace

    first, second = asyncio.run(nested()).crossings
    assert first.started_s <= second.started_s <= second.ended_s <= first.ended_s
    assert first.ident == second.ident


def test_names_are_found_without_looking_into_what_is_called():
    assert hops.name_of(Shelf()) == ("Shelf", __name__)
    assert hops.name_of(Shelf().count) == ("Shelf.count", __name__)
    assert hops.name_of(partial(partial(nap), 1)) == ("nap", __name__)
    assert hops.name_of(time.sleep) == ("sleep", "time")
    assert hops.name_of(list) == ("list", "builtins")


def test_another_shape_of_asgiref_is_told_not_wrapped():
    class Other:
        async def __call__(self) -> None: ...
        def thread_handler(self, loop: object, func: object) -> None: ...

    class Plain:
        def __call__(self) -> None: ...

    assert "thread_handler" in hops.unexpected(Other)
    assert "__call__" in hops.unexpected(Plain)


def test_a_recorder_that_cannot_record_lets_everything_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(hops.state, "installed", False)
    monkeypatch.setattr(hops, "unexpected", lambda kind: "another shape")
    trace, threads = asyncio.run(recorded())
    assert len(threads) == 2
    assert trace.problem == "another shape"


async def request_plaintext(handler: ASGIHandler) -> int:
    """Ask the plaintext async view as a server would. Returns the status."""
    sent = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/plaintext/",
        "raw_path": b"/plaintext/",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    waiting = asyncio.Event()
    first = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if first:
            return first.pop()
        return await waiting.wait()

    async def send(message):
        sent.append(message)

    await handler(scope, receive, send)
    return sent[0]["status"]


@override_settings(MIDDLEWARE=STOCK, ROOT_URLCONF=__name__)
def test_with_stock_middlewares_it_counts_what_a_counter_on_the_class_counts(monkeypatch: pytest.MonkeyPatch):
    with recording():
        pass  # installs it, so that the counter is the outer one
    counted = []
    stock = SyncToAsync.__call__

    async def counting(self, *args, **kwargs):
        counted.append(1)
        return await stock(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counting)
    handler = ASGIHandler()

    async def asked() -> tuple[Trace, int]:
        with recording() as trace:
            return trace, await request_plaintext(handler)

    async def in_its_own_context() -> tuple[Trace, int]:
        return await alone(asked())

    trace, status = asyncio.run(in_its_own_context())
    assert status == 200
    assert len(trace.crossings) == len(counted) > 2 * len(STOCK) - 2
    assert sum(one.fresh for one in trace.crossings) == 1
