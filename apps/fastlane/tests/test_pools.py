"""psycopg's pool: a sound connection goes back to it without a hop, any other from its own thread. Real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse

from apps.fastlane import connections as of_threads

from .conftest import Postgres
from .exchanges import PATIENCE_S, until
from .pooled_connections import (
    TO_THE_THREAD,
    judged_in_a_way_that_was_patched,
    judged_in_its_own_way,
    of_a_pool_that_is_closed,
)
from .test_threads import THREAD


@pytest.fixture
def pooled(postgres: Postgres) -> Iterator[Postgres]:
    """With a pool of two connections."""
    settings = postgres.connection.settings_dict
    settings["CONN_MAX_AGE"] = 0
    settings["OPTIONS"] = {**settings["OPTIONS"], "pool": {"min_size": 2, "max_size": 2, "timeout": PATIENCE_S / 2}}
    yield postgres
    postgres.connection.close_pool()


@pytest.fixture
def tidied(monkeypatch: Any) -> list[int]:
    """The threads that have tidied themselves up, one entry for each time."""
    threads: list[int] = []
    usual = of_threads.tidy
    monkeypatch.setattr(of_threads, "tidy", lambda held: threads.append(THREAD()) or usual(held))
    return threads


def available(postgres: Postgres) -> int:
    return postgres.connection.pool.get_stats()["pool_available"]


def reads(postgres: Postgres) -> tuple[Any, list[Any]]:
    """A view that uses a connection, and the wrappers that it has used."""
    wrappers: list[Any] = []

    def read(request: Any) -> HttpResponse:
        wrappers.append(postgres.connection)
        return HttpResponse(f"{postgres.pid()} {wrappers[-1].connection.info.transaction_status.name}")

    return read, wrappers


async def test_a_sound_connection_goes_back_without_a_hop(fast: Any, pooled: Postgres, tidied: list[int]) -> None:
    read, wrappers = reads(pooled)
    served = fast(read, size=1)
    for _ in range(5):
        assert (await served.get("/read/")).status == 200
        (wrapper,) = set(wrappers)
        assert wrapper.connection is None
        assert not wrapper.allow_thread_sharing
        await until(lambda: available(pooled) == 2)
    assert tidied == []


async def test_the_housekeeping_that_a_project_has_disconnected_gives_nothing_back(
    fast: Any, pooled: Postgres, tidied: list[int]
) -> None:
    """The connection stays with its thread, which is leased again and finds it of use."""
    read, wrappers = reads(pooled)
    served = fast(read, size=1)
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        answers = [await asyncio.wait_for(served.get("/read/"), PATIENCE_S) for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
        assert wrappers[0].connection is not None
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
        served.threads.close()


@pytest.mark.parametrize("makes", TO_THE_THREAD)
async def test_any_other_connection_is_left_to_its_own_thread(
    fast: Any, pooled: Postgres, tidied: list[int], monkeypatch: Any, makes: Any
) -> None:
    read, wrappers = reads(pooled)

    def view(request: Any) -> HttpResponse:
        read(request)
        makes(wrappers[-1], monkeypatch)
        return HttpResponse(str(THREAD()))

    served = fast(view, read, size=1, most=1)
    thread = int((await served.get("/view/")).text)
    await until(lambda: wrappers[0].connection is None)
    assert tidied == [thread]
    assert getattr(wrappers[0], "closed_by", thread) == thread
    monkeypatch.undo()
    for name in ("close", "close_if_unusable_or_obsolete"):
        wrappers[0].__dict__.pop(name, None)
    if makes is of_a_pool_that_is_closed:
        return
    for _ in range(3):
        assert (await served.get("/read/")).text.endswith("IDLE")
    await until(lambda: available(pooled) == 2)


async def test_a_connection_that_is_shared_is_left_to_whom_it_is_shared_with(
    fast: Any, pooled: Postgres, tidied: list[int]
) -> None:
    read, wrappers = reads(pooled)

    def view(request: Any) -> HttpResponse:
        read(request)
        wrappers[0].inc_thread_sharing()
        return HttpResponse()

    served = fast(view)
    await served.get("/view/")
    assert wrappers[0].connection is not None
    assert tidied == []
    await asyncio.to_thread(wrappers[0].close)


@pytest.mark.parametrize("judged", [judged_in_its_own_way, judged_in_a_way_that_was_patched])
async def test_a_persistent_connection_that_is_judged_otherwise_is_asked(
    fast: Any, postgres: Postgres, monkeypatch: Any, judged: Any
) -> None:
    def view(request: Any) -> HttpResponse:
        postgres.pid()
        wrappers.append(postgres.connection)
        judged(wrappers[-1], monkeypatch)
        return HttpResponse(str(THREAD()))

    wrappers: list[Any] = []
    thread = int((await fast(view, size=1).get("/view/")).text)
    await until(lambda: wrappers[0].connection is None)
    assert wrappers[0].closed_by == thread


async def test_who_waits_for_a_connection_keeps_nobody_from_giving_one_back(fast: Any, pooled: Postgres) -> None:
    """As many sync functions may run as there are connections: all could be waiting for one of them."""

    async def asks_twice(request: Any) -> HttpResponse:
        await sync_to_async(pooled.pid)()
        await asyncio.sleep(0.02)
        return HttpResponse(str(await sync_to_async(pooled.pid)()))

    served = fast(asks_twice, size=2)
    answers = await asyncio.gather(*(served.get("/asks_twice/") for _ in range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert (served.threads.running, served.threads.waiting) == (0, 0)
