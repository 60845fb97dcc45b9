"""Which threads do a request's sync work: none that is not needed, one per request, few of them in all."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from asgiref.sync import SyncToAsync, sync_to_async
from django.http import HttpResponse
from django.utils.deprecation import MiddlewareMixin

from .conftest import listening
from .exchanges import PATIENCE_S, until

THREAD = threading.get_ident


async def plain(request: Any) -> HttpResponse:
    return HttpResponse(request.body)


def sync_view(request: Any) -> HttpResponse:
    return HttpResponse(str(THREAD()))


async def test_a_pure_async_request_touches_no_thread(fast: Any, monkeypatch: Any) -> None:
    hops: list[Any] = []
    usual = SyncToAsync.__call__
    monkeypatch.setattr(SyncToAsync, "__call__", lambda self, *args: hops.append(self.func) or usual(self, *args))
    site = fast(plain, sync_view)
    threads: list[Any] = []
    starts = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: threads.append(self) or starts(self))
    assert (await site.get("/plain/")).status == 200
    assert (await site.get("/plain/", parts=[b"a small ", b"body"])).body == b"a small body"
    assert (hops, site.threads.started, threads) == ([], 0, [])
    await site.get("/sync_view/")
    assert len(hops) == 1
    assert site.threads.started == len(threads) == 1


async def test_a_request_does_all_of_its_sync_work_on_one_thread(site: Any) -> None:
    seen: list[int] = []
    clean: list[int] = []

    def note(**_: Any) -> None:
        seen.append(THREAD())

    class Closes:
        def close(self) -> None:
            note()

    async def view(request: Any) -> HttpResponse:
        clean.append(len(seen))
        for _ in range(3):
            await sync_to_async(note)()
        await asyncio.gather(*(sync_to_async(note)() for _ in range(3)))
        await asyncio.create_task(sync_to_async(note)())
        response = HttpResponse()
        response._resource_closers.append(Closes().close)
        return response

    served = site(view)
    with listening(note, note):
        assert (await served.get("/view/")).status == 200
    assert clean == [1]  # the receiver of request_started
    assert len(seen) == 1 + 7 + 2  # … the view, what its response closes, the receiver of request_finished
    assert len(set(seen)) == 1


class OnlySync(MiddlewareMixin):
    """Stock runs the views behind it from a thread, which waits for them."""

    async_capable = False

    def process_request(self, request: Any) -> None:
        request.seen = [THREAD()]

    def process_response(self, request: Any, response: Any) -> Any:
        request.seen.append(THREAD())
        response["X-Threads"] = str(len(set(request.seen)))
        return response


async def test_views_behind_a_sync_only_middleware_use_its_thread(site: Any) -> None:
    async def view(request: Any) -> HttpResponse:
        for _ in range(2):
            request.seen.append(await sync_to_async(THREAD)())
        return HttpResponse()

    served = site(view, middleware=(f"{__name__}.OnlySync",))
    assert (await served.get("/view/")).headers["x-threads"] == "1"


async def test_the_thread_used_last_is_leased_first(fast: Any) -> None:
    site = fast(sync_view, held := holding(5), size=5)
    alone = {(await site.get("/sync_view/")).text for _ in range(10)}
    assert len(alone) == site.threads.started == 1
    await site.get_all(["/held/"] * 5)
    assert site.threads.started == held.most == 5
    assert len({(await site.get("/sync_view/")).text for _ in range(10)}) == 1


def holding(count: int) -> Any:
    """A sync view that returns when ``count`` of it run at once."""
    barrier = threading.Barrier(count)

    def held(request: Any) -> HttpResponse:
        barrier.wait(PATIENCE_S)
        return HttpResponse()

    held.most = count
    return held


class Counted:
    """How many are inside at once, at most."""

    def __init__(self) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: Any) -> None:
        with self.lock:
            self.now -= 1


async def test_no_more_sync_functions_run_at_once_than_there_is_room_for(fast: Any) -> None:
    inside = Counted()

    def sleepy(request: Any) -> HttpResponse:
        with inside:
            time.sleep(0.01)
        return HttpResponse()

    async def hopping(request: Any) -> HttpResponse:
        for _ in range(2):
            await sync_to_async(sleepy)(request)
        return HttpResponse()

    site = fast(sleepy, hopping, size=3, most=16)
    answers = await site.get_all(["/sleepy/", "/hopping/"] * 25)
    assert [answer.status for answer in answers] == [200] * 50
    assert inside.most == 3
    assert (site.threads.running, site.threads.waiting) == (0, 0)


async def test_a_request_that_waits_takes_nobody_s_turn(fast: Any) -> None:
    everybody = asyncio.Barrier(16)

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(THREAD)()
        await everybody.wait()  # opens only if all have had a thread
        return HttpResponse(str(await sync_to_async(THREAD)()))

    site = fast(view, size=2, most=16)
    answers = await site.get_all(["/view/"] * 16)
    assert len({answer.text for answer in answers}) == site.threads.existing == 16


async def test_requests_beyond_the_most_threads_wait_and_are_answered(fast: Any) -> None:
    async def view(request: Any) -> HttpResponse:
        await sync_to_async(THREAD)()
        await asyncio.sleep(0.002)
        await sync_to_async(THREAD)()
        return HttpResponse()

    site = fast(view, size=2, most=4)
    answers = await site.get_all(["/view/"] * 200)
    assert [answer.status for answer in answers] == [200] * 200
    assert site.threads.existing == site.threads.started == 4


async def test_views_behind_a_sync_only_middleware_wait_side_by_side(fast: Any) -> None:
    everybody = asyncio.Barrier(12)

    async def view(request: Any) -> HttpResponse:
        await everybody.wait()
        return HttpResponse(await sync_to_async(str)("after"))

    site = fast(view, middleware=(f"{__name__}.OnlySync",), size=1, most=12)
    answers = await site.get_all(["/view/"] * 12)
    assert {answer.text for answer in answers} == {"after"}
    assert site.threads.running == 0


class Door:
    """A sync view that holds the only turn until it is opened, and one that notes its order."""

    def __init__(self) -> None:
        self.open, self.inside = threading.Event(), threading.Event()
        self.order: list[str] = []

    def views(self) -> tuple[Any, Any]:
        def holds(request: Any) -> HttpResponse:
            self.inside.set()
            assert self.open.wait(PATIENCE_S)
            return HttpResponse()

        def notes(request: Any) -> HttpResponse:
            self.order.append(request.GET["n"])
            return HttpResponse()

        return holds, notes


@pytest.mark.parametrize("most", [16, 1], ids=["for a turn", "for a thread"])
async def test_who_waits_is_served_in_order_and_who_leaves_is_not(fast: Any, most: int) -> None:
    door = Door()
    site = fast(*door.views(), size=1, most=most)
    first = site.open("/holds/")
    await until(door.inside.is_set)
    exchanges = []
    for number in range(10):
        exchanges.append(site.open(f"/notes/?n={number}"))
        await until(lambda: site.threads.waiting == len(exchanges))
    exchanges[3].disconnect()
    exchanges[6].task.cancel()
    await until(lambda: site.threads.waiting == 8)  # at once, while the first still runs
    await asyncio.wait([exchanges[3].task, exchanges[6].task], timeout=PATIENCE_S)
    assert exchanges[6].task.cancelled()
    door.open.set()
    await first.ended()
    for number in {*range(10)} - {6}:
        await exchanges[number].ended()
    assert door.order == [*"01245789"]
    assert (site.threads.running, site.threads.waiting) == (0, 0)


async def test_surplus_threads_end_after_their_rest_and_close_their_connections(fast: Any, postgres: Any) -> None:
    everybody = asyncio.Barrier(6)

    def view(request: Any) -> HttpResponse:
        postgres.pid()
        return HttpResponse()

    async def together(request: Any) -> HttpResponse:
        await sync_to_async(postgres.pid)()
        await everybody.wait()
        return HttpResponse()

    site = fast(view, together, size=2, most=6, rest_s=0.2)
    await site.get_all(["/together/"] * 6)
    assert postgres.connected() == 6
    await until(lambda: site.threads.existing == 2)
    await asyncio.to_thread(postgres.wait_for, 2)
    await asyncio.sleep(0.5)  # more than twice their rest
    assert site.threads.existing == 2
    assert (await site.get("/view/")).status == 200
    assert postgres.connected() == 2
