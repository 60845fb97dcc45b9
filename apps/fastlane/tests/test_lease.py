"""A lease and its pool, without a server."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse

from apps.fastlane.lease import Lease
from apps.fastlane.threads import ThreadPool

from .exchanges import PATIENCE_S, until
from .test_signals import ends
from .test_threads import THREAD


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    pool = ThreadPool(size=1, most=2)
    yield pool
    pool.close()


def hold(lease: Lease) -> tuple[Any, threading.Event]:
    inside, leave = threading.Event(), threading.Event()

    def holds() -> bool:
        inside.set()
        return leave.wait(PATIENCE_S)

    future = lease.submit(holds)
    assert inside.wait(PATIENCE_S)
    return future, leave


def test_jobs_of_a_lease_run_in_order_on_one_thread(pool: ThreadPool) -> None:
    lease, order = Lease(pool), []
    futures = [lease.submit(lambda n=number: order.append(n) or THREAD()) for number in range(50)]
    assert len({future.result(PATIENCE_S) for future in futures}) == 1
    assert order == [*range(50)]
    lease.end()
    assert len(pool.idle) == pool.existing == 1


def test_a_job_s_error_is_whose_who_asked(pool: ThreadPool) -> None:
    lease = Lease(pool)
    for error in (LookupError, SystemExit, KeyboardInterrupt):

        def fails(error: Any = error) -> None:
            raise error("of the job")

        with pytest.raises(error, match="of the job"):
            lease.submit(fails).result(PATIENCE_S)
    assert lease.submit(str, 7).result(PATIENCE_S) == "7"
    lease.end()
    assert pool.running == 0


def test_after_its_end_a_lease_takes_nothing(pool: ThreadPool) -> None:
    lease = Lease(pool)
    future, leave = hold(lease)
    waiting = lease.submit(THREAD)
    lease.end()  # what was submitted still runs, and the thread is not given back before
    assert pool.idle == []
    leave.set()
    assert future.result(PATIENCE_S)
    waiting.result(PATIENCE_S)
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
    assert await asyncio.to_thread(future.result, PATIENCE_S)
    assert second.submit(THREAD).result(PATIENCE_S)
    first.end()
    second.end()


def test_a_cancelled_job_never_runs(pool: ThreadPool) -> None:
    first, second = Lease(pool), Lease(pool)
    future, leave = hold(first)
    mine, others = first.submit(THREAD), second.submit(THREAD)
    assert pool.waiting == 1
    assert mine.cancel()
    assert others.cancel()
    assert pool.waiting == 0
    assert not future.cancel()  # it runs
    leave.set()
    assert future.result(PATIENCE_S)
    for cancelled in (mine, others):
        with pytest.raises(CancelledError):
            cancelled.result(PATIENCE_S)
    first.end()
    second.end()
    assert pool.running == 0
    assert pool.existing == pool.started == 1


async def test_what_a_job_returned_does_not_live_on_in_its_thread(pool: ThreadPool) -> None:
    class Thing:
        pass

    lease = Lease(pool)
    reference = weakref.ref(lease.submit(Thing).result(PATIENCE_S))
    await until(lambda: reference() is None)
    lease.end()


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


def test_who_waits_for_a_thread_holds_up_nobody_who_has_one(pool: ThreadPool) -> None:
    first, second, third = Lease(pool), Lease(pool), Lease(pool)
    for lease in (first, second):
        lease.submit(THREAD).result(PATIENCE_S)
    waiting = third.submit(THREAD)
    assert first.submit(str, 1).result(PATIENCE_S) == "1"
    assert not waiting.done()
    second.end()
    assert isinstance(waiting.result(PATIENCE_S), int)
    third.end()
    first.end()
    assert pool.existing == len(pool.idle) == 2


def test_closing_ends_threads_at_rest_now_and_others_when_they_are_done() -> None:
    pool = ThreadPool(size=2, most=2)
    busy, resting = Lease(pool), Lease(pool)
    future, leave = hold(busy)
    resting.submit(THREAD).result(PATIENCE_S)
    resting.end()
    threads = [worker.thread for worker in pool.workers]
    pool.close(within_s=0.1)
    assert sum(thread.is_alive() for thread in threads) == 1
    leave.set()
    assert future.result(PATIENCE_S)
    busy.end()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert pool.existing == 0
    late = Lease(pool)  # a request that comes after the end is answered all the same
    assert late.submit(str, 1).result(PATIENCE_S) == "1"
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
    assert future.result(PATIENCE_S)
    assert first.submit(str, 1).result(PATIENCE_S) == "1"
    first.end()
    done, _ = await asyncio.to_thread(wait, [waiting], PATIENCE_S)
    assert done
    second.end()
    assert pool.running == 0
