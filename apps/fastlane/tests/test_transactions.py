"""Connections go from request to request as under threaded WSGI, and nothing else goes with them. Real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db import OperationalError, close_old_connections, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.http import HttpResponse

from .conftest import ALIAS, Postgres
from .exchanges import PATIENCE_S, until
from .test_threads import THREAD, plain

NOTE = "INSERT INTO public.fastlane_notes VALUES ('a note')"
COUNT = "SELECT count(*) FROM public.fastlane_notes"


def state(postgres: Postgres) -> str:
    """What a request finds: which server process, whether in a transaction, what is in the table."""
    pid = postgres.pid()
    wrapper = postgres.connection
    status = wrapper.connection.info.transaction_status.name
    return f"{pid} {wrapper.in_atomic_block} {wrapper.get_autocommit()} {status} {postgres.execute(COUNT)}"


def looks(postgres: Postgres) -> Any:
    def look(request: Any) -> HttpResponse:
        return HttpResponse(state(postgres))

    return look


def left_atomic(postgres: Postgres) -> None:
    transaction.atomic(using=ALIAS).__enter__()
    postgres.execute(NOTE)


def left_nested(postgres: Postgres) -> None:
    left_atomic(postgres)
    left_atomic(postgres)


def left_without_autocommit(postgres: Postgres) -> None:
    transaction.set_autocommit(False, using=ALIAS)
    postgres.execute(NOTE)


def left_broken(postgres: Postgres) -> None:
    left_atomic(postgres)
    with pytest.raises(Exception, match="syntax"):
        postgres.execute("no SQL")


@pytest.mark.parametrize("pooled", [False, True], ids=["persistent", "pool"])
@pytest.mark.parametrize("leave", [left_atomic, left_nested, left_without_autocommit, left_broken])
async def test_a_transaction_that_is_left_open_is_nobody_else_s(
    fast: Any, postgres: Any, leave: Any, pooled: bool
) -> None:
    if pooled:
        postgres.connection.settings_dict["CONN_MAX_AGE"] = 0
        postgres.connection.settings_dict["OPTIONS"] = {
            **postgres.connection.settings_dict["OPTIONS"],
            "pool": {"min_size": 1, "max_size": 1, "timeout": PATIENCE_S},
        }
    wrappers: list[Any] = []

    def leaves(request: Any) -> HttpResponse:
        wrappers.append(postgres.connection)
        leave(postgres)
        return HttpResponse(str(THREAD()))

    async def async_leaves(request: Any) -> HttpResponse:
        return await sync_to_async(leaves)(request)

    def look(request: Any) -> HttpResponse:
        wrappers.append(postgres.connection)
        return HttpResponse(f"{THREAD()} {state(postgres)}")

    served = fast(leaves, async_leaves, look, size=1, most=1)
    try:
        for url in ("/leaves/", "/async_leaves/"):
            thread = (await served.get(url)).text
            await asyncio.to_thread(postgres.wait_for, 0, "idle in transaction%")  # it holds locks
            seen, _, *rest = (await served.get("/look/")).text.split()
            assert seen == thread
            assert rest == ["False", "True", "IDLE", "0"]
        if leave is not left_without_autocommit:
            assert wrappers[0] is not wrappers[1]
    finally:
        if pooled:
            served.threads.close()
            await asyncio.to_thread(postgres.connection.close_pool)


async def test_a_transaction_left_open_under_another_alias_is_nobody_else_s(fast: Any, postgres: Any) -> None:
    """A wrapper may be kept under another alias than its own; the one that has it is left alone."""
    other = "fastlane_other"
    own: list[Any] = []

    def leaves(request: Any) -> HttpResponse:
        postgres.pid()
        own.append(postgres.connection)
        connections[other] = DatabaseWrapper(postgres.connection.settings_dict, alias=ALIAS)
        connections[other].set_autocommit(False)
        connections[other].in_atomic_block = True
        return HttpResponse()

    def look(request: Any) -> HttpResponse:
        return HttpResponse(f"{hasattr(connections._connections, other)} {postgres.connection is own[0]}")

    served = fast(leaves, look, size=1, most=1)
    await served.get("/leaves/")
    await asyncio.to_thread(postgres.wait_for, 1)
    assert (await served.get("/look/")).text == "False True"


async def test_a_transaction_is_closed_also_without_django_s_housekeeping(fast: Any, postgres: Any) -> None:
    def leaves(request: Any) -> HttpResponse:
        left_atomic(postgres)
        return HttpResponse()

    served = fast(leaves, looks(postgres), size=1, most=1)
    request_finished.disconnect(close_old_connections)
    try:
        await served.get("/leaves/")
        await asyncio.to_thread(postgres.wait_for, 0)
        assert (await served.get("/look/")).text.split()[1:] == ["False", "True", "IDLE", "0"]
    finally:
        request_finished.connect(close_old_connections)


async def test_a_connection_is_used_by_one_request_after_the_other(fast: Any, postgres: Any) -> None:
    served = fast(looks(postgres), plain)
    seen = set()
    for _ in range(5):
        seen.add((await served.get("/look/")).text)
        await served.get("/plain/")
    assert len(seen) == 1


async def test_a_connection_that_is_too_old_is_not(site: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0
    served = site(looks(postgres), size=1)
    pids = {(await served.get("/look/")).text.split()[0] for _ in range(3)}
    assert len(pids) == 3
    await asyncio.to_thread(postgres.wait_for, 0)


async def test_a_connection_that_breaks_is_replaced(fast: Any, postgres: Any) -> None:
    def breaks(request: Any) -> HttpResponse:
        pid = postgres.pid()
        postgres.monitor.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(OperationalError):
            postgres.execute("SELECT 1")
        return HttpResponse(f"{THREAD()} {pid}")

    def look(request: Any) -> HttpResponse:
        return HttpResponse(f"{THREAD()} {postgres.pid()}")

    served = fast(breaks, look, size=1, most=1)
    thread, pid = (await served.get("/breaks/")).text.split()
    seen = (await served.get("/look/")).text.split()
    assert seen[0] == thread
    assert seen[1] != pid


async def test_a_connection_that_breaks_at_rest_is_found_by_its_health_check(fast: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_HEALTH_CHECKS"] = True
    served = fast(looks(postgres), size=1)
    for _ in range(2):
        pid = int((await served.get("/look/")).text.split()[0])
        postgres.monitor.execute("SELECT pg_terminate_backend(%s)", [pid])
        await asyncio.to_thread(postgres.wait_for, 0)
    assert (await served.get("/look/")).status == 200


async def test_what_threads_and_sessions_keep_is_kept(fast: Any, postgres: Any) -> None:
    """``threading.local``, SET and temporary tables, as under threaded WSGI with persistent connections."""
    kept = threading.local()

    def view(request: Any) -> HttpResponse:
        before = (getattr(kept, "value", 0), postgres.execute("SHOW statement_timeout"))
        kept.value = before[0] + 1
        postgres.execute("SET statement_timeout = '7min'")
        postgres.execute("CREATE TEMPORARY TABLE IF NOT EXISTS kept (number int)")
        postgres.execute("INSERT INTO kept VALUES (1)")
        return HttpResponse(f"{before} {postgres.execute('SELECT count(*) FROM kept')}")

    served = fast(view)
    assert [(await served.get("/view/")).text for _ in range(3)] == ["(0, '0') 1", "(1, '7min') 2", "(2, '7min') 3"]


async def test_a_task_outlives_its_response_and_uses_the_orm(site: Any, postgres: Any) -> None:
    answered = asyncio.Event()
    tasks = []

    async def outlives() -> tuple[int, int]:
        before = await sync_to_async(THREAD)()
        await answered.wait()
        count = await User.objects.using(ALIAS).acount()
        await sync_to_async(postgres.close)()
        return before, count

    async def view(request: Any) -> HttpResponse:
        tasks.append(asyncio.create_task(outlives()))
        return HttpResponse(str(await sync_to_async(THREAD)()))

    async def nothing_else(request: Any) -> HttpResponse:
        tasks.append(asyncio.create_task(outlives()))
        return HttpResponse()

    served = site(view, nothing_else)
    thread = (await served.get("/view/")).text
    await served.get("/nothing_else/")
    answered.set()
    async with asyncio.timeout(PATIENCE_S):
        (before, count), (_, other) = await asyncio.gather(*tasks)
    assert (before, count) == (int(thread), other)
    await asyncio.to_thread(postgres.wait_for, 0)


async def test_a_task_s_sync_function_that_outlives_the_view_holds_its_thread(fast: Any, postgres: Any) -> None:
    """The thread is not somebody else's as long as it runs."""
    inside, leave = threading.Event(), threading.Event()
    tasks = []

    def works() -> str:
        with transaction.atomic(using=ALIAS):
            postgres.execute(NOTE)
            inside.set()
            assert leave.wait(PATIENCE_S)
            return f"{THREAD()} {postgres.execute(COUNT)}"

    async def view(request: Any) -> HttpResponse:
        tasks.append(asyncio.create_task(sync_to_async(works)()))
        await until(inside.is_set)
        return HttpResponse()

    def look(request: Any) -> HttpResponse:
        return HttpResponse(f"{THREAD()} {state(postgres)}")

    served = fast(view, look, size=2)
    exchange = served.open("/view/")
    await until(lambda: exchange.answer.complete)
    assert not exchange.task.done()
    thread, _, *rest = (await served.get("/look/")).text.split()
    leave.set()
    await exchange.ended()
    other, count = (await tasks[0]).split()
    assert thread != other
    assert (rest, count) == (["False", "True", "IDLE", "0"], "1")
