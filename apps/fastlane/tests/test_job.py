"""A sync call that goes to a thread, and what comes back from it."""

from __future__ import annotations

import asyncio
import threading
import weakref
from concurrent import futures
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse

from apps.fastlane.handler import FastlaneHandler
from apps.fastlane.lease import Lease
from apps.fastlane.threads import ThreadPool

from .conftest import hold
from .exchanges import until
from .test_threads import THREAD


async def test_a_cancelled_job_never_runs(pool: ThreadPool) -> None:
    first, second = Lease(pool), Lease(pool)
    future, leave = hold(first)
    mine, others = first.submit(THREAD), second.submit(THREAD)
    assert pool.waiting == 1
    assert mine.cancel()
    assert others.cancel()
    assert pool.waiting == 0
    leave.set()
    assert await future
    for cancelled in (mine, others):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    first.end()
    second.end()
    assert pool.running == 0
    assert pool.existing == pool.started == 1


async def test_a_cancelled_job_that_has_begun_runs_to_its_end(pool: ThreadPool) -> None:
    errors: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    lease = Lease(pool)
    future, leave = hold(lease)
    next_one = lease.submit(THREAD)
    assert future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await future
    await asyncio.sleep(0.05)
    assert not next_one.done()
    leave.set()
    assert await next_one
    lease.end()
    assert (pool.running, len(pool.idle), errors) == (0, 1, [])


async def test_a_thread_outlives_the_loop_that_asked(pool: ThreadPool) -> None:
    """A server may run several loops, one after the other; what comes too late for one is nobody's."""
    lease, other = Lease(pool), Lease(pool)

    def asks_and_ends() -> threading.Event:
        async def asks() -> threading.Event:
            return hold(lease)[1]

        return asyncio.run(asks())

    leave = await asyncio.to_thread(asks_and_ends)
    lease.end()
    (worker,) = pool.workers
    leave.set()
    assert await other.submit(THREAD) == worker.thread.ident
    other.end()
    assert pool.existing == pool.started == 1


@pytest.mark.parametrize("error", [LookupError("why"), futures.CancelledError("why"), futures.InvalidStateError("why")])
async def test_a_view_sees_a_sync_function_s_error_as_it_does_in_stock(make_site: Any, error: Exception) -> None:
    def fails() -> None:
        raise error

    async def view(request: Any) -> HttpResponse:
        try:
            await sync_to_async(fails)()
        except BaseException as seen:
            return HttpResponse(f"{type(seen).__module__} {seen!r}")
        return HttpResponse()

    answers = {(await make_site(one, view).get("/view/")).text for one in (ASGIHandler, FastlaneHandler)}
    assert len(answers) == 1
    assert "why" in answers.pop()


async def test_a_stop_iteration_does_not_hang(fast: Any) -> None:
    def fails(request: Any) -> HttpResponse:
        return HttpResponse(next(iter(())))

    assert (await fast(fails).get("/fails/")).status == 500


async def test_what_a_job_returned_does_not_live_on_in_its_thread(pool: ThreadPool) -> None:
    class Thing:
        pass

    lease = Lease(pool)
    reference = weakref.ref(await lease.submit(Thing))
    await until(lambda: reference() is None)
    lease.end()
