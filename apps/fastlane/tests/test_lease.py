"""A lease and its pool, without a server."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse

from apps.fastlane.lease import Lease
from apps.fastlane.threads import ThreadPool

from .conftest import hold
from .exchanges import PATIENCE_S
from .test_signals import ends
from .test_threads import THREAD


async def test_jobs_of_a_lease_run_in_order_on_one_thread(pool: ThreadPool) -> None:
    lease, order = Lease(pool), []
    jobs = [lease.submit(lambda n=number: order.append(n) or THREAD()) for number in range(50)]
    assert len(set(await asyncio.gather(*jobs))) == 1
    assert order == [*range(50)]
    lease.end()
    assert len(pool.idle) == pool.existing == 1


async def test_a_job_s_error_is_whose_who_asked(pool: ThreadPool) -> None:
    lease = Lease(pool)
    for error in (LookupError, SystemExit, KeyboardInterrupt):

        def fails(error: Any = error) -> None:
            raise error("of the job")

        with pytest.raises(error, match="of the job"):
            await lease.submit(fails)
    assert await lease.submit(str, 7) == "7"
    lease.end()
    assert pool.running == 0


async def test_after_its_end_a_lease_takes_nothing(pool: ThreadPool) -> None:
    lease = Lease(pool)
    future, leave = hold(lease)
    waiting = lease.submit(THREAD)
    lease.end()  # what was submitted still runs, and the thread is not given back before
    assert pool.idle == []
    leave.set()
    assert await future
    await waiting
    assert len(pool.idle) == pool.existing == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        lease.submit(THREAD)


@pytest.mark.parametrize("cancelled", [False, True], ids=["waits on", "its loop is closed"])
async def test_a_lease_is_quiet_when_its_last_job_is_cancelled(pool: ThreadPool, cancelled: bool) -> None:
    """A task of a request that has been answered is cancelled while its job waits for a turn."""
    first, second = Lease(pool), Lease(pool)
    future, leave = hold(first)
    waiting = second.submit(THREAD)
    quiet = asyncio.ensure_future(second.quiet())
    await asyncio.sleep(0)
    assert not quiet.done()
    if cancelled:
        quiet.cancel()
        await asyncio.wait([quiet], timeout=PATIENCE_S)
    assert waiting.cancel()
    assert await asyncio.wait_for(asyncio.wait([quiet]), PATIENCE_S) == ({quiet}, set())
    leave.set()
    assert await future
    assert await second.submit(THREAD)
    first.end()
    second.end()


def test_a_lease_that_hopped_is_no_cycle(pool: ThreadPool) -> None:
    """Nothing that the garbage collector has to come for."""

    async def hops(lease: Lease) -> None:
        from asgiref.sync import SyncToAsync, ThreadSensitiveContext

        async with ThreadSensitiveContext():
            context = SyncToAsync.thread_sensitive_context.get()
            SyncToAsync.context_to_thread_executor[context] = lease
            await sync_to_async(THREAD)()
            lease.end()
            del SyncToAsync.context_to_thread_executor[context]

    gc.collect()
    gc.disable()
    try:
        lease = Lease(pool)
        asyncio.run(hops(lease))
        reference = weakref.ref(lease)
        del lease
        asyncio.run(hops(Lease(pool)))  # the thread forgets the first with the second
        assert reference() is None
    finally:
        gc.enable()


async def test_who_waits_for_a_thread_holds_up_nobody_who_has_one(pool: ThreadPool) -> None:
    first, second, third = Lease(pool), Lease(pool), Lease(pool)
    for lease in (first, second):
        await lease.submit(THREAD)
    waiting = third.submit(THREAD)
    assert await first.submit(str, 1) == "1"
    assert not waiting.done()
    second.end()
    assert isinstance(await waiting, int)
    third.end()
    first.end()
    assert pool.existing == len(pool.idle) == 2


async def test_closing_ends_threads_at_rest_now_and_others_when_they_are_done() -> None:
    pool = ThreadPool(size=2, most=2)
    busy, resting = Lease(pool), Lease(pool)
    future, leave = hold(busy)
    await resting.submit(THREAD)
    resting.end()
    threads = [worker.thread for worker in pool.workers]
    pool.close(within_s=0.1)
    assert sum(thread.is_alive() for thread in threads) == 1
    leave.set()
    assert await future
    busy.end()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert pool.existing == 0
    late = Lease(pool)  # a request that comes after the end is answered all the same
    assert await late.submit(str, 1) == "1"
    late.end()
    pool.close()
    assert pool.existing == 0


async def test_a_thread_that_cannot_be_started_is_an_error_of_its_request(fast: Any, monkeypatch: Any) -> None:
    async def view(request: Any) -> HttpResponse:
        return HttpResponse(str(await sync_to_async(THREAD)()))

    served = fast(view, size=2)
    usual, refused = threading.Thread.start, []

    def cannot(self: threading.Thread) -> None:
        if self.name.startswith("fastlane") and len(refused) < 2:
            refused.append(self)
            raise RuntimeError("can't start new thread")
        usual(self)

    monkeypatch.setattr(threading.Thread, "start", cannot)
    exchange = served.open("/view/")
    await ends(exchange)
    monkeypatch.undo()
    assert refused
    assert (served.threads.running, served.threads.waiting) == (0, 0)
    assert (await served.get("/view/")).status == 200


async def test_a_thread_that_cannot_be_started_leaves_those_that_are_there(pool: ThreadPool, monkeypatch: Any) -> None:
    """Whoever has one goes on, and gives it to who waits."""
    usual = threading.Thread.start

    def cannot(self: threading.Thread) -> None:
        if self.name.startswith("fastlane"):
            raise RuntimeError("can't start new thread")
        usual(self)

    first, second = Lease(pool), Lease(pool)
    future, leave = hold(first)
    monkeypatch.setattr(threading.Thread, "start", cannot)
    waiting = second.submit(THREAD)
    leave.set()
    assert await future
    assert await first.submit(str, 1) == "1"
    first.end()
    done, _ = await asyncio.wait([waiting], timeout=PATIENCE_S)
    assert done
    second.end()
    assert pool.running == 0
