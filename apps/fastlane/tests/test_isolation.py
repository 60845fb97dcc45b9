"""What one request sets in its context, another does not see."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.http import HttpResponse
from django.utils import translation

from apps.fastlane.handler import FastlaneHandler

from .exchanges import PATIENCE_S
from .test_threads import THREAD, sync_view

colour: ContextVar[str] = ContextVar("colour", default="none")
server_says: ContextVar[str] = ContextVar("server_says", default="nothing")
LANGUAGES = ("de", "fr", "pl", "en")


def state() -> str:
    return f"{colour.get()} {translation.get_language()}"


async def test_a_thousand_concurrent_requests_keep_their_contexts_apart(site: Any) -> None:
    """Every fifth sets them in a sync function: stock starts a thread for each of those."""
    everybody = asyncio.Barrier(1000)

    async def view(request: Any) -> HttpResponse:
        before = state()
        number = int(request.GET["n"])
        hops = number % 5 == 0

        def set_all() -> None:
            colour.set(str(number))
            translation.activate(LANGUAGES[number % 4])

        await sync_to_async(set_all)() if hops else set_all()
        await everybody.wait()
        return HttpResponse(f"{before}|{state()}|{await sync_to_async(state)() if hops else state()}")

    served = site(view, size=4, most=256)
    nothing = state()
    answers = await served.get_all([f"/view/?n={number}" for number in range(1000)])
    for number, answer in enumerate(answers):
        mine = f"{number} {LANGUAGES[number % 4]}"
        assert answer.text == f"{nothing}|{mine}|{mine}"


def setting(request: Any) -> HttpResponse:
    before = f"{state()} {server_says.get()}"
    colour.set("set by a view")
    translation.activate("de")
    return HttpResponse(before)


async def async_setting(request: Any) -> HttpResponse:
    return setting(request)


@pytest.mark.parametrize("name", ["setting", "async_setting"])
async def test_requests_in_one_task_do_not_see_what_the_last_one_set(fast: Any, name: str) -> None:
    """A server may answer all that comes over a connection in one task, as may an application around this one.

    So do they not see it with stock before Django 6.1, which has a task for every view.
    """
    served = fast(setting, async_setting)
    language = translation.get_language()
    seen = [(await served.request(f"/{name}/").here()).text for _ in range(3)]
    assert seen == [f"none {language} nothing"] * 3


async def test_requests_in_one_task_see_what_its_server_says(fast: Any) -> None:
    """What wraps the application may set something for each request: a trace's id."""
    served = fast(async_setting)
    language = translation.get_language()
    seen = []
    for number in range(3):
        server_says.set(str(number))
        seen.append((await served.request("/async_setting/").here()).text)
    assert seen == [f"none {language} {number}" for number in range(3)]


async def test_the_application_is_called_from_a_view(fast: Any) -> None:
    async def outer(request: Any) -> HttpResponse:
        colour.set("outer")
        threads = [await sync_to_async(THREAD)()]
        inner = await served.request("/async_setting/").here()
        threads += [await sync_to_async(THREAD)(), int((await served.request("/sync_view/").here()).text)]
        return HttpResponse(f"{inner.text}|{colour.get()}|{len(set(threads))}")

    served = fast(outer, async_setting, sync_view)
    for answer in await served.get_all(["/outer/"] * 3):
        assert answer.text == f"outer {translation.get_language()} nothing|outer|1"


async def test_in_somebody_s_own_context_all_share_a_thread(site: Any) -> None:
    served = site(sync_view)
    async with ThreadSensitiveContext():
        own = await sync_to_async(THREAD)()
        answers = [await served.request("/sync_view/").here() for _ in range(2)]
        answers += await asyncio.gather(*(served.request("/sync_view/").here() for _ in range(2)))
        assert {answer.text for answer in answers} == {str(own)}
        assert await sync_to_async(THREAD)() == own


async def test_requests_at_once_in_somebody_s_context_share_a_lease(fast: Any) -> None:
    served = fast(sync_view)
    async with ThreadSensitiveContext():
        answers = await asyncio.gather(*(served.request("/sync_view/").here() for _ in range(5)))
    assert len({answer.text for answer in answers}) == served.threads.started == 1
    assert (await served.get("/sync_view/")).text == answers[0].text  # it came back


def test_below_async_to_sync_the_caller_s_thread_is_used(site: Any) -> None:
    served = site(sync_view)

    async def ask() -> str:
        return (await served.request("/sync_view/").here()).text

    def asks() -> tuple[str, str]:
        return async_to_sync(ask)(), str(THREAD())

    with ThreadPoolExecutor(max_workers=1) as executor:  # this thread may have connections, of other tests
        answer, thread = executor.submit(asks).result(PATIENCE_S)
    assert answer == thread
    if isinstance(served.handler, FastlaneHandler):
        assert served.threads.started == 0


@pytest.mark.parametrize("context", ["async_to_sync", "own executor"])
def test_somebody_else_s_thread_is_left_tidy(site: Any, postgres: Any, context: str) -> None:
    """What Django does at a request's end it does on the thread that the request used, whosever it is."""
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0

    def view(request: Any) -> HttpResponse:
        return HttpResponse(str(postgres.pid()))

    served = site(view)

    async def ask() -> str:
        return (await served.request("/view/").here()).text

    async def ask_in_own_context() -> str:
        async with ThreadSensitiveContext():
            await sync_to_async(THREAD)()
            text = await ask()
            await asyncio.to_thread(postgres.wait_for, 0)
            return text

    assert (async_to_sync(ask)() if context == "async_to_sync" else asyncio.run(ask_in_own_context())).isdigit()
    postgres.wait_for(0)
