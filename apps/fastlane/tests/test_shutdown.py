"""The end of a server, of a loop, of a process: threads and connections end, and whoever goes on is answered."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from asgiref.sync import sync_to_async
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin
from django.http import HttpResponse

from apps.fastlane.application import FastlaneApplication
from apps.fastlane.handler import FastlaneHandler

from .exchanges import PATIENCE_S, Exchange, scope, until
from .test_threads import Door, plain, sync_view

ROOT = Path(__file__).parents[3]


class Lifespan:
    """What a server says at its start and at its end."""

    def __init__(self, application: Any) -> None:
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.said: list[str] = []
        self.task = asyncio.create_task(application({"type": "lifespan"}, self.incoming.get, self._send))

    async def _send(self, message: Any) -> None:
        self.said.append(message["type"])

    async def startup(self) -> None:
        self.incoming.put_nowait({"type": "lifespan.startup"})
        await until(lambda: self.said)

    async def shutdown(self) -> None:
        self.incoming.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait_for(self.task, PATIENCE_S)
        assert self.said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_the_lifespan_s_end_closes_threads_and_connections(fast: Any, postgres: Any) -> None:
    everybody = asyncio.Barrier(4)

    async def view(request: Any) -> HttpResponse:
        await sync_to_async(postgres.pid)()
        await everybody.wait()
        return HttpResponse()

    served = fast(view, sync_view)
    application = FastlaneApplication(served.handler)
    lifespan = Lifespan(application)
    await lifespan.startup()
    exchanges = [served.open("/view/", application=application) for _ in range(4)]
    assert [(await exchange.ended()).status for exchange in exchanges] == [200] * 4
    assert postgres.connected() == served.threads.existing == 4
    await until(lambda: len(served.threads.idle) == 4)
    threads = [worker.thread for worker in served.threads.workers]
    await lifespan.shutdown()
    assert not any(thread.is_alive() for thread in threads)
    await asyncio.to_thread(postgres.wait_for, 0)
    assert served.threads.existing == 0
    assert (await served.get("/sync_view/")).status == 200  # what comes late is answered


async def test_shutting_down_does_not_block_the_loop(fast: Any) -> None:
    """Whoever runs on may need it to end."""
    door = Door()
    holds, _ = door.views()
    served = fast(holds)
    lifespan = Lifespan(FastlaneApplication(served.handler))
    await lifespan.startup()
    exchange = served.open("/holds/")
    await until(door.inside.is_set)
    asyncio.get_running_loop().call_later(0.05, door.open.set)
    await lifespan.shutdown()
    assert (await exchange.ended()).status == 200
    await until(lambda: served.threads.existing == 0)


def test_one_loop_after_the_other(site: Any, postgres: Any) -> None:
    postgres.connection.settings_dict["CONN_MAX_AGE"] = 0

    def rows(request: Any) -> HttpResponse:
        return HttpResponse(str(postgres.execute("SELECT 7")))

    served = site(plain, rows)
    for _ in range(3):
        assert asyncio.run(served.get("/rows/")).text == "7"
        assert asyncio.run(served.get("/plain/")).status == 200


def test_several_loops_at_once(site: Any) -> None:
    served = site(plain, sync_view, size=2)
    statuses: list[int | None] = []

    async def ask() -> None:
        statuses.extend(answer.status for answer in await served.get_all(["/plain/", "/sync_view/"] * 20))

    loops = [threading.Thread(target=asyncio.run, args=[ask()]) for _ in range(3)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join(PATIENCE_S)
    assert statuses == [200] * 120


FORKS = """
import asyncio, os, sys, threading, warnings
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="k", LOGGING_CONFIG=None, FASTLANE_THREADS=2)
from apps.fastlane import get_fastlane_application
from django.http import HttpResponse
from django.urls import path

def view(request):
    return HttpResponse(f"{os.getpid()} {threading.current_thread().name}")

urlpatterns = [path("", view)]
application = get_fastlane_application()
from apps.fastlane.tests.exchanges import Site

def ask(path="/"):
    return asyncio.run(Site(application).get(path)).text

warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: the point
assert ask().split()[0] == str(os.getpid())
for locked in (False, True):
    if locked:
        application.handler.threads.lock.acquire()
    child = os.fork()
    if child == 0:
        assert application.handler.threads.existing == 0
        answers = [ask() for _ in range(2)]
        assert answers == [f"{os.getpid()} fastlane-1"] * 2, answers
        sys.exit(7)
    if locked:
        application.handler.threads.lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert ask() == f"{os.getpid()} fastlane-1"
print("both are answered")
"""


def test_both_sides_of_a_fork_are_answered_and_end(fast: Any) -> None:
    words = [sys.executable, "-c", FORKS]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    assert (done.stdout, done.returncode) == ("both are answered\n", 0), done.stderr


def not_found(request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse("not found", status=404)


async def test_a_handler_that_never_calls_ours_init(make_site: Any, settings: Any) -> None:
    """As ``ASGIStaticFilesHandler``."""
    settings.STATIC_URL = "/static/"

    class Static(StaticFilesHandlerMixin, FastlaneHandler):
        def __init__(self, application: Any) -> None:
            self.application = application
            self.base_url = urlparse(self.get_base_url())

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if self._should_handle(scope["path"]):
                await super().__call__(scope, receive, send)
            else:
                await self.application(scope, receive, send)

    served = make_site(FastlaneHandler, sync_view, handler404=not_found)
    static = Static(served.handler)
    try:
        assert (await served.get("/sync_view/", application=static)).status == 200
        assert (await served.get("/static/nothing.css", application=static)).text == "not found"
    finally:
        static.threads.close()


def test_only_http_is_served(site: Any) -> None:
    async def ask() -> None:
        await Exchange(site(plain).handler, {**scope("/plain/"), "type": "websocket"}, [], False).here()

    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(ask())
