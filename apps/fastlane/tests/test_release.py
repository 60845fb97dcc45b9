"""``release_thread()``: the thread goes, the request goes on."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Permission
from django.core.handlers.asgi import ASGIHandler
from django.db import transaction
from django.http import HttpResponse

from apps.fastlane import release_thread
from apps.fastlane.release import ThreadInUse

from .conftest import ALIAS
from .exchanges import PATIENCE_S
from .test_threads import THREAD

ONLY_SYNC = "apps.fastlane.tests.test_threads.OnlySync"


async def test_many_requests_read_and_then_wait_on_few_threads(fast: Any, postgres: Any) -> None:
    everybody = asyncio.Barrier(500)

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(postgres.pid)()
        released = [await release_thread(), await release_thread()]
        await everybody.wait()
        await sync_to_async(postgres.pid)()
        return HttpResponse(f"{released} {await release_thread()}")

    served = fast(view, size=2, most=4)
    answers = await served.get_all(["/view/"] * 500)
    assert {answer.text for answer in answers} == {"[True, False] True"}
    assert served.threads.started <= 4
    assert postgres.connected() == served.threads.existing


async def test_the_next_hop_leases_whichever_is_free(fast: Any) -> None:
    gone, come = asyncio.Event(), asyncio.Event()

    async def first(request: Any) -> HttpResponse:
        threads = [await sync_to_async(THREAD)()]
        assert await release_thread()
        gone.set()
        await come.wait()
        threads += [await sync_to_async(THREAD)(), await sync_to_async(THREAD)()]
        return HttpResponse(str([threads.index(thread) for thread in threads]))

    async def second(request: Any) -> HttpResponse:
        await gone.wait()
        thread = await sync_to_async(THREAD)()
        come.set()
        await asyncio.wait([exchange.task], timeout=PATIENCE_S)
        return HttpResponse(str(thread))

    served = fast(first, second, size=2)
    exchange = served.open("/first/")
    await served.get("/second/")
    assert (await exchange.ended()).text == "[0, 1, 1]"
    assert served.threads.started == 2


async def test_there_is_nothing_to_give_back(site: Any, handler_class: Any) -> None:
    def below_a_bridge(request: Any) -> HttpResponse:
        return HttpResponse(str(async_to_sync(release_thread)()))

    async def unused(request: Any) -> HttpResponse:
        return HttpResponse(str(await release_thread()))

    async def used(request: Any) -> HttpResponse:
        await sync_to_async(THREAD)()
        return HttpResponse(str(await release_thread()))

    served = site(below_a_bridge, unused, used)
    assert (await served.get("/below_a_bridge/")).text == "False"
    assert (await served.get("/unused/")).text == "False"
    assert (await served.get("/used/")).text == str(handler_class is not ASGIHandler)
    assert (await site(used, middleware=(ONLY_SYNC,)).get("/used/")).text == "False"
    assert await release_thread() is False


def enter_atomic() -> None:
    transaction.atomic(using=ALIAS).__enter__()


def leave_autocommit() -> None:
    transaction.set_autocommit(False, using=ALIAS)


@pytest.mark.parametrize("begin", [enter_atomic, leave_autocommit])
async def test_not_while_a_transaction_is_open(fast: Any, postgres: Any, begin: Any) -> None:
    async def view(request: Any) -> HttpResponse:
        pid = await sync_to_async(postgres.pid)()
        await sync_to_async(begin)()
        with pytest.raises(ThreadInUse, match=f"transaction is open on {ALIAS}"):
            await release_thread()
        assert await sync_to_async(postgres.pid)() == pid
        await sync_to_async(postgres.close)()
        if begin is leave_autocommit:
            assert await release_thread()
        return HttpResponse("done")

    assert (await fast(view).get("/view/")).text == "done"


async def test_not_while_a_server_side_cursor_is_open(fast: Any, postgres: Any) -> None:
    rows = Permission.objects.using(ALIAS)

    async def view(request: Any) -> HttpResponse:
        count = await rows.acount()
        iterator = await sync_to_async(lambda: rows.iterator(chunk_size=2))()
        await sync_to_async(next)(iterator)
        with pytest.raises(ThreadInUse, match=f"cursor is open on {ALIAS}"):
            await release_thread()
        assert 1 + len(await sync_to_async(list)(iterator)) == count
        released = await release_thread()
        async for _ in rows.aiterator(chunk_size=2):  # async, half consumed
            with pytest.raises(ThreadInUse):
                await release_thread()
            break
        return HttpResponse(f"{count > 4} {released}")

    assert (await fast(view).get("/view/")).text == "True True"


async def test_not_while_a_sync_function_runs_or_waits(fast: Any) -> None:
    inside, leave = threading.Event(), threading.Event()

    def works() -> None:
        inside.set()
        assert leave.wait(PATIENCE_S)

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(THREAD)()
        works_on = asyncio.create_task(sync_to_async(works)())
        await asyncio.to_thread(inside.wait)
        with pytest.raises(ThreadInUse, match="still running"):
            await release_thread()
        leave.set()
        await works_on
        return HttpResponse(str(await release_thread()))

    assert (await fast(view).get("/view/")).text == "True"


async def test_a_connection_that_is_too_old_is_closed_when_its_thread_is_given_back(fast: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(postgres.pid)()
        assert await release_thread()
        await asyncio.to_thread(postgres.wait_for, 0)
        return HttpResponse("closed")

    assert (await fast(view).get("/view/")).text == "closed"
