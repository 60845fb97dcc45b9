"""What the fast lane's tests share: sites on stock Django's handler and on the fast lane's, PostgreSQL, signals."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import psycopg
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import path

from apps.fastlane.handler import FastlaneHandler
from apps.fastlane.lease import Lease
from apps.fastlane.threads import ThreadPool

from .exchanges import PATIENCE_S, Site

DEADLINE_S = 2 * PATIENCE_S
ABANDONED: list[asyncio.Runner] = []

ALIAS = "fastlane_tests"  # of PostgreSQL
MakeSite = Callable[..., Site]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A coroutine function is a test on an event loop of its own, under a deadline."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    named = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    marker = pyfuncitem.get_closest_marker("timeout")
    runner = asyncio.Runner()
    task = runner.get_loop().create_task(pyfuncitem.obj(**named))
    runner.get_loop().run_until_complete(asyncio.wait([task], timeout=marker.args[0] - 5 if marker else DEADLINE_S))
    ABANDONED.append(runner)  # after a failure, to be left as it is: closing it waits for what may hang
    assert task.done(), f"it does not end: {task.get_stack()}"
    task.result()
    ABANDONED.pop().close()
    return True


@pytest.fixture(params=[ASGIHandler, FastlaneHandler], ids=["stock", "fastlane"])
def handler_class(request: pytest.FixtureRequest) -> Any:
    """For tests of what both do."""
    return request.param


@pytest.fixture
def make_site(settings: Any) -> Iterator[MakeSite]:
    """``make_site(handler_class, view, …)``: every view at ``/<its name>/``."""
    sites: list[Site] = []

    def made(
        handler_class: Any,
        *views: Any,
        middleware: tuple[str, ...] = (),
        size: int = 4,
        most: int = 16,
        rest_s: float = 10.0,
        **urlconf: Any,
    ) -> Site:
        module = ModuleType("urls")
        module.urlpatterns = [path(f"{view.__name__}/", view) for view in views]
        module.__dict__.update(urlconf)
        settings.ROOT_URLCONF, settings.MIDDLEWARE = module, list(middleware)
        site = Site(handler_class())
        if isinstance(site.handler, FastlaneHandler):
            site.handler.threads = ThreadPool(size, most, rest_s)
            sites.append(site)
        return site

    yield made
    for site in sites:
        site.threads.close()


@pytest.fixture
def site(make_site: MakeSite, handler_class: Any) -> Callable[..., Site]:
    """``site(view, …)`` on stock Django's handler, then on ours."""
    return lambda *views, **named: make_site(handler_class, *views, **named)


@pytest.fixture
def fast(make_site: MakeSite) -> Callable[..., Site]:
    """``fast(view, …)``: for what only the fast lane does."""
    return lambda *views, **named: make_site(FastlaneHandler, *views, **named)


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    """Of one function that runs at a time, on two threads at most."""
    pool = ThreadPool(size=1, most=2)
    yield pool
    pool.close()


def hold(lease: Lease) -> tuple[Any, threading.Event]:
    """A job that runs until the event is set."""
    inside, leave = threading.Event(), threading.Event()

    def holds() -> bool:
        inside.set()
        return leave.wait(PATIENCE_S)

    future = lease.submit(holds)
    assert inside.wait(PATIENCE_S)
    return future, leave


class Announced:
    """The request signals that were sent, in order, with their senders."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.senders: list[Any] = []

    def started(self, sender: Any, **named: Any) -> None:
        self.names.append("started")
        self.senders.append(sender)

    def finished(self, sender: Any, **named: Any) -> None:
        self.names.append("finished")
        self.senders.append(sender)

    async def async_started(self, sender: Any, **named: Any) -> None:
        self.started(sender)

    async def async_finished(self, sender: Any, **named: Any) -> None:
        self.finished(sender)


@contextmanager
def listening(started: Any = None, finished: Any = None) -> Iterator[None]:
    """With receivers connected."""
    pairs = [(signal, one) for signal, one in ((request_started, started), (request_finished, finished)) if one]
    for signal, receiver in pairs:
        signal.connect(receiver)
    try:
        yield
    finally:
        for signal, receiver in pairs:
            signal.disconnect(receiver)


@pytest.fixture
def announced() -> Iterator[Announced]:
    """Heard by coroutine functions, for which nobody leases a thread."""
    heard = Announced()
    with listening(heard.async_started, heard.async_finished):
        yield heard


class Postgres:
    """A real PostgreSQL under an alias of its own, and what it knows of the connections to it."""

    alias = ALIAS

    def __init__(self, monitor: psycopg.Connection) -> None:
        self.monitor, self.name = monitor, ""  # of the test in PostgreSQL's list of connections

    @property
    def connection(self) -> Any:
        """Django's, of the thread that asks."""
        return connections[self.alias]

    def execute(self, statement: str) -> Any:
        """On the asking thread's connection; the first column of the first row, if there is one."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def pid(self) -> int:
        """Which of the server's processes the asking thread is connected to."""
        return self.execute("SELECT pg_backend_pid()")

    def close(self) -> None:
        """The asking thread's connection."""
        self.connection.close()

    def connected(self, state: str = "%") -> int:
        """How many connections Django has for this test."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state LIKE %s"
        return self.monitor.execute(query, [self.name, state]).fetchone()[0]

    def wait_for(self, count: int, state: str = "%") -> None:
        """Until so many are left; the server needs a moment to see one go."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self.connected(state) != count and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert self.connected(state) == count


@pytest.fixture(scope="module")
def postgres_server(stage: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[Postgres]:
    with psycopg.connect(stage.database.url, autocommit=True) as monitor:
        parameters = monitor.info.get_parameters()
        options: dict[str, Any] = {}
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parameters["dbname"],
            "USER": parameters.get("user", ""),
            "PASSWORD": monitor.info.password,
            "HOST": parameters.get("host", ""),
            "PORT": parameters.get("port", ""),
            "CONN_MAX_AGE": None,
            "OPTIONS": options,
        }
        if schema := stage.database.environment()["CROSSOVER_SCHEMA"]:
            options["options"] = f"-c search_path={schema}"
        complete = connections.configure_settings({DEFAULT_DB_ALIAS: {}, ALIAS: database})
        connections.settings[ALIAS] = complete[ALIAS]
        with django_db_blocker.unblock():
            yield Postgres(monitor)
        connections[ALIAS].close()
        del connections[ALIAS], connections.settings[ALIAS]


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """Persistent connections, unless a test says otherwise; a table that is empty."""
    own = connections.settings[ALIAS]
    before = dict(own)
    postgres_server.name = f"fastlane {time.monotonic_ns()}"
    own["OPTIONS"] = {**own["OPTIONS"], "application_name": postgres_server.name}
    postgres_server.monitor.execute("SET lock_timeout = '20s'")  # a test that fails may leave its lock
    postgres_server.monitor.execute("CREATE TABLE IF NOT EXISTS public.fastlane_notes (text text)")
    yield postgres_server
    postgres_server.monitor.execute("DROP TABLE public.fastlane_notes")
    own.clear()
    own.update(before)
